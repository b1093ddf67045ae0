"""Two yardsticks for the mean average precision that need no encoder."""

import numpy as np

from search.measures.evidence import Evidence, Flags, Floats
from search.measures.ranking import expected_precision


def random_map(evidence: Evidence) -> float | None:
    """Expected mAP of random orders; None when no query has a right document."""
    right = np.bincount(evidence.pair.query, minlength=len(evidence.language))
    asked = right > 0
    if not asked.any():
        return None
    expected = expected_precision(right[asked].astype(np.float64), evidence.reach[asked])
    return _macro(evidence, asked, expected)


def language_separated_map(evidence: Evidence) -> float | None:
    """MAP of a ranking that is perfect within each language and keeps languages in blocks.

    The query's language comes first, the others in the order of their tags: perfect weak
    alignment without any strong alignment. An encoder below it orders documents by language even
    more than that. Right documents of unknown language come last. None as above.
    """
    right = evidence.right
    rows = np.arange(len(right))
    own = np.zeros_like(right, dtype=bool)
    own[rows, evidence.language] = True
    order = np.argsort(~own, axis=1, kind="stable")
    found = np.take_along_axis(right, order, axis=1)
    sizes = np.take_along_axis(evidence.reach_language, order, axis=1)
    before_block = np.cumsum(sizes, axis=1) - sizes
    before_right = np.cumsum(found, axis=1) - found
    precision = np.zeros(len(right))
    for place in range(1, int(found.max(initial=0)) + 1):
        there = found >= place
        precision += np.where(there, (before_right + place) / (before_block + place), 0).sum(axis=1)
    total = right.sum(axis=1)
    asked = total > 0
    return _macro(evidence, asked, precision[asked] / total[asked]) if asked.any() else None


def _macro(evidence: Evidence, asked: Flags, values: Floats) -> float:
    """Average over the queries of each language, then over languages."""
    language = evidence.language[asked]
    counts = np.bincount(language)
    means = np.bincount(language, weights=values)[counts > 0] / counts[counts > 0]
    return float(means.mean())
