"""Writing an index: one process, one connection, one transaction a batch.

The SQLite commit is the only commit point. When ``add`` or ``delete`` has returned, its batch is
on disk; when it has raised, or the process has died in it, the batch never was.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from indexer import tables
from indexer.changes import (
    insert_rows,
    log_commit,
    next_vid,
    remove_documents,
    remove_vids,
    replace_files,
)
from indexer.chunking import document_of
from indexer.debiasing import (
    Debiasing,
    is_transformed,
    write_debiasing,
)
from indexer.directory import LOCK, make_directory, place_database, sweep
from indexer.encoded import encoded_before
from indexer.errors import DuplicateError, UsageError
from indexer.filing import Filing
from indexer.kinds import Indexing, Plan, write_indexing
from indexer.lock import WriterLock
from indexer.records import Document, EncodedDocument, Filter, Vectors
from indexer.remedies import BUILD
from indexer.rows import Rows, check_document, rows_of_batch, stack_vectors
from indexer.sealing import write_all
from indexer.settings import IndexSettings
from indexer.snapshot import read_vectors_of
from indexer.store import DATABASE, WriteStore, translated
from indexer.wholes import ids_that_pass, rows_of, whole_hashes

SEAL_AT = 10_000
"""Documents in the tail that make a FAISS file worth its while."""

_FINISH_FIRST = "run `interlingua build` again to finish it"


class _Change(NamedTuple):
    """A checked batch on its way into the database."""

    rows: Rows
    gone: Sequence[str]
    """Ids whose place it takes."""
    cursor: int | None
    kind: str


class IndexWriter:
    """The one writer of an index; holds its lock until closed. Use ``with`` or :meth:`close`.

    Make one with :meth:`create` or :meth:`open`. For one thread.
    """

    def __init__(self, path: Path, lock: WriterLock) -> None:
        self.path = path
        self._database = path / DATABASE
        self._lock = lock
        try:
            self.store = WriteStore(self._database)
        except BaseException:
            lock.release()
            raise
        self._conn = self.store.conn
        try:
            with translated(self._database):
                self.settings = tables.read_settings(self._conn, self._database)
                self.filing = Filing(self.store, path, self.settings.dim)
                """Its FAISS files."""
                self.state, self.cursor = tables.read_progress(self._conn)
                sweep(path, self._conn)
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: Path, settings: IndexSettings) -> Self:
        """Make a new index, in state ``building``.

        Args:
            path: a directory that is empty or does not exist yet.
            settings: what the index is fixed to.

        Raises:
            UsageError: there is an index or something else.
            LockedError: another process is about to make one.
        """
        return cls.begin(path, lambda: settings)

    @classmethod
    def begin(cls, path: Path, describe: Callable[[], IndexSettings]) -> Self:
        """Make a new index like :meth:`create`, its settings asked for once the lock is held.

        An encoder may take seconds to load; a second writer is refused before that.
        """
        lock = make_directory(path)
        try:
            place_database(path, describe())
        except BaseException:
            lock.release()
            raise
        return cls(path, lock)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an index to change it; what a killed writer left behind is swept away.

        Raises:
            UsageError: there is no index.
            LockedError: another process writes to it.
            IncompatibleError: made by a newer version.
            CorruptError: the database is damaged.
        """
        if not (path / DATABASE).exists():
            raise UsageError(f"{path}: no index here", BUILD)
        return cls(path, WriterLock(path / LOCK))

    def add(
        self,
        batch: Sequence[EncodedDocument],
        *,
        replace: bool = False,
        cursor: int | None = None,
    ) -> None:
        """Commit a batch; when this returns it is on disk, all of it.

        Args:
            batch: documents with their vectors; of two with one id the later counts if
                ``replace``.
            replace: take the place of documents with the same ids, and of all their chunks; a
                batch holds a document with all its chunks or not at all.
            cursor: corpus records consumed with this batch; given during a build and only then.

        Raises:
            UsageError: a cursor without a build, or a build without a cursor.
            InputError: a document or vector that is refused; nothing is written.
            DuplicateError: an id that is there or comes twice; nothing is written.
            InterlinguaError: the disk is full or fails; nothing is written.
        """
        self._commit(self._prepared(batch, replace, cursor))

    @contextmanager
    def adding(self, batch: Sequence[EncodedDocument], cursor: int) -> Iterator[None]:
        """Commit a batch of a build like :meth:`add` while the block runs: after it, it is on disk.

        SQLite and the disk work in a thread of their own, and the block must not use the writer.
        When the block raises, the batch is committed all the same.

        Raises:
            InterlinguaError: as :meth:`add`, before the block runs or when it ends.
        """
        change = self._prepared(batch, False, cursor)
        with ThreadPoolExecutor(1) as pool:
            committed = pool.submit(self._commit, change)
            try:
                yield
            finally:
                committed.result()

    def _prepared(
        self, batch: Sequence[EncodedDocument], replace: bool, cursor: int | None
    ) -> _Change:
        """Check a batch and make rows of it."""
        self._check_cursor(cursor)
        for encoded in batch:
            check_document(encoded.document)
        vectors = stack_vectors(batch, self.settings.dim)
        last = {encoded.document.id: row for row, encoded in enumerate(batch)}
        with translated(self._database):
            known, first = self._taken(batch), next_vid(self._conn)
        if not replace and (known or len(last) < len(batch)):
            raise DuplicateError(_duplicates(batch, known), "use other ids, or replace")
        chosen = sorted(last.values())
        rows = rows_of_batch(first, [batch[row] for row in chosen], vectors[chosen])
        return _Change(rows, known, cursor, "replace" if replace else "add")

    def _commit(self, change: _Change) -> None:
        rows, gone, cursor, kind = change
        if not rows.documents and cursor is None:
            return
        with self.store.transaction() as conn:
            remove_documents(conn, gone)
            insert_rows(conn, rows, lexical=self.settings.lexical)
            if cursor is not None:
                conn.execute("UPDATE progress SET cursor = ?", [cursor])
            log_commit(conn, kind, len(rows.documents), len(gone))
        self.cursor = self.cursor if cursor is None else cursor

    def delete(self, ids: Sequence[str]) -> list[str]:
        """Remove documents from every later answer, in one transaction.

        Returns:
            The ids that the index does not hold, in the order given.

        Raises:
            UsageError: the build is unfinished.
        """
        self._check_cursor(None)
        known = self.rows_of(ids)
        gone = [id_ for rows in known.values() for id_ in rows]
        if gone:
            with self.store.transaction() as conn:
                remove_documents(conn, gone)
                log_commit(conn, "delete", 0, len(gone))
        return [id_ for id_ in dict.fromkeys(ids) if id_ not in known]

    def delete_where(self, allowed: Filter) -> dict[str, int]:
        """Remove the documents that a filter lets pass, in one transaction.

        Where documents are cut, all chunks go with one that passes.

        Returns:
            How many were removed, by language.

        Raises:
            UsageError: the build is unfinished, or the filter is empty, which nobody can mean.
        """
        self._check_cursor(None)
        if allowed == Filter():
            raise UsageError("nothing says what to delete", "name ids, languages or conditions")
        chunked = self.settings.chunking is not None
        with self.store.transaction() as conn:
            ids = ids_that_pass(conn, allowed, str(self._database), chunked=chunked)
            counts = tables.language_counts(conn, Filter(), ids=ids)
            if ids:
                remove_documents(conn, ids)
                log_commit(conn, "delete", 0, len(ids))
        return counts

    def restart(self) -> None:
        """Take back all that an unfinished build has committed, in one transaction.

        Raises:
            UsageError: the build is finished.
        """
        self._check_cursor(self.cursor)
        with self.store.transaction() as conn:
            vids = [vid for (vid,) in conn.execute("SELECT vid FROM documents")]
            remove_vids(conn, vids)
            conn.execute("UPDATE progress SET cursor = 0")
            log_commit(conn, "restart", 0, len(vids))
        self.cursor = 0

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Read raw vectors, see :meth:`IndexReader.vectors`."""
        with translated(self._database):
            return read_vectors_of(self._conn, ids, self.settings.dim, str(self._database))

    def encoded_before(self, documents: Sequence[Document]) -> list[EncodedDocument]:
        """Find the documents whose very text is there already, see :func:`encoded_before`.

        Raises:
            CorruptError: such a vector is damaged.
        """
        chunked, dim = self.settings.chunking is not None, self.settings.dim
        with translated(self._database):
            return encoded_before(self._conn, documents, dim, str(self._database), chunked=chunked)

    def rows_of(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Find the rows of documents, content hash by id: itself, or its chunks where it is cut."""
        with translated(self._database):
            return rows_of(self._conn, ids, chunked=self.settings.chunking is not None)

    def whole_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Find those documents that the index holds, with their content hashes."""
        with translated(self._database):
            return whole_hashes(self._conn, ids, chunked=self.settings.chunking is not None)

    def existing(self, ids: Sequence[str]) -> dict[str, str]:
        """Find those ids that the index holds, with their content hashes."""
        with translated(self._database):
            return tables.hashes_of(self._conn, ids)

    def documents(self) -> Iterator[tuple[str, str]]:
        """Read (id, content hash) of all documents in insertion order, streaming."""
        with translated(self._database):
            yield from tables.hashes(self._conn)

    def inserted_before(self, id: str, other: str | None) -> bool:  # noqa: A002
        """Tell whether the document ``id`` is there and was inserted before ``other``.

        Args:
            id: any id.
            other: id of a document of the index; None stands for the end.
        """
        with translated(self._database):
            return tables.inserted_before(self._conn, id, other)

    def seal(self) -> None:
        """Put the tail into a FAISS file if it has grown to :data:`SEAL_AT` documents.

        Call it between batches. Losing it, or losing the file, loses no document. Where the index
        is of an approximate kind, or has grown to be one, all its files are written anew once
        a quarter of the vectors lie outside the main one; a build leaves that to its end.

        Raises:
            InterlinguaError: the disk is full or fails; the tail is searched as before.
            CorruptError: a vector of the tail is damaged.
        """
        if tables.tail_size(self._conn) < SEAL_AT:
            return
        plan = self.filing.plan()
        if plan.exact or (self.state == "ready" and not self.filing.is_overgrown(plan)):
            self.filing.seal_tail()
        elif self.state == "ready":
            self.filing.write_anew("seal", self.filing.indexing)

    def finish(self) -> None:
        """End the build: seal the tail whatever its size, then call the index ready."""
        plan = self.filing.plan()
        if self.state == "building" and not plan.exact and self.filing.is_overgrown(plan):
            self.filing.write_anew("seal", self.filing.indexing)
        else:
            self.filing.seal_tail()
        if self.state == "building":
            with self.store.transaction() as conn:
                conn.execute("UPDATE progress SET state = 'ready'")
                log_commit(conn, "finish", 0, 0)
            self.state = "ready"

    @property
    def indexing(self) -> Indexing:
        """What kind of index was asked for.

        Raises:
            CorruptError: it is damaged.
        """
        return self.filing.indexing

    def ask_for(self, indexing: Indexing) -> None:
        """Say what kind the index is to be; its files are written so from now on."""
        self.filing.ask_for(indexing)

    def reindex(self, indexing: Indexing, progress: Callable[[int], None] = lambda _: None) -> Plan:
        """Write all FAISS files anew, in another kind; nothing is encoded.

        One transaction names them in the place of the old ones; until then every answer is the
        one of before. What was deleted leaves the files, too.

        Args:
            indexing: what kind the index is to be.
            progress: called with the number of documents done.

        Raises:
            UsageError: the build is unfinished.
            CorruptError: a vector is damaged.
            InterlinguaError: the disk is full or fails; nothing has changed.
        """
        self._check_cursor(None)
        self.filing.write_anew("reindex", indexing, progress)
        return self.filing.plan()

    def debias(
        self, debiasing: Debiasing, progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Apply a transform to all documents, and keep it for those to come; nothing is encoded.

        The FAISS files are written anew from the raw vectors, unless these are searched before and
        after; then one transaction names them in the place of the old ones. Until then every
        answer is the one of before.

        Args:
            debiasing: what to do; :data:`~indexer.debiasing.NOTHING` undoes it.
            progress: called with the number of documents done.

        Raises:
            UsageError: the build is unfinished.
            InterlinguaError: the disk is full or fails; nothing has changed.
        """
        self._check_cursor(None)
        moves = debiasing.transform is not None or is_transformed(self._conn)
        records = []
        if moves:
            records = write_all(
                *(self._conn, self.path, self.settings.dim, debiasing.transform),
                *(self.indexing, progress),
            )
        with self.store.transaction() as conn:
            if moves:
                replace_files(conn, records)
                if self.indexing.tuned:
                    write_indexing(conn, self.indexing.untuned())
            write_debiasing(conn, debiasing)
            log_commit(conn, "debias", 0, 0)
        sweep(self.path, self._conn)

    def check_ready(self) -> None:
        """Refuse what an unfinished build must not go through.

        Raises:
            UsageError: the build is unfinished.
        """
        self._check_cursor(None)

    def close(self) -> None:
        """Close the database and let the next writer in; a second call does nothing."""
        self.store.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _taken(self, batch: Sequence[EncodedDocument]) -> list[str]:
        """List the ids of the index that a batch would take, all chunks of a document together."""
        if self.settings.chunking is None:
            return list(self.existing([encoded.document.id for encoded in batch]))
        wholes = list(dict.fromkeys(document_of(encoded.document) for encoded in batch))
        return [id_ for rows in self.rows_of(wholes).values() for id_ in rows]

    def _check_cursor(self, cursor: int | None) -> None:
        """Let a build alone change an unfinished index, and only forwards."""
        if self.state == "building" and cursor is None:
            raise UsageError(f"{self.path}: its build is unfinished", _FINISH_FIRST)
        if self.state == "ready" and cursor is not None:
            raise UsageError(f"{self.path}: its build is finished", "add without a cursor")
        if cursor is not None and cursor < self.cursor:
            raise UsageError(
                f"{self.path}: cursor {cursor} lies before {self.cursor}", "go on from there"
            )


def _duplicates(batch: Sequence[EncodedDocument], known: Container[str]) -> list[str]:
    """List the ids that are known or come twice, in the order of the batch."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for id_ in (encoded.document.id for encoded in batch):
        if id_ in known or id_ in seen:
            twice[id_] = None
        seen.add(id_)
    return list(twice)
