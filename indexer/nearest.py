"""Exact neighbours: FAISS proposes, the raw vectors decide.

FAISS's float32 sums depend on its kernel, and its kernel on the size of the batch, so that the
last digits of a score, and the order of near ties, would depend on how a question was asked. Here
the score of every candidate is computed again from the stored vectors in one fixed order of
float64 additions, rounded to float32, and ties are broken by id. FAISS may err by no more than a
known bound; as long as a vector it did not propose could still belong to the answer, it is asked
for more. Answers are therefore those of a full scan, whatever files hold the vectors.
"""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
        CorruptError: a candidate has no row, or its vector is damaged.
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
    pending, m, margin = np.arange(len(queries)), _first_guess(k), _margin(segments.dim)
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


def _margin(dim: int) -> float:
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
    """Score candidates from the raw vectors and order them by (-score, id).

    Args:
        conn: a connection.
        segments: where the candidates come from.
        queries: (q, d) float32.
        vids: (q, m), -1 where FAISS had no more: dropped here and nowhere else.
        k: how many to keep.
    """
    real = vids >= 0
    unique, flat = np.unique(vids[real], return_inverse=True)
    ids, vectors = segments.candidates(conn, unique)
    places = np.empty(len(ids), dtype=np.int64)
    places[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    scores = np.full(vids.shape, -np.inf, dtype=np.float32)
    scores[real] = _score(queries, vectors, np.nonzero(real)[0], flat)
    order_of_id = np.zeros(vids.shape, dtype=np.int64)
    order_of_id[real] = places[flat]
    order = np.lexsort((order_of_id, -scores), axis=1)[:, :k]
    for row, best in enumerate(order):
        kept = best[real[row, best]]
        yield Neighbours(vids[row, kept], scores[row, kept])


def _score(
    queries: Vectors, vectors: Vectors, query: NDArray[np.int64], vector: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Dot products of pairs of rows, each added up in the same order whatever stands beside it.

    The product of two float32 is exact in float64; a matrix product would be faster and would
    add in an order that depends on the shape of the whole.
    """
    scores = np.empty(len(query), dtype=np.float64)
    for start in range(0, len(query), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        left = queries[query[chunk]].astype(np.float64)
        right = vectors[vector[chunk]].astype(np.float64)
        scores[chunk] = np.einsum("ij,ij->i", left, right)
    return np.clip(scores, -1.0, 1.0).astype(np.float32)
