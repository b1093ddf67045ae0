"""Reciprocal rank fusion: two lists of one query become one."""

from collections.abc import Sequence

import numpy as np

from indexer.nearest import Neighbours

RRF_K = 60
"""The constant of Cormack, Clarke & Büttcher 2009 (SIGIR, "Reciprocal Rank Fusion outperforms
Condorcet and individual Rank Learning Methods")."""

DEPTH = 100
"""Documents that are taken from either list, or as many as are wanted when those are more."""


def fuse(lists: Sequence[Neighbours], k: int) -> Neighbours:
    """Order the documents of lists by the sum of 1 / (60 + rank), ranks from 1.

    A document that a list does not hold gets nothing from it.

    Args:
        lists: of one query, best first, each document at most once in each.
        k: documents wanted.

    Returns:
        At most ``k``; the score is the sum, in (0, len(lists) / 61]. Of equal sums the document
        that stands higher in the earlier list comes first.
    """
    scores: dict[int, float] = {}  # keeps the order of arrival, which the sort keeps among equals
    for found in lists:
        for rank, vid in enumerate(found.vids.tolist(), start=1):
            scores[vid] = scores.get(vid, 0.0) + 1 / (RRF_K + rank)
    best = sorted(scores.items(), key=lambda item: -item[1])[:k]
    return Neighbours(
        np.array([vid for vid, _ in best], np.int64),
        np.array([score for _, score in best], np.float32),
    )
