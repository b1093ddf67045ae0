"""Which answers a ranking owes its precision to (Roy et al. 2020, LAReQA, section 5).

One right document is taken away, from the list and from the right ones, and the average precision
is taken again: how far it falls, by language of the query and of the document. An encoder without
language bias gives a flat row; a biased one loses far more without the answer in the query's own
language, since that is the one it ranks first.
"""

import numpy as np

from search.measures.evidence import Evidence, Floats, Ints


def leave_one_out(evidence: Evidence) -> Floats:
    """Fall of the average precision without the right documents of one language.

    Returns:
        (L, L) query language by language taken away, the mean over queries of AP - AP without;
        NaN where no query has a right document in that language and another besides.
    """
    size = evidence.right.shape[1]
    sums, counts = np.zeros((size, size)), np.zeros((size, size))
    pair = evidence.pair
    bounds = np.searchsorted(pair.query, np.arange(len(evidence.language) + 1))
    for query, language in enumerate(evidence.language.tolist()):
        rows = slice(bounds[query], bounds[query + 1])
        fall = _falls(pair.language[rows], pair.rank[rows], pair.right_rank[rows], size)
        known = ~np.isnan(fall)
        sums[language, known] += fall[known]
        counts[language, known] += 1
    out: Floats = np.divide(sums, counts, out=np.full((size, size), np.nan), where=counts > 0)
    return out


def _falls(language: Ints, rank: Ints, right_rank: Ints, size: int) -> Floats:
    """Fall of one query's average precision by language taken away: (L,), NaN where undefined."""
    taken = language[:, None] == np.arange(size)
    if len(rank) < 2:
        return np.full(size, np.nan)
    before = (rank[None, :] <= rank[:, None]).astype(np.int64) @ taken
    left = ~taken
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(left, (right_rank[:, None] - before) / (rank[:, None] - before), 0)
        without = precision.sum(axis=0) / left.sum(axis=0)
    return np.where(taken.any(axis=0), (right_rank / rank).mean() - without, np.nan)
