"""Writing an index: one process, one connection, one transaction a batch.

The SQLite commit is the only commit point. When ``add`` or ``delete`` has returned, its batch is
on disk; when it has raised, or the process has died in it, the batch never was.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from indexer import tables
from indexer.batches import Change, apply, numbered, prepared
from indexer.changes import change_settings, end_build, log_commit, remove_documents, remove_vids
from indexer.contents import Contents
from indexer.debiasing import Debiasing
from indexer.directory import LOCK, find_database, make_directory, place_database, sweep
from indexer.drafts import Drafts
from indexer.errors import UsageError
from indexer.filing import Filing
from indexer.kinds import Indexing, Plan
from indexer.lock import WriterLock
from indexer.records import EncodedDocument, Filter, Vectors
from indexer.rows import check_vectors
from indexer.settings import IndexSettings
from indexer.stages import Stages, untold
from indexer.store import DATABASE, WriteStore, translated
from indexer.wholes import ids_that_pass

SEAL_AT = 10_000
"""Documents in the tail that make a FAISS file worth its while."""

_FINISH_FIRST = "run `interlingua build` again to finish it"


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
                self._settle()
                self.state, self.cursor = tables.read_progress(self._conn)
                sweep(path, self._conn)
        except BaseException:
            self.close()
            raise

    def _settle(self) -> None:
        """Read the settings, and make what depends on them."""
        self.settings = tables.read_settings(self._conn, self._database)
        self.contents = Contents(self._conn, self._database, self.settings)
        """What it holds."""
        self.filing = Filing(self.store, self.path, self.settings.dim)
        """Its FAISS files."""

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
        find_database(path)
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
        self._check_cursor(cursor)
        with translated(self._database):
            change = prepared(
                *(self._conn, self.contents, self.settings, batch), replace=replace, cursor=cursor
            )
        self._commit(change)

    @contextmanager
    def adding(self, drafts: Drafts, vectors: Vectors, cursor: int) -> Iterator[None]:
        """Commit a batch of an import while the block runs: after it, it is on disk.

        SQLite and the disk work in a thread of their own, and the block must not use the writer.
        When the block raises, the batch is committed all the same.

        Args:
            drafts: n documents that the index does not hold, no two of one id.
            vectors: (n, dim) float32, theirs.
            cursor: corpus records consumed with this batch.

        Raises:
            UsageError: there is no build.
            InputError: a vector that is refused; the block is not run.
            InterlinguaError: when the block ends: the disk is full or fails; nothing is written.
        """
        self._check_cursor(cursor)
        checked = check_vectors(vectors, self.settings.dim, lambda i: drafts.places[i])
        with translated(self._database):
            change = numbered(self._conn, drafts, checked, cursor)
        with ThreadPoolExecutor(1) as pool:
            committed = pool.submit(self._commit, change)
            try:
                yield
            finally:
                committed.result()

    def _commit(self, change: Change) -> None:
        if not change.rows.documents and change.cursor is None:
            return
        with self.store.transaction() as conn:
            apply(conn, change, lexical=self.settings.lexical)
        self.cursor = self.cursor if change.cursor is None else change.cursor

    def delete(self, ids: Sequence[str]) -> list[str]:
        """Remove documents from every later answer, in one transaction.

        Returns:
            The ids that the index does not hold, in the order given.

        Raises:
            UsageError: the build is unfinished.
        """
        self._check_cursor(None)
        known = self.contents.rows_of(ids)
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

    def begin_again(self, describe: Callable[[], IndexSettings]) -> None:
        """Fix the index to other settings, as long as its build has not committed anything.

        What it began with may have been a mistake; after the first batch nothing changes here, and
        ``describe``, which may load an encoder, is not called. The database keeps the size of its
        pages.
        """
        if self.state != "building" or self.cursor or tables.files(self._conn):
            return
        if (settings := describe()) != self.settings:
            with self.store.transaction() as conn:
                change_settings(conn, *settings.to_row())
            self._settle()
        self.ask_for(Indexing())

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

    def seal(self, stages: Stages = untold) -> None:
        """Put the tail into a FAISS file if it has grown to :data:`SEAL_AT` documents.

        Call it between batches. Losing it, or losing the file, loses no document. Where the index
        is of an approximate kind, or has grown to be one, all its files are written anew once
        a quarter of the vectors lie outside the main one; a build leaves that to its end.

        Args:
            stages: told how far the writing is.

        Raises:
            InterlinguaError: the disk is full or fails; the tail is searched as before.
            CorruptError: a vector of the tail is damaged.
        """
        if tables.tail_size(self._conn) < SEAL_AT:
            return
        plan = self.filing.plan()
        if plan.exact or (self.state == "ready" and not self.filing.is_overgrown(plan)):
            self.filing.seal_tail(stages)
        elif self.state == "ready":
            self.filing.write_anew("seal", self.filing.indexing, stages)

    def finish(self, stages: Stages = untold) -> None:
        """End the build: seal the tail whatever its size, then call the index ready.

        Args:
            stages: told how far the writing is.
        """
        plan = self.filing.plan()
        if self.state == "building" and not plan.exact and self.filing.is_overgrown(plan):
            self.filing.write_anew("seal", self.filing.indexing, stages)
        else:
            self.filing.seal_tail(stages)
        if self.state == "building":
            with self.store.transaction() as conn:
                end_build(conn)
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

    def reindex(self, indexing: Indexing, stages: Stages = untold) -> Plan:
        """Write all FAISS files anew, in another kind; nothing is encoded.

        One transaction names them in the place of the old ones; until then every answer is the
        one of before. What was deleted leaves the files, too.

        Args:
            indexing: what kind the index is to be.
            stages: told how far the writing is.

        Raises:
            UsageError: the build is unfinished.
            CorruptError: a vector is damaged.
            InterlinguaError: the disk is full or fails; nothing has changed.
        """
        self._check_cursor(None)
        self.filing.write_anew("reindex", indexing, stages)
        return self.filing.plan()

    def debias(self, debiasing: Debiasing, stages: Stages = untold) -> None:
        """Apply a transform to all documents, and keep it for those to come; nothing is encoded.

        The FAISS files are written anew from the raw vectors, unless these are searched before and
        after; then one transaction names them in the place of the old ones. Until then every
        answer is the one of before.

        Args:
            debiasing: what to do; :data:`~indexer.debiasing.NOTHING` undoes it.
            stages: told how far the writing is.

        Raises:
            UsageError: the build is unfinished.
            InterlinguaError: the disk is full or fails; nothing has changed.
        """
        self._check_cursor(None)
        self.filing.debias(debiasing, stages)

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
