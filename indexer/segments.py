"""Everything that one state of an index searches, loaded: its FAISS files and its tail."""

import sqlite3
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.debiasing import Debiasing, read_debiasing, searched_between
from indexer.errors import CorruptError
from indexer.language_layout import LanguageLayout
from indexer.records import Filter, Vectors
from indexer.remedies import REPAIR
from indexer.vector_files import load_file
from indexer.vectors import Mask, Positions, Segment, Vids

_CACHED_FILTERS = 32
_CACHED_LAYOUTS = 4
"""Fewer: a layout has 8 bytes a row and more."""

_MAX_VID = 2**63 - 1

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Segments:
    """What is searched at one commit; never changes, but for what it remembers of filters."""

    seq: int
    """The commit."""
    dim: int
    place: str
    """The database, for messages."""
    files: dict[str, Segment]
    """Loaded FAISS files by name."""
    dead: Vids
    """Deleted vectors that a file still holds."""
    debiasing: Debiasing
    """What was done to the vectors in them."""
    all: tuple[Segment, ...]
    """Files and tail, so that vids ascend through them."""
    vids: Vids
    """(rows,) of all segments."""
    starts: tuple[int, ...]
    """The row at which each segment begins."""
    _allowed: dict[Filter, Vids] = field(default_factory=dict)
    _languages: dict[tuple[Filter, bool], dict[str, int]] = field(default_factory=dict)
    _layouts: dict[Filter, LanguageLayout] = field(default_factory=dict)
    notes: dict[Hashable, object] = field(default_factory=dict)
    """What those who ask have worked out of this state and want to find again."""

    @property
    def rows(self) -> int:
        """Number of rows of all segments, deleted ones included."""
        return len(self.vids)

    def positions(self, vids: NDArray[np.int64]) -> Positions:
        """Find the rows of vids, -1 where there is none; rows count through all segments."""
        if not len(self.vids):
            return np.full(len(vids), -1, np.int64)
        place = np.minimum(np.searchsorted(self.vids, vids), len(self.vids) - 1)
        return np.where(self.vids[place] == vids, place, -1)

    def vectors(self, positions: Positions) -> Vectors:
        """Copy the searched vectors of some rows, (n, dim) float32, in their order."""
        if len(self.all) == 1:
            return self.all[0].matrix.take(positions, axis=0)
        vectors = np.empty((len(positions), self.dim), np.float32)
        for start, segment in zip(self.starts, self.all, strict=True):
            here = (positions >= start) & (positions < start + len(segment.vids))
            vectors[here] = segment.matrix.take(positions[here] - start, axis=0)
        return vectors

    def vectors_of(self, vids: NDArray[np.int64]) -> Vectors:
        """Copy the searched vectors of documents, (n, dim) float32, in their order.

        Raises:
            CorruptError: one of them is missing.
        """
        positions = self.positions(vids)
        if (positions < 0).any():
            raise CorruptError(f"{self.place}: a document has no vector", REPAIR)
        return self.vectors(positions)

    def scores_at(self, query: Vectors, positions: Positions) -> Vectors:
        """Score some rows in float32, each as if it were alone.

        Args:
            query: (d,) float32.
            positions: (n,).
        """
        if len(self.all) == 1:
            return self.all[0].scores_at(query, positions)
        scores = np.empty(len(positions), np.float32)
        for start, segment in zip(self.starts, self.all, strict=True):
            here = (positions >= start) & (positions < start + len(segment.vids))
            scores[here] = segment.scores_at(query, positions[here] - start)
        return scores

    def scores(self, queries: Vectors) -> Vectors:
        """Score all rows for each query in float32.

        Returns:
            (q, rows + 1), last a column of minus infinity.
        """
        scores = np.empty((len(queries), self.rows + 1), np.float32)
        scores[:, -1] = -np.inf
        for start, segment in zip(self.starts, self.all, strict=True):
            segment.scores(queries, scores[:, start : start + len(segment.vids)])
        return scores

    def mask(self, conn: sqlite3.Connection, allowed: Filter) -> Mask:
        """Make the mask of a filter, remembering the part that queries share."""
        shared = replace(allowed, exclude=frozenset())
        vids = None if shared == Filter() else self._allowed.get(shared)
        if vids is None and shared != Filter():
            vids = tables.allowed_vids(conn, shared)
            _remember(self._allowed, shared, vids)
        denied = self.dead
        if allowed.exclude:
            denied = np.union1d(denied, tables.vids_of(conn, allowed.exclude))
        return Mask(vids, denied)

    def layout(self, conn: sqlite3.Connection, allowed: Filter) -> LanguageLayout:
        """Sort the rows that a filter lets pass by language, remembering the answer.

        What it excludes by id is not looked at.

        Raises:
            CorruptError: a document has no vector here.
        """
        shared = replace(allowed, exclude=frozenset())
        layout = self._layouts.get(shared)
        if layout is None:
            vids, languages = tables.vids_by_language(conn, shared)
            positions = self.positions(vids)
            if (positions < 0).any():
                raise CorruptError(f"{self.place}: a document has no vector", REPAIR)
            layout = LanguageLayout.of(positions, languages, self.rows)
            _remember(self._layouts, shared, layout, _CACHED_LAYOUTS)
        return layout

    def language_counts(
        self, conn: sqlite3.Connection, allowed: Filter, *, first: bool = False
    ) -> dict[str, int]:
        """Count the documents a filter lets pass by language, remembering the answer.

        Args:
            conn: a connection.
            allowed: the filter.
            first: count first chunks only.
        """
        counts = self._languages.get((allowed, first))
        if counts is None:
            counts = tables.language_counts(conn, allowed, first=first)
            _remember(self._languages, (allowed, first), counts)
        return dict(counts)


def load_segments(
    conn: sqlite3.Connection, folder: Path, place: str, dim: int, known: Segments | None
) -> Segments:
    """Load what the connection's transaction sees, taking over files that are ``known``.

    Args:
        conn: a connection.
        folder: where the FAISS files live.
        place: the database, for messages.
        dim: the dimension of the index.
        known: an earlier or later state.

    Raises:
        FileNotFoundError: a file is missing, or was superseded after the transaction began.
        CorruptError: a file or a vector of the tail is damaged.
    """
    loaded = known.files if known else {}
    records = tables.files(conn)
    files = {
        r.name: loaded[r.name] if r.name in loaded else load_file(folder, r, dim) for r in records
    }
    debiasing = read_debiasing(conn, place, known.debiasing if known else None)
    first = tables.sealed_to(conn) + 1
    vids, vectors = searched_between(conn, place, debiasing.transform, dim, first, _MAX_VID)
    tail = (Segment.of(vids, vectors),) if len(vids) else ()
    segments = (*files.values(), *tail)
    return Segments(
        seq=tables.last_commit(conn),
        dim=dim,
        place=place,
        files=files,
        dead=tables.tombstones(conn),
        debiasing=debiasing,
        all=segments,
        vids=np.concatenate([np.empty(0, np.int64), *(s.vids for s in segments)]),
        starts=tuple(accumulate((len(s.vids) for s in segments[:-1]), initial=0))[: len(segments)],
    )


def _remember(cache: dict[K, V], key: K, value: V, most: int = _CACHED_FILTERS) -> None:
    """Keep a value, and forget all when there are many: filters repeat or are all different."""
    if len(cache) >= most:
        cache.clear()
    cache[key] = value
