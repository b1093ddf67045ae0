"""How far wrong language labels could move the share of the own language."""

import numpy as np

from search.audit.pool import UNCERTAIN, Pool
from search.audit.questions import Questions
from search.audit.result import LabelNoise
from search.measures.evidence import NOBODY, Evidence, Floats
from search.measures.measure import Measure
from search.measures.neighbours import draw


def label_noise(
    pool: Pool, questions: Questions, evidence: Evidence, ks: tuple[int, ...]
) -> LabelNoise:
    """Let every uncertain label be wrong in the one direction, then in the other.

    A label is uncertain when the language is unknown, or was detected with a probability below
    :data:`search.audit.pool.UNCERTAIN`. In the lower bound no uncertain neighbour shares the
    query's language, in the upper bound each does; a query of uncertain language shares it with
    none, or with all. No probability is claimed for either: they are the ends.
    """
    bounds = {}
    for k in ks:
        low, high = _ends(pool, questions, evidence, k)
        d = draw(evidence, k)
        with np.errstate(divide="ignore", invalid="ignore"):
            chance, largest = d.same / d.total, np.minimum(d.drawn, d.same) / d.drawn
            ends = [(np.minimum(end, largest) - chance) / (largest - chance) for end in (low, high)]
        gone = d.undefined
        for name, pair in (("same_language", (low, high)), ("excess", (ends[0], ends[1]))):
            values = [_macro(evidence, np.where(gone, np.nan, end)) for end in pair]
            if not np.isnan(values).any():
                bounds[Measure(name, k)] = (values[0], values[1])
    return LabelNoise(
        uncertain_documents=int(pool.uncertain.sum()),
        uncertain_queries=int(questions.uncertain[evidence.query].sum()),
        threshold=UNCERTAIN,
        bounds=bounds,
    )


def _ends(pool: Pool, questions: Questions, evidence: Evidence, k: int) -> tuple[Floats, Floats]:
    """Least and greatest share of the own language, (m,) each."""
    near = evidence.neighbours_any[:, :k]
    there = near != NOBODY
    same = there & (pool.language[near] == evidence.language[:, None])
    doubtful = there & pool.uncertain[near]
    asked = questions.uncertain[evidence.query]
    with np.errstate(divide="ignore", invalid="ignore"):
        count = there.sum(axis=1)
        low = np.where(asked, 0, (same & ~doubtful).sum(axis=1)) / count
        high = np.where(asked, count, (same | doubtful).sum(axis=1)) / count
    return low, high


def _macro(evidence: Evidence, values: Floats) -> float:
    """Average over the queries of each language, then over languages."""
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    counts = np.bincount(evidence.language[known])
    sums = np.bincount(evidence.language[known], weights=values[known])
    return float((sums[counts > 0] / counts[counts > 0]).mean())
