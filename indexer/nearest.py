"""Exact neighbours: FAISS proposes, float64 decides.

FAISS's float32 sums depend on its kernel, and its kernel on the size of the batch, so that the
last digits of a score, and the order of near ties, would depend on how a question was asked. Here
the score of every candidate is computed again from the searched vectors in one fixed order of
float64 additions, rounded to float32, and ties are broken by id. FAISS may err by no more than a
known bound; as long as a vector it did not propose could still belong to the answer, it is asked
for more. Answers are therefore those of a full scan, whatever files hold the vectors.
"""

import sqlite3
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
_TOGETHER = 600
"""Candidates of several queries that are scored at once: few calls for small batches of work, and
their float64 copies, 2 MB where d is 384, stay in a cache."""

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


_Found = tuple[NDArray[np.int64], Vectors]
"""vids (q, at most k) and their scores, in order."""


class _Proposed(NamedTuple):
    """The candidates of q queries."""

    rows: Positions
    """(q, m)"""
    scores: Vectors
    """(q, m) as FAISS has them, in descending order."""
    bound: NDArray[np.float64]
    """(q,) the highest FAISS score that a vector outside them can have: minus infinity when there
    is none outside."""


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
        self._faithful = exact or segments.raw
        """Whether FAISS scores the very vectors that are scored here."""
        self._margin = error_bound(segments.dim)
        self._mask = segments.mask(conn, allowed)
        self._passing = segments.passing(conn, allowed)
        self.first_guess = first_guess(segments, k, exact=exact)

    def answers(self, queries: Vectors) -> list[Neighbours]:
        """Answer queries that are few enough to be held in memory with their candidates."""
        return list(map(Neighbours, *self._found(queries, self.first_guess)))

    def _found(self, queries: Vectors, m: int) -> _Found:
        """Answer queries from ``m`` candidates, and from more where these may not be enough."""
        proposed = self._propose(queries, m)
        vids, scores = self._rank(queries, proposed)
        if self._sure and scores.size:
            unsure = np.flatnonzero(scores[:, -1] <= proposed.bound + self._margin)
            if len(unsure):
                vids[unsure], scores[unsure] = self._found(queries[unsure], 4 * m)
        return vids, scores

    def _propose(self, queries: Vectors, m: int) -> _Proposed:
        """Ask every segment for ``m`` candidates a query and keep the best ``m``."""
        bound = np.full(len(queries), -np.inf)
        scores, rows = [], []
        effort = self._segments.indexing.effort
        for part in self._segments.parts(self._conn, self._passing, self._mask, self._exact):
            wanted = min(m, part.passing.rows)
            found, numbers = part.segment.search(
                queries, wanted, part.passing, effort, exhaustive=self._exact
            )
            found = found.clip(-1.0, 1.0)  # as ours are, which takes nothing from the bound
            if m < part.passing.rows:
                bound = np.maximum(bound, found[:, -1])
            scores.append(found)
            rows.append(part.rows_of(numbers))
        if len(scores) == 1:  # in order already
            return _Proposed(rows[0], scores[0], bound)
        joined = np.concatenate([np.empty((len(queries), 0), np.float32), *scores], axis=1)
        places = np.concatenate([np.empty((len(queries), 0), np.int64), *rows], axis=1)
        order = np.argsort(-joined, axis=1, kind="stable")
        joined = np.take_along_axis(joined, order, axis=1)
        places = np.take_along_axis(places, order[:, :m], axis=1)
        if joined.shape[1] > m:
            bound = np.maximum(bound, joined[:, m])
        return _Proposed(places, joined[:, :m], bound)

    def _rank(self, queries: Vectors, proposed: _Proposed) -> _Found:
        """Score candidates by the vectors that are searched; keep the first by (-score, id)."""
        segments, n = self._segments, min(self._k, proposed.rows.shape[1])
        vids = np.empty((len(queries), n), np.int64)
        scores = np.empty((len(queries), n), np.float32)
        step = max(1, _TOGETHER // max(1, proposed.rows.shape[1]))
        for start in range(0, len(queries), step):
            some = slice(start, start + step)
            rows = proposed.rows[some, : self._hopeful(proposed.scores[some])]
            vectors = segments.vectors(self._conn, rows.ravel())
            pairs = vectors.reshape(*rows.shape, segments.dim).astype(np.float64)
            exact = np.vecdot(pairs, queries[some, None].astype(np.float64))
            exact = exact.clip(-1.0, 1.0).astype(np.float32)
            own, each = segments.vids[rows], np.arange(len(rows))[:, None]
            best = self._order(own, exact)[:, :n]
            vids[some], scores[some] = own[each, best], exact[each, best]
        return vids, scores

    def _hopeful(self, scores: Vectors) -> int:
        """Count the candidates of some queries that may be among the first ``k``.

        The others are below the k-th by more than FAISS may err on both together. For a single
        query to find that out would take as long as to score them.
        """
        every: int = scores.shape[1]
        if len(scores) == 1 or every <= self._k or not self._faithful:
            return every
        least = scores[:, self._k - 1, None].astype(np.float64) - 2 * self._margin
        return int(np.count_nonzero(np.any(scores >= least, axis=0)))

    def _order(self, vids: NDArray[np.int64], scores: Vectors) -> NDArray[np.int64]:
        """Order each row of candidates by (-score, id)."""
        order = np.argsort(-scores, axis=1)
        ordered = scores[np.arange(len(scores))[:, None], order]
        tied = ordered[:, 1:] == ordered[:, :-1]
        if tied.any():
            for row in np.flatnonzero(tied.any(axis=1)):
                ties = ranks_of_ties(self._conn, self._segments.place, vids[row], scores[row])
                order[row] = np.lexsort((ties, -scores[row]))
        return order


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
