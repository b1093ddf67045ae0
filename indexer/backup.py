"""A copy of an index that is an index itself, taken while others read and write.

SQLite copies one state of the database; the FAISS files of that state never change, so that they
are linked where the file system can and copied where it cannot. Nothing waits for anybody: the
writer goes on, and what it commits meanwhile is not in the copy.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from io import BufferedReader
from pathlib import Path

from indexer import tables
from indexer.directory import FILES, QUARANTINE, SCRATCH, find_database
from indexer.disk import disk_errors
from indexer.errors import CorruptError
from indexer.manifest import BackupFile, Manifest, checksum, write_manifest
from indexer.nouns import counted
from indexer.records import Filter
from indexer.remedies import REPAIR
from indexer.staging import new_directory, refuse_occupied
from indexer.store import DATABASE, check_format, connect_reader, translated
from indexer.verify import verify

_ATTEMPTS = 5
_PAGES = 4096
"""Pages of a database that are copied at a time."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was copied."""

    path: Path
    """Where the backup is."""
    documents: int
    commit: int
    """Number of the last transaction that is in it."""
    files: int
    bytes: int
    linked: int
    """Files that share their bytes on the disk with the index."""


def backup(
    path: str | Path,
    output: str | Path,
    *,
    copy: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> BackupReport:
    """Copy one state of an index, which may be searched and written to meanwhile.

    The backup is checked as `interlingua verify` does before it appears. It is an index that can be
    searched, and that nothing writes to; :func:`~indexer.restore.restore` makes one of it that can.

    Args:
        path: the index directory.
        output: the directory of the backup; must not exist, or be empty.
        copy: copy FAISS files also where they could share their bytes with those of the index.
        progress: called with the number of documents copied.

    Raises:
        UsageError: there is no index, or something at ``output``.
        IncompatibleError: the index was made by a newer version.
        CorruptError: the index is damaged; there is no backup.
        InterlinguaError: the disk is full or fails; there is no backup.
    """
    path, output = Path(path), Path(output)
    find_database(path)
    refuse_occupied(output)
    with new_directory(output) as part:
        documents, commit, linked = _copy_state(path, part, copy, progress)
        check_whole(part, path)
        manifest = Manifest(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            version=version("interlingua"),
            documents=documents,
            commit=commit,
            files=_listed(part),
        )
        write_manifest(part, manifest)
    size = sum(file.bytes for file in manifest.files)
    return BackupReport(output, documents, commit, len(manifest.files), size, linked)


def check_whole(part: Path, source: Path) -> None:
    """Refuse a copy that `interlingua verify` would complain of.

    Raises:
        CorruptError: naming what is wrong, and the directory it was copied from.
    """
    problems = verify(part)
    for log in ("-wal", "-shm"):  # what reading it has left
        (part / f"{DATABASE}{log}").unlink(missing_ok=True)
    if problems:
        first = problems[0]
        where = first.place.replace(str(part), str(source))
        more = f", and {counted(len(problems) - 1, 'problem')} more" if len(problems) > 1 else ""
        raise CorruptError(f"{where}: {first.what}{more}", first.remedy)


def place_file(source: BufferedReader, origin: Path, target: Path, *, copy: bool) -> bool:
    """Link or copy a file that never changes; it is on disk when this returns.

    Args:
        source: the file, open.
        origin: its name; what it names now may be gone.
        target: the new name.
        copy: do not link.

    Returns:
        Whether it was linked.
    """
    if not copy:
        try:
            os.link(origin, target, follow_symlinks=False)
        except OSError:  # another file system, one without links, or a file of somebody else
            pass
        else:
            return True
    with target.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    return False


def _copy_state(
    path: Path, part: Path, copy: bool, progress: Callable[[int], None]
) -> tuple[int, int, int]:
    """Copy the newest state; return its documents, its commit and how many files are links."""
    for folder in (FILES, SCRATCH):
        (part / folder).mkdir()
    with _state(path) as (conn, files):
        documents = sum(tables.language_counts(conn, Filter()).values())
        linked = 0
        with disk_errors(part):
            for name, file in files.items():
                linked += place_file(
                    file, path / name, part / name, copy=copy or name == QUARANTINE
                )
        _copy_database(conn, part / DATABASE, lambda share: progress(round(share * documents)))
        return documents, tables.last_commit(conn), linked


def _copy_database(
    conn: sqlite3.Connection, target: Path, progress: Callable[[float], None]
) -> None:
    """Copy the state that a connection's transaction sees into a new file, on disk when done.

    Args:
        conn: a connection inside a transaction; writers go on meanwhile.
        target: the file; must not exist.
        progress: called with the share that is copied, in [0, 1].
    """

    def show(_status: int, left: int, total: int) -> None:
        progress(1 - left / max(total, 1))

    with translated(target), closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA synchronous = FULL")
        conn.backup(copy, pages=_PAGES, progress=show)


@contextmanager
def _state(path: Path) -> Iterator[tuple[sqlite3.Connection, dict[str, BufferedReader]]]:
    """Hold the newest state: a transaction, and every file that it names, open."""
    database = path / DATABASE
    missing: tuple[int, str] = (-1, "")
    for _ in range(_ATTEMPTS):
        with translated(database), closing(connect_reader(database)) as conn, ExitStack() as opened:
            conn.execute("BEGIN")
            check_format(conn, database)
            seq = tables.last_commit(conn)
            if seq == missing[0]:
                break
            try:
                files = {
                    name: opened.enter_context((path / name).open("rb"))
                    for name in _names(conn, path)
                }
            except FileNotFoundError as error:  # superseded since, unless nothing changed
                missing = (seq, str(error.filename))
                continue
            yield conn, files
            return
    raise CorruptError(f"{missing[1]}: this file of the index is missing", REPAIR)


def _names(conn: sqlite3.Connection, path: Path) -> list[str]:
    names = [f"{FILES}/{record.name}" for record in tables.files(conn)]
    return [*names, *([QUARANTINE] if (path / QUARANTINE).exists() else [])]


def _listed(part: Path) -> list[BackupFile]:
    """List the files of a finished copy, the database among them."""
    files = sorted(file for file in part.rglob("*") if file.is_file())
    return [BackupFile(str(file.relative_to(part)), *checksum(file)) for file in files]
