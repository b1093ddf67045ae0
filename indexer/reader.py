"""Reading an index: any number of processes and threads, also while one writes."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from indexer import tables
from indexer.columns import Page, read_pages, read_vectors_of
from indexer.directory import FILES, find_database
from indexer.encoded import encoded_before
from indexer.errors import CorruptError
from indexer.info import IndexInfo, describe
from indexer.records import Document, EncodedDocument, Filter, Hit, Vectors
from indexer.remedies import REPAIR
from indexer.segments import Segments, load_segments
from indexer.snapshot import EVERYTHING, Snapshot
from indexer.store import DATABASE, check_format, connect_reader, translated
from indexer.wholes import ids_that_pass, rows_of

_ATTEMPTS = 5


class IndexReader:
    """An opened index that answers; safe to share between threads.

    Each call sees one state of the index, the newest at its beginning; :meth:`snapshot` holds
    one for several calls. Use ``with`` or :meth:`close`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = find_database(path)
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
        filter: Filter = EVERYTHING,  # noqa: A002
    ) -> list[list[Hit]]:
        """Find the exact nearest documents of each query, see :meth:`Snapshot.search`."""
        with self.snapshot() as state:
            return state.search(vectors, k, filter)

    def document(self, id: str) -> Document | None:  # noqa: A002
        """Read one document, or None when there is none of that id."""
        with self._transaction() as conn:
            return tables.document(conn, id, str(self._database))

    def holds(self, id: str) -> bool:  # noqa: A002
        """Tell whether a document is there, whole or in chunks."""
        with self._transaction() as conn:
            return bool(rows_of(conn, [id], chunked=self.settings.chunking is not None))

    def documents(self) -> Iterator[Document]:
        """Read all documents of one state in insertion order, streaming."""
        with self._transaction() as conn:
            yield from tables.documents(conn, str(self._database))

    def pages(self) -> Iterator[Page]:
        """Read the raw vectors, languages and groups of all documents of one state, streaming.

        No FAISS file is read for it.
        """
        with self._transaction() as conn:
            yield from read_pages(conn, self.settings.dim, str(self._database))

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Read raw vectors as they were encoded.

        Returns:
            (n, d) float32, row *i* of ``ids[i]``.

        Raises:
            InputError: an id that is not there.
        """
        with self._transaction() as conn:
            return read_vectors_of(conn, ids, self.settings.dim, str(self._database))

    def encoded_before(self, documents: Sequence[Document]) -> list[EncodedDocument]:
        """Find the documents whose very text is there already, with the vector that it has.

        Raises:
            CorruptError: such a vector is damaged.
        """
        with self._transaction() as conn:
            return encoded_before(conn, documents, self.settings.dim, str(self._database))

    def language_counts(
        self,
        filter: Filter = EVERYTHING,  # noqa: A002
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

    def passing(self, filter: Filter) -> dict[str, int]:  # noqa: A002
        """Count the rows of documents of which a filter lets a row pass, by language."""
        chunked = self.settings.chunking is not None
        with self._transaction() as conn:
            ids = ids_that_pass(conn, filter, str(self._database), chunked=chunked)
            return tables.language_counts(conn, Filter(), ids=ids)

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

    def __exit__(self, *_: object) -> None:
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
        conn.execute("BEGIN")
        check_format(conn, database)
        return tables.read_progress(conn)[0]
