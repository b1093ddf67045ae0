"""What the database says of an index, held against the directory and the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from indexer import tables
from indexer.directory import QUARANTINE, leftovers, strangers
from indexer.doctor import holder
from indexer.doctor.finding import Finding, failure, ok
from indexer.doctor.place import examine_memory, examine_room, megabytes
from indexer.errors import InterlinguaError
from indexer.migrations import FORMAT
from indexer.nouns import counted
from indexer.quick import quick_problems
from indexer.settings import IndexSettings
from indexer.store import DATABASE, MANIFEST, check_format, connect_reader, translated

_LARGE_LOG = 64 << 20
_MANY_DEAD = 0.2
"""Share of the vectors in FAISS files from which on it is worth while to write them anew."""
_MARGIN = 1 << 20
"""For what SQLite writes beside a FAISS file."""


class Contents(NamedTuple):
    """What was found, and what made the index; None when its settings cannot be read."""

    findings: list[Finding]
    settings: IndexSettings | None


def examine_contents(path: Path, writing: bool) -> Contents:
    """Read the database of an index as far as it can be read.

    Args:
        path: the index directory.
        writing: a writer is at work, whose unfinished files are no leftovers.
    """
    database, findings = path / DATABASE, list[Finding]()
    settings = None
    try:
        with translated(database), closing(connect_reader(database)) as conn:
            conn.execute("BEGIN")
            number = check_format(conn, database)
            settings = tables.read_settings(conn, database)
            for found in _findings(conn, path, number, settings, writing):
                findings.append(found)
    except InterlinguaError as error:
        findings.append(failure("index", error))
    return Contents(findings, settings)


def examine_log(path: Path, locks: str | None) -> Iterator[Finding]:
    """Look at the size of the write-ahead log, and who keeps it from being folded in."""
    log = path / f"{DATABASE}-wal"
    size = log.stat().st_size if log.exists() else 0
    reading = holder.readers(path / f"{DATABASE}-shm", locks or "")
    if size < _LARGE_LOG:
        yield ok("write-ahead log", megabytes(size))
        return
    what, remedy = (
        f"{megabytes(size)}",
        "open the index with any command that writes: it folds it in",
    )
    if reading:
        what += f"; kept by {', '.join(map(holder.describe, reading))}, reading an old state"
        remedy = "let these programs finish or restart them; the next commit folds it in"
    yield Finding("warning", "write-ahead log", what, remedy)


def _findings(
    conn: sqlite3.Connection, path: Path, number: int, settings: IndexSettings, writing: bool
) -> Iterator[Finding]:
    yield _format(number)
    yield _state(conn, path, writing)
    problems = list(quick_problems(conn, path, settings.dim))
    for problem in problems:
        yield Finding("error", "index", f"{problem.place}: {problem.what}", problem.remedy, 8)
    if not problems:
        yield ok("index", "nothing wrong at a quick look (`interlingua verify` reads every byte)")
    yield from _dead(conn)
    yield from _leftovers(conn, path, writing)
    yield from _sizes(conn, path, settings.dim)


def _format(number: int) -> Finding:
    if number == FORMAT:
        return ok("format", str(number))
    what = f"{number}; the newest is {FORMAT}"
    return Finding("note", "format", what, "nothing: the next command that writes migrates it")


def _state(conn: sqlite3.Connection, path: Path, writing: bool) -> Finding:
    if (path / MANIFEST).exists():
        remedy = "make an index of it with `interlingua restore`"
        return Finding(
            "note", "state", "a backup: it is searched, and nothing writes to it", remedy
        )
    state, cursor = tables.read_progress(conn)
    documents = conn.execute("SELECT count(*) FROM documents").fetchone()[0]
    if state == "ready":
        return ok("state", f"ready, {counted(documents, 'document')}")
    if writing:
        return Finding(
            "note", "state", f"being built: {counted(cursor, 'record')} so far", "nothing"
        )
    what = (
        f"its build stopped behind record {cursor:,}, with {counted(documents, 'document')} in it"
    )
    return Finding("warning", "state", what, "run the command that built it again, it goes on")


def _dead(conn: sqlite3.Connection) -> Iterator[Finding]:
    """Say when much of what is searched was deleted."""
    dead, rows = len(tables.tombstones(conn)), sum(r.rows for r in tables.files(conn))
    if dead > _MANY_DEAD * rows:
        belong = "belongs" if dead == 1 else "belong"
        what = f"{dead:,} of {counted(rows, 'vector')} in FAISS files {belong} to deleted documents"
        remedy = "run `interlingua compact`, or `interlingua purge` to remove their bytes"
        yield Finding("note", "deleted documents", what, remedy)


def _leftovers(conn: sqlite3.Connection, path: Path, writing: bool) -> Iterator[Finding]:
    left = leftovers(path, conn)
    if left and not writing:
        size = megabytes(sum(file.stat().st_size for file in left))
        names = _names(path, left)
        what = f"{len(left)} left by a writer that was killed, {size}: {names}"
        yield Finding("note", "orphan files", what, "nothing: the next writer removes them")
    elif not left:
        yield ok("orphan files", "none")
    if foreign := strangers(path):
        what = f"{len(foreign)} that are no part of an index: {_names(path, foreign)}"
        yield Finding("note", "foreign files", what, "move them elsewhere; nothing here reads them")
    quarantine = path / QUARANTINE
    if quarantine.exists():
        with quarantine.open("rb") as file:
            number = sum(1 for _ in file)
        what = f"{quarantine}: {counted(number, 'document')} that a repair had to give up"
        remedy = "check them, add them with `interlingua add`, remove the file"
        yield Finding("warning", "quarantine", what, remedy)


def _names(path: Path, files: list[Path]) -> str:
    shown = ", ".join(str(file.relative_to(path)) for file in files[:3])
    return f"{shown}, …" if len(files) > 3 else shown


def _sizes(conn: sqlite3.Connection, path: Path, dim: int) -> Iterator[Finding]:
    """Work out what sealing, rewriting and searching take."""
    records = tables.files(conn)
    size, rows = sum(r.bytes for r in records), sum(r.rows for r in records)
    a_row = max(4 * dim + 8, -(-size // rows) if rows else 0)
    tail = tables.tail_size(conn)
    documents = int(conn.execute("SELECT count(*) FROM documents").fetchone()[0])
    seal, rewrite = tail * a_row + _MARGIN, documents * a_row + _MARGIN
    # VACUUM writes the database to a temporary file and then to the log.
    erase = rewrite + 2 * (path / DATABASE).stat().st_size
    yield from examine_room(path, seal, rewrite, erase)
    yield from examine_memory(size + tail * a_row)
