"""Everything that one state of an index searches, loaded: its FAISS files and its tail."""

import sqlite3
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.clusters import Held
from indexer.debiasing import Debiasing, read_debiasing, searched_at, searched_between
from indexer.errors import CorruptError
from indexer.faiss_calls import Passing
from indexer.kinds import Indexing, Kind, clusters_of, kind_of, read_indexing
from indexer.language_layout import LanguageLayout
from indexer.records import Filter, Vectors
from indexer.remedies import REPAIR
from indexer.vector_files import load_file
from indexer.vectors import Mask, Positions, Segment, Vids

_CACHED_FILTERS = 32
_CACHED_PASSING = 256
"""A bit a row each."""

_CACHED_LAYOUTS = 4
"""Fewer: a layout has 8 bytes a row and more."""

_MAX_VID = 2**63 - 1
_BLOCK = 20_000

K = TypeVar("K")
V = TypeVar("V")


class Part(NamedTuple):
    """Something to be searched: a segment, or a piece of one whose vectors were read again."""

    segment: Segment
    passing: Passing
    start: int
    """Its first row, counted through all segments."""
    rows: Positions | None
    """All of its rows, where they do not follow ``start``."""

    def rows_of(self, found: Positions) -> Positions:
        """Count rows that FAISS found through all segments."""
        return found + self.start if self.rows is None else self.rows[found]


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
    indexing: Indexing
    """How hard approximate kinds try."""
    all: tuple[Segment, ...]
    """Files and tail, so that vids ascend through them."""
    vids: Vids
    """(rows,) of all segments."""
    starts: tuple[int, ...]
    """The row at which each segment begins."""
    _allowed: dict[Filter, Vids] = field(default_factory=dict)
    _languages: dict[tuple[Filter, bool], dict[str, int]] = field(default_factory=dict)
    _passing: dict[Filter, tuple[Passing, ...]] = field(default_factory=dict)
    _layouts: dict[Filter, LanguageLayout] = field(default_factory=dict)
    _held: dict[Filter, tuple[Held | None, ...]] = field(default_factory=dict)
    notes: dict[Hashable, object] = field(default_factory=dict)
    """What those who ask have worked out of this state and want to find again."""

    @property
    def rows(self) -> int:
        """Number of rows of all segments, deleted ones included."""
        return len(self.vids)

    @property
    def living(self) -> Positions:
        """All rows but those of deleted documents."""
        return np.flatnonzero(~np.isin(self.vids, self.dead))

    def positions(self, vids: NDArray[np.int64]) -> Positions:
        """Find the rows of vids, -1 where there is none; rows count through all segments."""
        if not len(self.vids):
            return np.full(len(vids), -1, np.int64)
        place = np.minimum(np.searchsorted(self.vids, vids), len(self.vids) - 1)
        return np.where(self.vids[place] == vids, place, -1)

    @property
    def exact(self) -> bool:
        """Whether every segment is searched through and through."""
        return all(segment.exact for segment in self.all)

    @property
    def raw(self) -> bool:
        """Whether FAISS holds every vector as it is searched."""
        return all(segment.raw for segment in self.all)

    @property
    def kind(self) -> Kind:
        """The kind of the main segment."""
        return kind_of(segment.factory for segment in self.all)

    @property
    def most_effort(self) -> int | None:
        """The effort that looks at everything; None where there is no such."""
        lists = [clusters_of(segment.factory) for segment in self.all]
        return max(lists, default=0) or None

    def trying(self, effort: int | None, refine: int | None) -> "Segments":
        """Try harder, or less hard, than the index says."""
        if effort is None and refine is None:
            return self
        indexing = replace(
            self.indexing,
            effort=effort or self.indexing.effort,
            refine=refine or self.indexing.refine,
        )
        return replace(self, indexing=indexing)

    @property
    def codes(self) -> str:
        """What FAISS calls the segment that holds codes; empty when none does."""
        return next((segment.factory for segment in self.all if not segment.raw), "")

    def vectors(self, conn: sqlite3.Connection, positions: Positions) -> Vectors:
        """Read the searched vectors of some rows, (n, dim) float32, in their order.

        They are what FAISS holds, or, where it holds codes, made of the raw ones again.

        Raises:
            CorruptError: one of these is damaged or has no row.
        """
        if len(self.all) == 1 and self.all[0].raw:
            return self.all[0].vectors(positions)
        vectors = np.empty((len(positions), self.dim), np.float32)
        for start, segment in zip(self.starts, self.all, strict=True):
            here = (positions >= start) & (positions < start + len(segment.vids))
            if segment.raw:
                vectors[here] = segment.vectors(positions[here] - start)
            elif here.any():
                vids, back = np.unique(self.vids[positions[here]], return_inverse=True)
                vectors[here] = self._made_again(conn, vids)[back]
        return vectors

    def _made_again(self, conn: sqlite3.Connection, vids: Vids) -> Vectors:
        return searched_at(conn, self.place, self.debiasing.transform, self.dim, vids)

    def parts(
        self, conn: sqlite3.Connection, passing: Sequence[Passing], mask: Mask, exact: bool
    ) -> Iterator[Part]:
        """Give what is to be searched, one after the other, without what has nothing to be found.

        Args:
            conn: a connection.
            passing: of each segment, see :meth:`passing`.
            mask: of the same filter.
            exact: whether, in the place of codes, the vectors themselves are wanted.
        """
        for start, segment, some in zip(self.starts, self.all, passing, strict=True):
            if not some.rows:
                continue
            if segment.raw or not exact:
                yield Part(segment, some, start, None)
                continue
            for first in range(0, len(segment.vids), _BLOCK):
                block = segment.vids[first : first + _BLOCK]
                vids, vectors = searched_between(
                    conn,
                    self.place,
                    self.debiasing.transform,
                    self.dim,
                    int(block[0]),
                    int(block[-1]),
                )
                loaded = Segment.of(vids, vectors)
                here = loaded.passing(mask)
                if here.rows:
                    yield Part(loaded, here, 0, self.positions(vids))

    def vectors_of(self, conn: sqlite3.Connection, vids: NDArray[np.int64]) -> Vectors:
        """Read the searched vectors of documents, (n, dim) float32, in their order.

        Raises:
            CorruptError: one of them is missing.
        """
        positions = self.positions(vids)
        if (positions < 0).any():
            raise CorruptError(f"{self.place}: a document has no vector", REPAIR)
        return self.vectors(conn, positions)

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

    def passing(self, conn: sqlite3.Connection, allowed: Filter) -> tuple[Passing, ...]:
        """Find the rows of each segment that a filter lets pass, remembering what queries share."""
        found = None if allowed.exclude else self._passing.get(allowed)
        if found is None:
            mask = self.mask(conn, allowed)
            found = tuple(segment.passing(mask) for segment in self.all)
            if not allowed.exclude:
                _remember(self._passing, allowed, found, _CACHED_PASSING)
        return found

    def held(
        self, conn: sqlite3.Connection, languages: Sequence[Filter], allowed: Filter
    ) -> tuple[Held | None, ...]:
        """Count what each language has in each cluster, (L, nlist) of each segment.

        None for a segment without clusters. Remembered by ``allowed``, the filter that
        ``languages`` divide.
        """
        held = self._held.get(allowed)
        if held is None:
            passing = [self.passing(conn, one) for one in languages]
            parts = [[some[number] for some in passing] for number in range(len(self.all))]
            pairs = zip(self.all, parts, strict=True)
            held = tuple(s.clusters.held(own) if s.clusters else None for s, own in pairs)
            if not allowed.exclude:
                _remember(self._held, allowed, held, _CACHED_LAYOUTS)
        return held

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
        indexing=read_indexing(conn, place),
        all=segments,
        vids=np.concatenate([np.empty(0, np.int64), *(s.vids for s in segments)]),
        starts=tuple(accumulate((len(s.vids) for s in segments[:-1]), initial=0))[: len(segments)],
    )


def _remember(cache: dict[K, V], key: K, value: V, most: int = _CACHED_FILTERS) -> None:
    """Keep a value, and forget all when there are many: filters repeat or are all different."""
    if len(cache) >= most:
        cache.clear()
    cache[key] = value
