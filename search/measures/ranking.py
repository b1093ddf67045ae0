"""Measures of the whole ranking: every document of every language stands in one list.

R right documents of a query among N in reach, r_1 <= ... <= r_R their ranks. A rank counts the
documents at least as near, itself included, so that a tie never helps.
"""

import numpy as np

from search.measures.evidence import (
    Evidence,
    Flags,
    Floats,
    Ints,
    Scores,
    mean_of_pairs,
    undefined_where,
)


def average_precision(evidence: Evidence) -> Scores:
    """AP = (1/R) sum_i i / r_i over the full list, in [0, 1] (LAReQA's measure).

    Not XTREME-R's mAP@20, which cuts the list off. Chance is the expectation over random orders,
    (1/N) [H_N + (R - 1)/(N - 1) (N - H_N)] with H_N the N-th harmonic number.
    """
    pair = evidence.pair
    values = mean_of_pairs(evidence, pair.right_rank / pair.rank, pair.rank > 0)
    right = _right(evidence)
    chance = expected_precision(right, evidence.reach)
    return undefined_where(right == 0, values, chance, "a right document")


def expected_precision(right: Floats, reach: Ints) -> Floats:
    """Average precision of a random order, see :func:`average_precision`; (m,) each.

    From E[precision at i | a right document at i] = (1 + (i - 1)(R - 1)/(N - 1)) / i, averaged
    over the places i.
    """
    from scipy.special import digamma

    n = reach.astype(np.float64)
    harmonic = digamma(n + 1) + np.euler_gamma
    others = np.divide(right - 1, n - 1, out=np.zeros(len(n)), where=n > 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((harmonic + others * (n - harmonic)) / n, dtype=np.float64)


def rank_distance(evidence: Evidence) -> Scores:
    """Places between the first and the last right document, as a ratio to chance; chance 1.

    RD = (r_R - r_1) / ((R - 1)/(R + 1) (N + 1)), after Huang et al. 2023 (SIGIR, KD-SPD), who
    give it in places. A ranking that puts all right documents last has 0, too: read it beside map.
    """
    m, pair = len(evidence.language), evidence.pair
    first, last = np.full(m, np.inf), np.full(m, -np.inf)
    np.minimum.at(first, pair.query, pair.rank)
    np.maximum.at(last, pair.query, pair.rank)
    right = _right(evidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = (right - 1) / (right + 1) * (evidence.reach + 1)
        values = (last - first) / chance
    return undefined_where(right < 2, values, np.ones(m), "two right documents")


def recall_other_language(evidence: Evidence, k: int) -> Scores:
    """Share of the right documents in other languages among the k nearest; chance min(k, N)/N."""
    own = evidence.language[evidence.pair.query]
    other = (evidence.pair.language >= 0) & (evidence.pair.language != own)
    return _recall(evidence, k, other, "a right document in another language")


def recall_same_language(evidence: Evidence, k: int) -> Scores:
    """Share of the right documents in the query's language among the k nearest; as above."""
    own = evidence.pair.language == evidence.language[evidence.pair.query]
    return _recall(evidence, k, own, "a right document in its own language")


def own_language_first(evidence: Evidence) -> Scores:
    """Share of queries whose nearest right document is in their own language.

    Where several are equally near, the share of these that is. Only queries with right documents
    both in their own and in other languages count. Chance: own / all right documents. After LPR
    (Jang et al. 2026, arXiv 2605.07249), whose exact formula we have not seen.
    """
    m, pair = len(evidence.language), evidence.pair
    first = np.full(m, np.inf)
    np.minimum.at(first, pair.query, pair.rank)
    own = pair.language == evidence.language[pair.query]
    values = mean_of_pairs(evidence, own.astype(np.float64), pair.rank == first[pair.query])
    chance = mean_of_pairs(evidence, own.astype(np.float64), pair.rank > 0)
    needs = "right documents in its own language and in others"
    return undefined_where((chance == 0) | (chance == 1), values, chance, needs)


def _right(evidence: Evidence) -> Floats:
    """(m,) right documents of each query, those of unknown language included."""
    return np.bincount(evidence.pair.query, minlength=len(evidence.language)).astype(np.float64)


def _recall(evidence: Evidence, k: int, chosen: Flags, needs: str) -> Scores:
    found = (evidence.pair.rank <= k).astype(np.float64)
    values = mean_of_pairs(evidence, found, chosen)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.minimum(k, evidence.reach) / evidence.reach
    return undefined_where(np.isnan(values), values, chance, needs)
