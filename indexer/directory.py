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
from indexer.changes import begin_index
from indexer.disk import disk_errors, sync_directory
from indexer.errors import CorruptError, UsageError
from indexer.lock import WriterLock
from indexer.mounts import refuse_shared
from indexer.pages import page_size
from indexer.remedies import BUILD, RESTORE
from indexer.settings import IndexSettings
from indexer.store import DATABASE, MANIFEST, create_database

LOCK = "LOCK"
FILES = "vectors"
SCRATCH = "tmp"
QUARANTINE = "quarantine.jsonl"
"""Documents that a repair had to give up."""
REJECTS = "rejects.jsonl"
"""Records that the last build or addition refused."""

_OURS = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, FILES, SCRATCH}
_BESIDE = {QUARANTINE, REJECTS, MANIFEST}
_FILE_NAME = re.compile(r"[0-9a-f]{64}\.faiss")


def find_database(path: Path) -> Path:
    """Return the database of an index.

    Raises:
        UsageError: there is no index.
        CorruptError: there are FAISS files, and their database is gone.
    """
    database = path / DATABASE
    if database.exists():
        return database
    if any((path / FILES).glob("*.faiss")):
        raise CorruptError(f"{database}: is missing, and its FAISS files are here", RESTORE)
    raise UsageError(f"{path}: no index here", BUILD)


def make_directory(path: Path) -> WriterLock:
    """Make an index directory with nothing in it yet, or go on with one that a crash left so.

    Returns:
        Its lock, held.

    Raises:
        UsageError: it holds an index already, or something else.
        LockedError: another process is about to make an index here.
        InterlinguaError: it cannot be made, or lies where a lock excludes nobody.
    """
    _refuse_index(path)
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path}: is a file", "name a directory of its own")
    refuse_shared(path)
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in _OURS)
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
    rows = settings.to_row()
    create_database(temporary, lambda conn: begin_index(conn, *rows), page_size(settings.dim))
    with disk_errors(path):
        temporary.rename(path / DATABASE)
        sync_directory(path)
        sync_directory(path.parent)


def make_folders(path: Path) -> None:
    """Make the folders of an index; a copy of an index may have lost empty ones."""
    with disk_errors(path):
        for folder in (FILES, SCRATCH):
            (path / folder).mkdir(exist_ok=True)


def leftovers(path: Path, conn: sqlite3.Connection) -> list[Path]:
    """List what dead writers left: unfinished files, and FAISS files without a row.

    While a writer is at work its files in ``tmp/`` are among them.
    """
    named = {record.name for record in tables.files(conn)}
    orphans = [
        file
        for file in _entries(path / FILES)
        if _FILE_NAME.fullmatch(file.name) and file.name not in named
    ]
    return [*orphans, *(file for file in _entries(path / SCRATCH) if file.is_file())]


def strangers(path: Path) -> list[Path]:
    """List what lies in an index directory and is none of its parts."""
    files = [f for f in _entries(path / FILES) if not _FILE_NAME.fullmatch(f.name)]
    return sorted([*(f for f in _entries(path) if f.name not in _OURS | _BESIDE), *files])


def sweep(path: Path, conn: sqlite3.Connection) -> list[str]:
    """Remove what dead writers left, see :func:`leftovers`.

    Only the holder of the lock may call it.

    Returns:
        What was removed, relative to ``path``.
    """
    make_folders(path)
    orphans = leftovers(path, conn)
    with disk_errors(path):
        for file in orphans:
            file.unlink()
    return sorted(str(file.relative_to(path)) for file in orphans)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
