"""The index directory: what lies in it, and how a new one comes into being.

interlingua.db    the truth: documents, raw vectors, settings, the list of FAISS files
LOCK              held by the one process that writes
vectors/          FAISS files, named by their SHA-256
tmp/              files that do not have their name yet; whatever a dead process left there
                  goes when the next writer opens the index
"""

import re
import secrets
import sqlite3
from pathlib import Path

from indexer import tables
from indexer.changes import log_commit
from indexer.errors import InterlinguaError, UsageError
from indexer.lock import WriterLock
from indexer.settings import IndexSettings
from indexer.store import DATABASE, create_database
from indexer.vectors import sync_directory

LOCK = "LOCK"
FILES = "vectors"
SCRATCH = "tmp"

_OURS = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, FILES, SCRATCH}
_FILE_NAME = re.compile(r"[0-9a-f]{64}\.faiss")


def make_directory(path: Path) -> WriterLock:
    """Make an index directory with nothing in it yet, or go on with one that a crash left so.

    Returns:
        Its lock, held.

    Raises:
        UsageError: it holds an index already, or something else.
        LockedError: another process is about to make an index here.
        InterlinguaError: it cannot be made.
    """
    _refuse_index(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in _OURS)
    except FileExistsError as error:
        raise UsageError(f"{path}: is a file", "name a directory of its own") from error
    except OSError as error:
        raise InterlinguaError(
            f"{path}: cannot be made: {error.strerror}", "check who may write there"
        ) from error
    if foreign:
        raise UsageError(
            f"{path}: holds other files ({foreign[0]!r})", "name a directory of its own"
        )
    lock = WriterLock(path / LOCK)
    try:
        _refuse_index(path)  # somebody may have made one before we had the lock
    except UsageError:
        lock.release()
        raise
    return lock


def _refuse_index(path: Path) -> None:
    if (path / DATABASE).exists():
        raise UsageError(f"{path}: there is an index already", "name another directory")


def place_database(path: Path, settings: IndexSettings) -> None:
    """Put a complete database into a directory whose lock is held.

    It is made under another name and renamed, so that a crash leaves an index or none.
    """
    make_folders(path)
    temporary = path / SCRATCH / f"{secrets.token_hex(8)}.db"
    store = create_database(temporary)
    try:
        with store.transaction() as conn:
            conn.execute(
                "INSERT INTO settings (one, json, crc32) VALUES (1, ?, ?)", settings.to_row()
            )
            conn.execute("INSERT INTO progress (one, state, cursor) VALUES (1, 'building', 0)")
            log_commit(conn, "create", 0, 0)
    finally:
        store.close()
    temporary.rename(path / DATABASE)
    sync_directory(path)
    sync_directory(path.parent)


def make_folders(path: Path) -> None:
    """Make the folders of an index; a copy of an index may have lost empty ones."""
    for folder in (FILES, SCRATCH):
        (path / folder).mkdir(exist_ok=True)


def sweep(path: Path, conn: sqlite3.Connection) -> list[str]:
    """Remove what dead writers left: unfinished files, and FAISS files without a row.

    Only the holder of the lock may call it.

    Returns:
        What was removed, relative to ``path``.
    """
    make_folders(path)
    named = {record.name for record in tables.files(conn)}
    orphans = [
        file
        for file in (path / FILES).iterdir()
        if _FILE_NAME.fullmatch(file.name) and file.name not in named
    ]
    orphans.extend(file for file in (path / SCRATCH).iterdir() if file.is_file())
    for file in orphans:
        file.unlink()
    return sorted(str(file.relative_to(path)) for file in orphans)
