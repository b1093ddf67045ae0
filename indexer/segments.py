"""Everything that one state of an index searches, loaded: its FAISS files and its tail."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from indexer import tables
from indexer.debiasing import Debiasing, read_debiasing, searched_between
from indexer.records import Filter, Vectors
from indexer.vectors import Mask, Segment, Vids, load_file

_CACHED_FILTERS = 32
_MAX_VID = 2**63 - 1

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
    tail: tuple[Segment, ...]
    """The vectors that no file holds: one segment or none."""
    dead: Vids
    """Deleted vectors that a file still holds."""
    debiasing: Debiasing
    """What was done to the vectors in them."""
    _allowed: dict[Filter, Vids] = field(default_factory=dict)
    _languages: dict[Filter, dict[str, int]] = field(default_factory=dict)

    @property
    def all(self) -> tuple[Segment, ...]:
        """Files and tail."""
        return (*self.files.values(), *self.tail)

    def candidates(self, conn: sqlite3.Connection, vids: Vids) -> tuple[list[str], Vectors]:
        """Read the ids and the searched vectors of ascending vids.

        Without a transform they are the raw ones of the database, each held against its checksum;
        with one they are what the segments hold, which is what the transform made of those.

        Returns:
            n ids and (n, dim) float32, in the order of ``vids``.

        Raises:
            CorruptError: one of them has no row, or is damaged.
        """
        if self.debiasing.transform is None:
            return tables.candidates(conn, vids, self.dim, self.place)
        ids = tables.ids_of(conn, vids, self.place)
        vectors = np.empty((len(vids), self.dim), np.float32)
        for segment in self.all:
            places = np.searchsorted(segment.vids, vids)
            here = places < len(segment.vids)
            here[here] = segment.vids[places[here]] == vids[here]
            if here.any():
                vectors[here] = segment.vectors(places[here])
        return ids, vectors

    def mask(self, conn: sqlite3.Connection, allowed: Filter) -> Mask:
        """Make the mask of a filter, remembering the part that queries share."""
        shared = Filter(languages=allowed.languages, where=allowed.where)
        vids = None if shared == Filter() else self._allowed.get(shared)
        if vids is None and shared != Filter():
            vids = tables.allowed_vids(conn, shared)
            _remember(self._allowed, shared, vids)
        denied = self.dead
        if allowed.exclude:
            denied = np.union1d(denied, tables.vids_of(conn, allowed.exclude))
        return Mask(vids, denied)

    def language_counts(self, conn: sqlite3.Connection, allowed: Filter) -> dict[str, int]:
        """Count the documents a filter lets pass by language, remembering the answer."""
        counts = self._languages.get(allowed)
        if counts is None:
            counts = tables.language_counts(conn, allowed)
            _remember(self._languages, allowed, counts)
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
    return Segments(
        seq=tables.last_commit(conn),
        dim=dim,
        place=place,
        files=files,
        tail=(Segment.of(vids, vectors),) if len(vids) else (),
        dead=tables.tombstones(conn),
        debiasing=debiasing,
    )


def _remember(cache: dict[Filter, V], key: Filter, value: V) -> None:
    """Keep a value, and forget all when there are many: filters repeat or are all different."""
    if len(cache) >= _CACHED_FILTERS:
        cache.clear()
    cache[key] = value
