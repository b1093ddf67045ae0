"""Weak and strong alignment (Roy et al. 2020, LAReQA, arXiv 2004.05484, section 2).

Weak: among the documents of another language, the nearest one is a translation. Strong: every
translation is nearer than every unrelated document, those of the query's own language included.
Weak without strong is the mark of language bias. Only right documents in other languages than
the query's are looked at; a query that has none is left out.
"""

import numpy as np

from search.measures.evidence import (
    Evidence,
    Flags,
    Floats,
    Scores,
    mean_of_pairs,
    undefined_where,
)

_NEEDS = "a translation in another language and unrelated documents in its own"


def strong_auc(evidence: Evidence) -> Scores:
    """P[s(q, translation) > s(q, unrelated document of q's language)], ties half; chance 0.5.

    The area under the ROC curve of one query, the Mann-Whitney U over the number of pairs.
    """
    own = _own_strangers(evidence)
    pair = evidence.pair
    with np.errstate(divide="ignore", invalid="ignore"):
        each = (pair.below + 0.5 * pair.tied) / own[pair.query]
    values = mean_of_pairs(evidence, each, _other(evidence))
    return undefined_where(own == 0, values, np.full(len(own), 0.5), _NEEDS)


def strong_strict(evidence: Evidence) -> Scores:
    """Share of translations nearer than every one of the n_l unrelated documents of q's language.

    Chance 1 / (1 + n_l). It falls as the corpus grows: compare it on one corpus only.
    """
    own, pair = _own_strangers(evidence), evidence.pair
    each = (pair.below == own[pair.query]).astype(np.float64)
    values = mean_of_pairs(evidence, each, _other(evidence))
    return undefined_where(own == 0, values, 1 / (1 + own), _NEEDS)


def weak_recall(evidence: Evidence, k: int) -> Scores:
    """Share of other languages whose nearest document is a translation; only k = 1 is defined.

    Chance is the mean over those languages of right documents / documents.

    Raises:
        ValueError: another k.
    """
    if k != 1:
        raise ValueError(f"weak_recall@{k}: only the nearest document is looked at")
    other = (evidence.nearest_right >= 0) & ~_is_own(evidence)
    count = other.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = evidence.right / evidence.reach_language
        values = np.where(other, evidence.nearest_right, 0).sum(axis=1) / count
        chance = np.where(other, odds, 0).sum(axis=1) / count
    return undefined_where(count == 0, values, chance, "a translation in another language")


def gap(evidence: Evidence) -> Scores:
    """weak_recall@1 - strong_strict: alignment that the query's own language hides, in [-1, 1]."""
    weak, strong = weak_recall(evidence, 1), strong_strict(evidence)
    values = weak.values - strong.values
    return undefined_where(np.isnan(values), values, weak.chance - strong.chance, _NEEDS)


def _own_strangers(evidence: Evidence) -> Floats:
    """(m,) unrelated documents of the query's language."""
    own = np.take_along_axis(evidence.strangers, evidence.language[:, None], axis=1)
    return own[:, 0].astype(np.float64)


def _other(evidence: Evidence) -> Flags:
    """(t,) whether the right document is of another, known language."""
    pair = evidence.pair
    other: Flags = (pair.language >= 0) & (pair.language != evidence.language[pair.query])
    return other


def _is_own(evidence: Evidence) -> Flags:
    """(m, L) one column a row: the query's language."""
    own: Flags = np.arange(evidence.right.shape[1]) == evidence.language[:, None]
    return own
