"""Exact neighbours: FAISS proposes, float64 decides.

FAISS's float32 sums depend on its kernel, and its kernel on the size of the batch, so that the
last digits of a score, and the order of near ties, would depend on how a question was asked. Here
the score of every candidate is computed again from the searched vectors in one fixed order of
float64 additions, rounded to float32, and ties are broken by id. FAISS may err by no more than a
known bound; as long as a vector it did not propose could still belong to the answer, it is asked
for more. Answers are therefore those of a full scan, whatever files hold the vectors.
"""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.records import Vectors
from indexer.segments import Segments
from indexer.vectors import Mask, Vids

_BLOCK_QUERIES = 2048
_BLOCK_CANDIDATES = 500_000
_CHUNK = 256
"""Candidates scored at once: their float64 copies fit a processor's cache."""


class Neighbours(NamedTuple):
    """The answer of one query, nearest first."""

    vids: Vids
    scores: NDArray[np.float32]


def nearest(
    conn: sqlite3.Connection, segments: Segments, queries: Vectors, k: int, mask: Mask
) -> list[Neighbours]:
    """Find the exact ``k`` nearest vectors of each query, ordered by (-score, id).

    Args:
        conn: a connection inside the transaction that ``segments`` were loaded in.
        segments: what is searched.
        queries: (q, d) float32 unit rows, transformed as the documents are.
        k: at least 1; fewer come back when there are fewer.
        mask: which vectors may be found.

    Raises:
        CorruptError: a candidate that has no row is met.
    """
    block = max(1, min(_BLOCK_QUERIES, _BLOCK_CANDIDATES // _first_guess(k)))
    return [
        found
        for start in range(0, len(queries), block)
        for found in _block(conn, segments, queries[start : start + block], k, mask)
    ]


def _block(
    conn: sqlite3.Connection, segments: Segments, queries: Vectors, k: int, mask: Mask
) -> list[Neighbours]:
    """Answer queries that are few enough to be held in memory with their candidates."""
    answers: list[Neighbours] = [Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))] * len(
        queries
    )
    pending, m, margin = np.arange(len(queries)), _first_guess(k), error_bound(segments.dim)
    while len(pending):
        vids, bound = _propose(segments, queries[pending], m, mask)
        unsure = []
        ranked = _rank(conn, segments, queries[pending], vids, k)
        for position, answer, limit in zip(pending, ranked, bound, strict=True):
            enough = len(answer.vids) == k and answer.scores[-1] > limit + margin
            if enough or limit == -np.inf:
                answers[position] = answer
            else:
                unsure.append(position)
        pending, m = np.array(unsure, dtype=np.int64), 4 * m
    return answers


def _first_guess(k: int) -> int:
    """Choose how many candidates to ask for at first: a few more than wanted."""
    return k + max(8, k // 4)


def error_bound(dim: int) -> float:
    """Bound the difference between FAISS's score and ours, for vectors of about unit length.

    A float32 sum of d products is off by at most d·u/(1 - d·u) times the product of the lengths,
    in whatever order it is added, u = 2^-24 (Higham, Accuracy and Stability, 3.1). One per cent
    covers lengths that are not quite 1; the last term covers the rounding of our own score.
    """
    du = dim * 2.0**-24
    return 1.01 * du / (1 - du) + 2.0**-23


def _propose(
    segments: Segments, queries: Vectors, m: int, mask: Mask
) -> tuple[Vids, NDArray[np.float64]]:
    """Ask every segment for ``m`` candidates a query and keep the best ``m``.

    Returns:
        vids (q, at most m), -1 where there is none, and for each query the highest FAISS score
        that a vector outside them can have: minus infinity when there is none outside.
    """
    bound = np.full(len(queries), -np.inf)
    scores, vids = (
        [np.empty((len(queries), 0), np.float32)],
        [np.empty((len(queries), 0), np.int64)],
    )
    for segment in segments.all:
        available = segment.available(mask)
        if not available:
            continue
        found, numbers = segment.search(queries, min(m, available), mask)
        if m < available:
            bound = np.maximum(bound, found[:, -1])
        scores.append(found)
        vids.append(numbers)
    joined, numbers = np.concatenate(scores, axis=1), np.concatenate(vids, axis=1)
    if joined.shape[1] > m:
        order = np.argsort(-joined, axis=1, kind="stable")
        joined = np.take_along_axis(joined, order, axis=1)
        numbers = np.take_along_axis(numbers, order[:, :m], axis=1)
        bound = np.maximum(bound, joined[:, m])
    return numbers, bound


def _rank(
    conn: sqlite3.Connection, segments: Segments, queries: Vectors, vids: Vids, k: int
) -> Iterator[Neighbours]:
    """Score candidates by the vectors that are searched and order them by (-score, id).

    Args:
        conn: a connection.
        segments: where the candidates come from.
        queries: (q, d) float32.
        vids: (q, m), -1 where FAISS had no more: dropped here and nowhere else.
        k: how many to keep.
    """
    for query, proposed in zip(queries, vids, strict=True):
        real = proposed[proposed >= 0]
        scores = exact_scores(query, segments.vectors(segments.positions(real)))
        ties = ranks_of_ties(conn, segments.place, real, scores)
        best = np.lexsort((ties, -scores))[:k]
        yield Neighbours(real[best], scores[best])


def exact_scores(query: Vectors, vectors: Vectors) -> NDArray[np.float32]:
    """Score vectors, each added up in the same order whatever stands beside it.

    The product of two float32 is exact in float64; a matrix product would add in an order that
    depends on the shape of the whole.

    Args:
        query: (d,) float32.
        vectors: (n, d) float32.
    """
    wide = query.astype(np.float64)
    scores = np.empty(len(vectors), np.float64)
    for start in range(0, len(vectors), _CHUNK):
        chunk = vectors[start : start + _CHUNK].astype(np.float64)
        scores[start : start + _CHUNK] = np.vecdot(chunk, wide)
    return np.clip(scores, -1.0, 1.0).astype(np.float32)


def ranks_of_ties(
    conn: sqlite3.Connection, place: str, vids: Vids, scores: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Number those of equal score in the order of their ids; the others, mostly all, are 0.

    Args:
        conn: a connection.
        place: the database, for messages.
        vids: (n,) in any order.
        scores: (n,).

    Raises:
        CorruptError: one of them has no row.
    """
    ranks = np.zeros(len(vids), np.int64)
    ordered = np.sort(scores)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        tied = np.flatnonzero(np.isin(scores, twice))
        tied = tied[np.argsort(vids[tied])]
        ids = tables.ids_of(conn, vids[tied], place)
        ranks[tied[sorted(range(len(ids)), key=ids.__getitem__)]] = np.arange(len(ids))
    return ranks
