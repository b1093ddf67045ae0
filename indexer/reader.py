"""Reading an index: any number of processes and threads, also while one writes."""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from indexer import tables
from indexer.directory import FILES
from indexer.errors import CorruptError, InputError, UsageError
from indexer.info import IndexInfo, describe
from indexer.nearest import nearest
from indexer.records import Document, Filter, Hit, Vectors
from indexer.remedies import BUILD, REPAIR
from indexer.rows import check_vectors
from indexer.segments import Segments, load_segments
from indexer.settings import IndexSettings
from indexer.store import DATABASE, check_format, connect_reader, translated

_EVERYTHING = Filter()
_ATTEMPTS = 5


class Snapshot:
    """One state of an index: every answer belongs to the same commit. For one thread."""

    def __init__(
        self, conn: sqlite3.Connection, segments: Segments, path: Path, settings: IndexSettings
    ) -> None:
        self._conn = conn
        self._segments = segments
        self._path = path
        self._settings = settings

    @property
    def seq(self) -> int:
        """Number of the commit."""
        return self._segments.seq

    def search(
        self,
        vectors: Vectors,
        k: int,
        filter: Filter = _EVERYTHING,  # noqa: A002 - what people call it
    ) -> list[list[Hit]]:
        """Find the exact nearest documents of each query.

        Args:
            vectors: (q, d) float32 unit rows.
            k: neighbours wanted, at least 1.
            filter: which documents may be found.

        Returns:
            For each query ``k`` hits, or as many as the filter lets pass, ordered by
            (-score, id); the score is the cosine, rounded to float32.

        Raises:
            UsageError: ``k`` below 1.
            InputError: vectors of another dimension, not finite, zero or not of unit length.
            CorruptError: a file or a row of the index is damaged.
        """
        if k < 1:
            raise UsageError(f"k is {k}", "ask for at least one neighbour")
        queries = check_vectors(np.asarray(vectors), self._settings.dim, lambda i: f"query {i + 1}")
        mask = self._segments.mask(self._conn, filter)
        found = nearest(self._conn, self._segments, queries, k, mask)
        wanted = np.unique(np.concatenate([np.empty(0, np.int64), *(f.vids for f in found)]))
        place = self._segments.place
        documents = tables.documents_at(self._conn, wanted, place)
        if len(documents) < len(wanted):
            raise CorruptError(f"{place}: a vector has no document", REPAIR)
        return [
            [
                Hit(documents[vid], score, rank)
                for rank, (vid, score) in enumerate(
                    zip(f.vids.tolist(), f.scores.tolist(), strict=True), start=1
                )
            ]
            for f in found
        ]

    def document(self, id: str) -> Document | None:  # noqa: A002 - the field's name
        """Read one document, or None when there is none of that id."""
        return tables.document(self._conn, id, self._segments.place)

    def documents(self) -> Iterator[Document]:
        """Read all documents in insertion order, streaming."""
        return tables.documents(self._conn, self._segments.place)

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Read raw vectors, see :meth:`IndexReader.vectors`."""
        return _vectors(self._conn, ids, self._settings.dim, self._segments.place)

    def ids(self, *, text: str | None = None, group: str | None = None) -> list[str]:
        """List the ids of documents with this very text, of this group, or both."""
        return tables.find_ids(self._conn, text=text, group=group)

    def language_counts(
        self,
        filter: Filter = _EVERYTHING,  # noqa: A002
        *,
        ids: Collection[str] | None = None,
    ) -> dict[str, int]:
        """Count the documents that a filter lets pass, by language.

        Args:
            filter: which documents count.
            ids: of those, only these; all when None.
        """
        if ids is None:
            return self._segments.language_counts(self._conn, filter)
        return tables.language_counts(self._conn, filter, ids=ids)

    def info(self) -> IndexInfo:
        """Describe the index."""
        return describe(self._conn, self._path, self._settings)


class IndexReader:
    """An opened index that answers; safe to share between threads.

    Each call sees one state of the index, the newest at its beginning; :meth:`snapshot` holds
    one for several calls. Use ``with`` or :meth:`close`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = path / DATABASE
        if not self._database.exists():
            raise UsageError(f"{path}: no index here", BUILD)
        self._idle: list[sqlite3.Connection] = []
        self._loading = threading.Lock()
        self._segments: Segments | None = None
        with self._transaction() as conn:
            check_format(conn, self._database)
            self.settings = tables.read_settings(conn, self._database)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the index directory at ``path``.

        Raises:
            UsageError: there is no index.
            IncompatibleError: made by a newer version.
            CorruptError: the database is damaged.
        """
        return cls(path)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hold the newest state of the index for the length of a ``with`` block.

        A long block keeps the write-ahead log from being folded in, nothing else.

        Raises:
            CorruptError: a FAISS file is damaged or missing, or a row of the tail damaged.
        """
        missing: tuple[int, str] = (-1, "")
        for _ in range(_ATTEMPTS):
            with self._transaction() as conn:
                seq = tables.last_commit(conn)
                if seq == missing[0]:
                    break
                try:
                    segments = self._loaded(conn, seq)
                except FileNotFoundError as error:  # superseded since, unless nothing changed
                    missing = (seq, str(error.filename))
                    continue
                yield Snapshot(conn, segments, self.path, self.settings)
                return
        raise CorruptError(f"{missing[1]}: this file of the index is missing", REPAIR)

    def search(
        self,
        vectors: Vectors,
        k: int,
        filter: Filter = _EVERYTHING,  # noqa: A002
    ) -> list[list[Hit]]:
        """Find the exact nearest documents of each query, see :meth:`Snapshot.search`."""
        with self.snapshot() as state:
            return state.search(vectors, k, filter)

    def document(self, id: str) -> Document | None:  # noqa: A002
        """Read one document, or None when there is none of that id."""
        with self._transaction() as conn:
            return tables.document(conn, id, str(self._database))

    def documents(self) -> Iterator[Document]:
        """Read all documents of one state in insertion order, streaming."""
        with self._transaction() as conn:
            yield from tables.documents(conn, str(self._database))

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Read raw vectors as they were encoded.

        Returns:
            (n, d) float32, row *i* of ``ids[i]``.

        Raises:
            InputError: an id that is not there.
        """
        with self._transaction() as conn:
            return _vectors(conn, ids, self.settings.dim, str(self._database))

    def language_counts(
        self,
        filter: Filter = _EVERYTHING,  # noqa: A002
        *,
        group: str | None = None,
        text: str | None = None,
    ) -> dict[str, int]:
        """Count the documents that a filter lets pass, by language.

        Args:
            filter: which documents count.
            group: only of this group.
            text: only those with this very text.
        """
        with self._transaction() as conn:
            return tables.language_counts(conn, filter, group=group, text=text)

    def in_group(self, group: str) -> list[str]:
        """List the ids of a group in insertion order."""
        with self._transaction() as conn:
            return tables.find_ids(conn, group=group)

    def info(self) -> IndexInfo:
        """Describe the index; no FAISS file is read for it."""
        with self._transaction() as conn:
            return describe(conn, self.path, self.settings)

    def close(self) -> None:
        """Close the connections that no call is using."""
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One read transaction on a connection of its own, kept for the next call."""
        with translated(self._database):
            conn = self._idle.pop() if self._idle else connect_reader(self._database)
            try:
                conn.execute("BEGIN")
                yield conn
            except BaseException:
                conn.close()
                raise
            conn.execute("COMMIT")
            self._idle.append(conn)

    def _loaded(self, conn: sqlite3.Connection, seq: int) -> Segments:
        """Load the segments of the transaction's state, unless they are loaded already."""
        with self._loading:
            known = self._segments
            if known is not None and known.seq == seq:
                return known
            place = str(self._database)
            loaded = load_segments(conn, self.path / FILES, place, self.settings.dim, known)
            if known is None or known.seq < seq:
                self._segments = loaded
            return loaded


def _vectors(conn: sqlite3.Connection, ids: Sequence[str], dim: int, place: str) -> Vectors:
    names, vectors = tables.candidates(conn, tables.vids_of(conn, set(ids)), dim, place)
    rows = {name: row for row, name in enumerate(names)}
    for id_ in ids:
        if id_ not in rows:
            raise InputError(f"no document {id_!r} in the index", "look at its spelling")
    return vectors[[rows[id_] for id_ in ids]]


def index_state(path: Path) -> tables.State | None:
    """Say whether ``path`` holds a finished index, an unfinished one, or none (None).

    Raises:
        CorruptError: there is a damaged one.
        IncompatibleError: there is one of a newer version.
    """
    database = path / DATABASE
    if not database.exists():
        return None
    with translated(database), closing(connect_reader(database)) as conn:
        check_format(conn, database)
        return tables.read_progress(conn)[0]
