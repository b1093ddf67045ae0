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
from indexer.kinds import default_refine
from indexer.records import Filter, Vectors
from indexer.segments import Segments
from indexer.vectors import Positions

_BLOCK_QUERIES = 2048
_BLOCK_CANDIDATES = 500_000
_TOGETHER = 16
"""Queries whose candidates are scored at once, for the same reason."""

_CHUNK = 256
"""Candidates scored at once: their float64 copies fit a processor's cache."""


class Neighbours(NamedTuple):
    """The answer of one query, nearest first."""

    vids: NDArray[np.int64]
    scores: NDArray[np.float32]


def nearest(
    conn: sqlite3.Connection,
    segments: Segments,
    queries: Vectors,
    k: int,
    allowed: Filter,
    exact: bool = False,
) -> list[Neighbours]:
    """Find the ``k`` nearest vectors of each query, ordered by (-score, id).

    Where a segment is of an approximate kind, some of the nearest may be missed; the scores of
    what is found are exact all the same.

    Args:
        conn: a connection inside the transaction that ``segments`` were loaded in.
        segments: what is searched.
        queries: (q, d) float32 unit rows, transformed as the documents are.
        k: at least 1; fewer come back when there are fewer.
        allowed: which vectors may be found.
        exact: miss nothing, whatever the kind.

    Raises:
        CorruptError: a candidate that has no row is met.
    """
    search = _Search(conn, segments, k, allowed, exact)
    block = max(1, min(_BLOCK_QUERIES, _BLOCK_CANDIDATES // search.first_guess))
    return [
        found
        for start in range(0, len(queries), block)
        for found in search.answers(queries[start : start + block])
    ]


def first_guess(segments: Segments, k: int, *, exact: bool) -> int:
    """Candidates that are asked for at first: a few more than wanted, and more of coarse codes."""
    if not exact and not segments.raw:
        return k * (segments.indexing.refine or default_refine(segments.codes)) + 8
    return k + max(8, k // 4)


class _Search:
    """One search of some queries."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        segments: Segments,
        k: int,
        allowed: Filter,
        exact: bool,
    ) -> None:
        self._conn, self._segments, self._k = conn, segments, k
        self._exact = exact
        self._sure = exact or segments.exact
        self._mask = segments.mask(conn, allowed)
        self._passing = segments.passing(conn, allowed)
        self.first_guess = first_guess(segments, k, exact=exact)

    def answers(self, queries: Vectors) -> list[Neighbours]:
        """Answer queries that are few enough to be held in memory with their candidates."""
        nothing = Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        answers: list[Neighbours] = [nothing] * len(queries)
        pending, m = np.arange(len(queries)), self.first_guess
        margin = error_bound(self._segments.dim)
        while len(pending):
            rows, bound = self._propose(queries[pending], m)
            unsure = []
            ranked = self._rank(queries[pending], rows)
            for position, answer, limit in zip(pending, ranked, bound, strict=True):
                enough = len(answer.vids) == self._k and answer.scores[-1] > limit + margin
                if enough or limit == -np.inf or not self._sure:
                    answers[position] = answer
                else:
                    unsure.append(position)
            pending, m = np.array(unsure, dtype=np.int64), 4 * m
        return answers

    def _propose(self, queries: Vectors, m: int) -> tuple[Positions, NDArray[np.float64]]:
        """Ask every segment for ``m`` candidates a query and keep the best ``m``.

        Returns:
            rows (q, at most m), and for each query the highest FAISS score that a vector outside
            them can have: minus infinity when there is none outside.
        """
        bound = np.full(len(queries), -np.inf)
        scores = [np.empty((len(queries), 0), np.float32)]
        rows = [np.empty((len(queries), 0), np.int64)]
        effort = self._segments.indexing.effort
        for part in self._segments.parts(self._conn, self._passing, self._mask, self._exact):
            wanted = min(m, part.passing.rows)
            found, numbers = part.segment.search(
                queries, wanted, part.passing, effort, exhaustive=self._exact
            )
            if m < part.passing.rows:
                bound = np.maximum(bound, found[:, -1])
            scores.append(found)
            rows.append(part.rows_of(numbers))
        joined, places = np.concatenate(scores, axis=1), np.concatenate(rows, axis=1)
        if joined.shape[1] > m:
            order = np.argsort(-joined, axis=1, kind="stable")
            joined = np.take_along_axis(joined, order, axis=1)
            places = np.take_along_axis(places, order[:, :m], axis=1)
            bound = np.maximum(bound, joined[:, m])
        return places, bound

    def _rank(self, queries: Vectors, rows: Positions) -> Iterator[Neighbours]:
        """Score candidates by the vectors that are searched and order them by (-score, id)."""
        segments = self._segments
        for start in range(0, len(queries), _TOGETHER):
            asked, proposed = queries[start : start + _TOGETHER], rows[start : start + _TOGETHER]
            vectors = segments.vectors(self._conn, proposed.ravel())
            pairs = vectors.reshape(*proposed.shape, segments.dim)
            scores = np.vecdot(pairs.astype(np.float64), asked[:, None].astype(np.float64))
            scores = np.clip(scores, -1.0, 1.0).astype(np.float32)
            vids = segments.vids[proposed]
            for own, mine in zip(vids, scores, strict=True):
                ties = ranks_of_ties(self._conn, segments.place, own, mine)
                best = np.lexsort((ties, -mine))[: self._k]
                yield Neighbours(own[best], mine[best])


def error_bound(dim: int) -> float:
    """Bound the difference between FAISS's score and ours, for vectors of about unit length.

    A float32 sum of d products is off by at most d·u/(1 - d·u) times the product of the lengths,
    in whatever order it is added, u = 2^-24 (Higham, Accuracy and Stability, 3.1). One per cent
    covers lengths that are not quite 1; the last term covers the rounding of our own score.
    """
    du = dim * 2.0**-24
    return 1.01 * du / (1 - du) + 2.0**-23


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
    conn: sqlite3.Connection, place: str, vids: NDArray[np.int64], scores: NDArray[np.float32]
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
