"""PEER: do the right documents of all languages rank alike?

Yang et al. 2024, arXiv 2405.00978. For each query a Kruskal-Wallis test of the ranks of its right
documents, grouped by language:
H = 12 / (n (n + 1)) sum_l R_l^2 / n_l - 3 (n + 1), corrected for ties, with R_l the sum of the
ranks that language l holds among the n right documents; p from chi-square with languages - 1
degrees of freedom. We follow the paper and scipy, not the peer-measure package, which ranks
documents that were not retrieved by their number.

Where no language holds two right documents, H = n - 1 whatever the ranking, and p is a constant:
such queries are undefined, not fair.
"""

import numpy as np

from search.measures.evidence import (
    Evidence,
    Flags,
    Floats,
    Ints,
    Scores,
    undefined_where,
)

_NEEDS = (
    "two right documents in one language and one in another, without which PEER is a constant "
    "that no ranking can change"
)
PERMUTATIONS = 50


def peer(evidence: Evidence, seed: int) -> Scores:
    """Mean p in [0, 1], higher is fairer; chance by permuting the ranks among the languages.

    A fair ranking has p near 0.5, not 1. A p-value is no effect size: read it beside
    :func:`peer_effect`.
    """
    from scipy.stats import chi2

    ranks, language = evidence.pair.rank.astype(np.float64), evidence.pair.language
    h, groups, _ = _kruskal(evidence, ranks)
    rng = np.random.default_rng(seed)
    chance = np.zeros(len(h))
    for _ in range(PERMUTATIONS):
        shuffled = ranks[np.lexsort((rng.random(len(language)), evidence.pair.query))]
        chance += chi2.sf(_kruskal(evidence, shuffled)[0], groups - 1) / PERMUTATIONS
    values = np.asarray(chi2.sf(h, groups - 1), np.float64)
    return undefined_where(_constant(evidence), values, chance, _NEEDS)


def peer_effect(evidence: Evidence) -> Scores:
    """Epsilon squared = H / (n - 1) in [0, 1]: the share of the ranks' variance language holds.

    Chance is its expectation over permutations, (languages - 1) / (n - 1). (Kelley 1935;
    Tomczak and Tomczak 2014.)
    """
    h, groups, n = _kruskal(evidence, evidence.pair.rank.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return undefined_where(_constant(evidence), h / (n - 1), (groups - 1) / (n - 1), _NEEDS)


def _constant(evidence: Evidence) -> Flags:
    """(m,) whether no language holds two right documents, or only one language holds any."""
    constant: Flags = (evidence.right.max(axis=1) < 2) | ((evidence.right > 0).sum(axis=1) < 2)
    return constant


def _kruskal(evidence: Evidence, ranks: Floats) -> tuple[Floats, Floats, Floats]:
    """Kruskal-Wallis H of each query, its number of languages, its right documents: (m,) each."""
    pair, (m, size) = evidence.pair, evidence.right.shape
    known = pair.language >= 0
    query, language = pair.query[known], pair.language[known]
    among, ties = _ranks_within(query, ranks[known], m)
    cells = query * size + language
    sums = np.bincount(cells, weights=among, minlength=m * size).reshape(m, size)
    counts = np.bincount(cells, minlength=m * size).reshape(m, size)
    n = counts.sum(axis=1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(counts > 0, sums**2 / counts, 0).sum(axis=1)
        h = (12 / (n * (n + 1)) * spread - 3 * (n + 1)) / (1 - ties / (n**3 - n))
    return h, (counts > 0).sum(axis=1).astype(np.float64), n


def _ranks_within(query: Ints, ranks: Floats, m: int) -> tuple[Floats, Floats]:
    """Rank values within their query, ties averaged; also the tie term sum t^3 - t of each."""
    order = np.lexsort((ranks, query))
    sorted_query, sorted_ranks = query[order], ranks[order]
    start = np.searchsorted(sorted_query, np.arange(m))
    position = np.arange(len(order)) - start[sorted_query] + 1.0
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(sorted_query) != 0) | (np.diff(sorted_ranks) != 0)
    run = np.cumsum(fresh) - 1
    length = np.bincount(run)
    mean = np.bincount(run, weights=position) / np.maximum(length, 1)
    out = np.empty(len(order))
    out[order] = mean[run]
    cubes = (length**3 - length).astype(np.float64)
    ties = np.bincount(sorted_query[fresh], weights=cubes, minlength=m)
    return out, ties.astype(np.float64)
