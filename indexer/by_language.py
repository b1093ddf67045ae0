"""The nearest of every language at once: what mergings choose from.

All vectors are scored once, in float32. Whatever scores within the error of such a score of the
last place of its language is a candidate, so that those that a search of each language alone
would find are among them. Their scores are computed again one by one: in float32, where a score
does not depend on what stands beside it, and as in :mod:`indexer.nearest` for those that decide.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.language_layout import Codes, LanguageLayout
from indexer.nearest import error_bound, exact_scores, nearest, ranks_of_ties
from indexer.records import Filter, Vectors
from indexer.segments import Segments
from indexer.shares import proposed_by_language
from indexer.vectors import Positions

_BLOCK_SCORES = 16_000_000
"""Scores held at once: 64 MB."""

_TOGETHER = 8
"""Queries that search language by language at once; all clusters are ordered for each."""

_SHORT = 12
"""FAISS has special loops for vectors of up to so many dimensions, which add in another order."""


class Scored(NamedTuple):
    """Documents with their exact scores."""

    vids: NDArray[np.int64]
    """(n,)"""
    scores: NDArray[np.float32]
    """(n,)"""
    ties: NDArray[np.int64]
    """(n,) orders those of equal score by id; 0 where the score is alone."""


class Candidates:
    """The rows from which one query's answer is chosen, n in all.

    Args:
        conn: a connection inside the transaction that ``segments`` were loaded in.
        segments: what is searched.
        query: (d,) float32.
        positions: (n,) rows.
        languages: (n,) ascending.
        near: (n,) float32 scores of each row alone, see :meth:`Segments.scores_at`.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        segments: Segments,
        query: Vectors,
        positions: Positions,
        languages: Codes,
        near: Vectors,
    ) -> None:
        self._conn, self._segments, self._query = conn, segments, query
        self.positions = positions
        self.languages = languages
        self.near = near
        """(n,) each off by less than :attr:`error`."""
        self.error = error_bound(segments.dim)

    def exact(self, chosen: NDArray[np.int64]) -> Scored:
        """Score some of them exactly.

        Raises:
            CorruptError: one of them has no row.
        """
        positions = self.positions[chosen]
        scores = exact_scores(self._query, self._segments.vectors(self._conn, positions))
        vids = self._segments.vids[positions]
        ties = ranks_of_ties(self._conn, self._segments.place, vids, scores)
        return Scored(vids, scores, ties)


def candidates_by_language(
    conn: sqlite3.Connection,
    segments: Segments,
    queries: Vectors,
    depth: int,
    allowed: Filter,
    drop: Sequence[Positions],
    exact: bool,
) -> tuple[tuple[str, ...], Iterator[Candidates]]:
    """Find what may be among the ``depth`` nearest of its language, for each query.

    Args:
        conn: a connection inside the transaction that ``segments`` were loaded in.
        segments: what is searched.
        queries: (q, d) float32 unit rows, transformed as the documents are.
        depth: how many of each language, at least 1.
        allowed: which documents may be found.
        drop: for each query rows that may not.
        exact: miss nothing, whatever the kind.

    Returns:
        The languages that the filter lets pass, in order, and what each query finds.

    Raises:
        CorruptError: a candidate that has no row is met.
    """
    if not segments.exact:
        return _one_by_one(conn, segments, queries, depth, allowed, drop, exact)
    layout = segments.layout(conn, allowed)
    never = tables.vids_of(conn, allowed.exclude) if allowed.exclude else np.empty(0, np.int64)
    out = segments.positions(never)
    drop = [np.append(out, rows) for rows in drop]
    return layout.names, _in_one_scan(conn, segments, queries, depth, layout, drop)


def _in_one_scan(
    conn: sqlite3.Connection,
    segments: Segments,
    queries: Vectors,
    depth: int,
    layout: LanguageLayout,
    drop: Sequence[Positions],
) -> Iterator[Candidates]:
    """Score everything once and look at the rows of each language."""
    block = max(1, _BLOCK_SCORES // (segments.rows + 1))
    margin = 2 * error_bound(segments.dim)
    for start in range(0, len(queries), block):
        asked = queries[start : start + block]
        scored = segments.scores(asked)
        for query, scores, out in zip(asked, scored, drop[start : start + block], strict=True):
            scores[out] = -np.inf
            positions, languages = layout.best(scores, depth, margin)
            # One query is scored row by row, each alone, where vectors are not very short.
            alone = len(asked) == 1 and segments.dim > _SHORT
            near = scores[positions] if alone else segments.scores_at(query, positions)
            yield Candidates(conn, segments, query, positions, languages, near)


def _one_by_one(
    conn: sqlite3.Connection,
    segments: Segments,
    queries: Vectors,
    depth: int,
    allowed: Filter,
    drop: Sequence[Positions],
    exact: bool,
) -> tuple[tuple[str, ...], Iterator[Candidates]]:
    """Search each language by itself, where a search does not look at everything."""
    names = tuple(segments.language_counts(conn, allowed))
    alone = [replace(allowed, languages=frozenset({name})) for name in names]
    most = max((len(rows) for rows in drop), default=0)
    # An exact search of codes reads all vectors again, for all queries together.
    together = max(1, len(queries)) if exact else _TOGETHER

    def found() -> Iterator[Candidates]:
        for start in range(0, len(queries), together):
            asked, out = queries[start : start + together], drop[start : start + together]
            lists = (
                [_exactly(conn, segments, asked, depth + most, one) for one in alone]
                if exact
                else proposed_by_language(conn, segments, asked, depth + most, alone, allowed)
            )
            for number, (query, never) in enumerate(zip(asked, out, strict=True)):
                own = [rows[number] for rows in lists]
                yield _joined(conn, segments, query, own, never)

    return names, found()


def _exactly(
    conn: sqlite3.Connection, segments: Segments, queries: Vectors, k: int, language: Filter
) -> list[Positions]:
    """Find the rows of the nearest of a language, for each query."""
    found = nearest(conn, segments, queries, k, language, exact=True)
    return [segments.positions(own.vids) for own in found]


def _joined(
    conn: sqlite3.Connection,
    segments: Segments,
    query: Vectors,
    lists: Sequence[Positions],
    never: Positions,
) -> Candidates:
    """Put the lists of the languages, in their order, one behind the other, and score them."""
    positions = np.concatenate([np.empty(0, np.int64), *lists])
    languages = np.repeat(np.arange(len(lists)), [len(own) for own in lists])
    if len(never):
        kept = ~np.isin(positions, never)
        positions, languages = positions[kept], languages[kept]
    near = exact_scores(query, segments.vectors(conn, positions))
    return Candidates(conn, segments, query, positions, languages, near)
