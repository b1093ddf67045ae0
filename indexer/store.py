"""The SQLite side: connections, transactions, and what SQLite's errors mean.

Exactly one connection writes or checkpoints an index, the one of :class:`WriteStore`, and its
owner holds the writer's lock. Besides the promise to readers this keeps clear of a corruption
that SQLite 3.7.0 to 3.51.2 can run into when two connections checkpoint at once. Nothing here or
elsewhere opens the database file other than through SQLite: closing such a handle would drop the
locks that SQLite holds.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from indexer.conditions import text_number
from indexer.deferred import lacks_only_it
from indexer.errors import (
    CorruptError,
    IncompatibleError,
    InterlinguaError,
    LockedError,
    UsageError,
)
from indexer.lexical import SHADOWS
from indexer.migrations import APPLICATION_ID, FORMAT, MIGRATIONS
from indexer.mounts import mount_of
from indexer.remedies import RESTORE, ROOM

DATABASE = "interlingua.db"
MANIFEST = "manifest.json"
"""Only a backup has it."""

_BUSY_SECONDS = 10.0
_WRITER_CACHE = 128 << 20


class WriteStore:
    """The one connection that writes.

    Args:
        database: an existing file; migrated to the newest format.

    Raises:
        UsageError: the database of a backup.
        CorruptError: not a database, or not one of ours.
        IncompatibleError: made by a newer version; not touched.
    """

    def __init__(self, database: Path) -> None:
        self._path = database
        self._failed = False
        if database.with_name(MANIFEST).exists():
            raise UsageError(
                f"{database.parent}: is a backup, which nothing writes to",
                "make an index of it with `interlingua restore`",
            )
        with translated(database):
            with closing(connect_reader(database)) as conn:
                check_format(conn, database)
            self._db = _open_database(database)
            MIGRATIONS.apply(self._db)
        self.conn = self._db.conn

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed and synced to disk when the block ends, or as if never begun.

        After an input/output error nothing more is written: what reached the disk is known only
        after opening anew, and a second fsync may report success for what the first one lost.
        """
        if self._failed:
            raise InterlinguaError(
                f"{self._path}: an earlier write failed", "close the index and open it again"
            )
        try:
            with translated(self._path), self._db.atomic():
                yield self.conn
        except InterlinguaError as error:
            cause = error.__cause__
            self._failed = isinstance(cause, sqlite3.Error) and _code(cause) == sqlite3.SQLITE_IOERR
            raise

    def fold(self) -> bool:
        """Fold the write-ahead log into the database and empty it.

        Waits some seconds for readers.

        Returns:
            Whether it was emptied; a reader that holds an earlier state keeps it.
        """
        with translated(self._path):
            busy = self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def erase(self, scratch: Path) -> None:
        """Write the whole database anew, so that nothing deleted is left in it or in its log.

        Args:
            scratch: where SQLite may put what does not fit into memory.

        Raises:
            LockedError: a reader holds an earlier state; nothing else has changed.
        """
        quoted = str(scratch.resolve()).replace("'", "''")
        with translated(self._path):
            self.conn.execute("PRAGMA secure_delete = ON")
            self.conn.execute(f"PRAGMA temp_store_directory = '{quoted}'")
            try:
                self.conn.execute("VACUUM")
            finally:
                self.conn.execute("PRAGMA temp_store_directory = ''")
        if not self.fold():
            raise LockedError(
                f"{self._path.parent}: somebody still reads an earlier state, and it stays on disk",
                "run the command again when that search or audit has ended",
            )

    def close(self) -> None:
        """Close the connection; the last one out folds the write-ahead log into the database."""
        self._db.close()


def create_database(
    database: Path, fill: Callable[[sqlite3.Connection], None], page_bytes: int = 4096
) -> None:
    """Make a new database file with the newest schema and its first rows.

    The file is complete by itself when this returns: it turns to write-ahead logging only after
    the last commit, so that nothing waits in a log that renaming the file would leave behind.

    Args:
        database: the file; must not exist.
        fill: inserts the first rows, inside a transaction.
        page_bytes: size of its pages; a power of two.
    """
    with translated(database), closing(sqlite3.connect(database)) as conn:
        conn.execute(f"PRAGMA page_size = {page_bytes}")
        conn.execute("PRAGMA synchronous = FULL")
        db = Database(conn, execute_plugins=False)
        MIGRATIONS.apply(db)
        with db.atomic():
            fill(conn)
        mode = conn.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise InterlinguaError(
            f"{database}: this file system cannot share memory between processes",
            "put the index on a local disk",
        )


def connect_reader(database: Path) -> sqlite3.Connection:
    """Open a connection that cannot write; several threads may use it one after another.

    On a medium where SQLite cannot make its shared-memory file, and on file systems that several
    machines share, the database is read as immutable, which is sound only when no write-ahead log
    waits to be read and nobody writes.

    Raises:
        InterlinguaError: it cannot be opened.
    """
    with translated(database):
        uri = f"{database.resolve().as_uri()}?mode=ro"
        if _is_remote(database):
            conn = _connect(f"{uri}&immutable=1")
        else:
            conn = _connect_shared(uri, database)
        conn.execute("PRAGMA query_only = ON")
    return conn


def _connect_shared(uri: str, database: Path) -> sqlite3.Connection:
    """Connect beside a writer, or to a medium that cannot be written to."""
    try:
        conn = _connect(uri)
        conn.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        refused = _code(error) in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
        if not refused or _log_waits(database):
            raise
        return _connect(f"{uri}&immutable=1")
    return conn


def _is_remote(database: Path) -> bool:
    """Tell whether a database lies where memory is not shared with whoever may write to it.

    Raises:
        InterlinguaError: it does, and a log waits to be read.
    """
    mount = mount_of(database.parent)
    if mount is None or mount.objection is None:
        return False
    if _log_waits(database):
        raise InterlinguaError(
            f"{database}: is being written to, or its last writer was killed, and cannot be read "
            f"over {mount.objection} ({mount.kind} at {mount.point}) meanwhile",
            "read it on the machine that holds it, or when the writer has finished",
        )
    return True


def _log_waits(database: Path) -> bool:
    log = database.with_name(f"{database.name}-wal")
    return log.exists() and log.stat().st_size > 0


def check_format(conn: sqlite3.Connection, database: Path) -> int:
    """Refuse a database that is not ours or is newer than we are.

    Call it inside a transaction, unless the writer's lock is held: a writer that begins at the
    same time may migrate the database between two questions.

    Returns:
        Its format number.

    Raises:
        CorruptError: not an index of interlingua, or with tables, indexes or triggers that are
            not ours.
        IncompatibleError: made by a newer version.
    """
    with translated(database):
        application = conn.execute("PRAGMA application_id").fetchone()[0]
        number = int(conn.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION_ID:
        raise CorruptError(f"{database}: not a database of interlingua", RESTORE)
    if number > FORMAT:
        raise IncompatibleError(
            f"{database}: format {number}, and this version reads up to {FORMAT}",
            "upgrade interlingua",
        )
    with translated(database):
        found, ours = schema_of(conn), _our_schema(number) if number > 0 else None
        if ours is None or (found != ours and not lacks_only_it(conn, found, ours)):
            raise CorruptError(f"{database}: the schema is not the one we made", RESTORE)
    return number


def schema_of(conn: sqlite3.Connection) -> list[tuple[str, ...]]:
    """List every table, index, view and trigger with its SQL.

    Without the SQL of what FTS5 makes for itself, which depends on the version of SQLite.
    """
    own = {MIGRATIONS.migrations_table}  # how it looks depends on the version of sqlite-utils
    rows = conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
    return [
        row[:3] if row[0] == "table" and row[1] in SHADOWS else row
        for row in rows
        if not row[1].startswith("sqlite_") and row[1] not in own
    ]


@cache
def _our_schema(number: int) -> list[tuple[str, ...]]:
    """List the schema of a format, made by the migrations up to its number."""
    with closing(Database(memory=True, execute_plugins=False)) as db:
        later = [migration.name for migration in MIGRATIONS.pending(db)[number:]]
        MIGRATIONS.apply(db, stop_before=later)
        return schema_of(db.conn)


@contextmanager
def translated(database: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, with the place and the remedy."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # our own mistake, which no remedy of the user's can mend
    except sqlite3.Error as error:
        raise _translate(error, database) from error
    except UnicodeDecodeError as error:  # damage that SQLite quotes in its own message
        raise CorruptError(f"{database}: the database is damaged", RESTORE) from error


def _translate(error: sqlite3.Error, database: Path) -> InterlinguaError:
    """Find the class and the remedy that belong to an error of SQLite."""
    code, said = _code(error), f"{database}: {error}"
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return CorruptError(said, RESTORE)
    if code == sqlite3.SQLITE_FULL:
        return InterlinguaError(said, ROOM)
    if code == sqlite3.SQLITE_IOERR:
        return InterlinguaError(
            said,
            "look for a full disk, a quota or a failing disk, then run the command again; "
            "nothing committed is lost",
        )
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
        return InterlinguaError(
            said, "check the permissions, or copy the whole directory to where you may write"
        )
    if code == sqlite3.SQLITE_BUSY:
        return InterlinguaError(said, "another program holds the database; try again")
    return CorruptError(said, RESTORE)


def _code(error: sqlite3.Error) -> int:
    """Primary result code of SQLite; 0 when Python itself raised the error."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _open_database(database: Path) -> Database:
    conn = _connect(f"{database.resolve().as_uri()}?mode=rw", isolated=True)
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("PRAGMA foreign_keys = ON")
    # Room for the pages of one large batch and for the inner pages of the indexes: what does not
    # fit is written, read and written again.
    conn.execute(f"PRAGMA cache_size = -{_WRITER_CACHE >> 10}")
    return Database(conn, execute_plugins=False)


def _connect(uri: str, *, isolated: bool = False) -> sqlite3.Connection:
    """Connect, trusting nothing that the file says.

    Args:
        uri: a ``file:`` URI.
        isolated: Python's own transaction handling, which sqlite-utils expects.
    """
    conn = sqlite3.connect(
        uri,
        uri=True,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
        isolation_level="DEFERRED" if isolated else None,
    )
    # Text that is no UTF-8 any more must reach the checksum, which then names the document.
    conn.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        conn.execute(f"PRAGMA {pragma}")
    conn.create_function("json_number", 1, json.dumps, deterministic=True)
    conn.create_function("text_number", 1, text_number, deterministic=True)
    return conn
