"""Is an index whole? Every byte that matters is read and held against its checksum."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from indexer import tables
from indexer.audits import damaged_audits, drop_audit
from indexer.damage import (
    Problem,
    damaged_documents,
    damaged_vectors,
    file_states,
    named_now,
    other_scripts,
    range_problems,
)
from indexer.directory import FILES, find_database
from indexer.errors import CorruptError
from indexer.lexical import SINCE as LEXICAL_SINCE
from indexer.lexical import lexical_missing, lexical_problems
from indexer.migrations import SCRIPTS
from indexer.nouns import counted
from indexer.quick import quick_problems
from indexer.remedies import BACKUP, REPAIR
from indexer.repair import RepairReport, repair
from indexer.settings import IndexSettings
from indexer.store import DATABASE, MANIFEST, check_format, connect_reader, translated

__all__ = ["Problem", "RepairReport", "repair", "verify"]

_ALWAYS_COUNTED = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM vectors)"


def verify(path: str | Path, quick: bool = False) -> list[Problem]:
    """Check an index without changing it; a writer may be at work meanwhile.

    Args:
        path: the index directory.
        quick: look at what takes a moment, see :mod:`indexer.quick`, not at every byte.

    Returns:
        What is wrong, empty when the index is whole.

    Raises:
        UsageError: there is no index.
        IncompatibleError: made by a newer version.
    """
    path = Path(path)
    database = find_database(path)
    problems: list[Problem] = []
    try:
        with translated(database), closing(connect_reader(database)) as conn:
            conn.execute("BEGIN")
            number = check_format(conn, database)
            for found in _checks(conn, path, number, quick):
                problems.append(found)  # noqa: PERF402 - what was found before an error stays
    except CorruptError as error:
        what = error.message.removeprefix(f"{database}: ")
        problems.append(Problem(str(database), what, error.remedy or REPAIR))
    if database.with_name(MANIFEST).exists():  # nothing is mended in a backup
        return [replace(p, remedy=BACKUP) if p.remedy == REPAIR else p for p in problems]
    return problems


def _checks(conn: sqlite3.Connection, path: Path, number: int, quick: bool) -> Iterator[Problem]:
    database = path / DATABASE
    settings = tables.read_settings(conn, database)
    if quick:
        yield from quick_problems(conn, path, settings.dim)
        if number >= LEXICAL_SINCE:
            for what in lexical_missing(conn, filled=settings.lexical):
                yield Problem(str(database), what, REPAIR)
        return
    yield from _counts(conn, str(database))
    yield from _structure(conn, str(database))
    damaged = (*damaged_documents(conn), *damaged_vectors(conn, settings.dim))
    for row in damaged:
        name = f"row {row.vid}" if row.id is None else f"document {row.id!r}"
        yield Problem(f"{database}: {name}", row.what, REPAIR)
    if number >= SCRIPTS:
        yield from _scripts(conn, database, {row.vid for row in damaged})
    for id_ in damaged_audits(conn, number):
        yield Problem(f"{database}: audit {id_}", "the audit is damaged", drop_audit(id_))
    yield from range_problems(conn, str(database))
    if number >= LEXICAL_SINCE:
        for what in lexical_problems(conn, filled=settings.lexical):
            yield Problem(str(database), what, REPAIR)
    yield from _files(conn, path, settings)


def _scripts(conn: sqlite3.Connection, database: Path, damaged: set[int]) -> Iterator[Problem]:
    """Hold the stored scripts against the texts that are whole."""
    for vid, id_, stored, meant in other_scripts(conn):
        if vid not in damaged:
            what = f"its script is stored as {stored}, and its text is in {meant}"
            yield Problem(f"{database}: document {id_!r}", what, REPAIR)


def _structure(conn: sqlite3.Connection, place: str) -> Iterator[Problem]:
    """Ask SQLite about its trees and indexes."""
    for (said,) in conn.execute("PRAGMA integrity_check(20)"):
        if said != "ok":
            yield Problem(place, f"SQLite says: {said}", REPAIR)


def _counts(conn: sqlite3.Connection, place: str) -> Iterator[Problem]:
    """Hold the number of documents against vectors and against what was committed."""
    documents, vectors = conn.execute(_ALWAYS_COUNTED).fetchone()
    committed = conn.execute("SELECT coalesce(sum(added - removed), 0) FROM commits").fetchone()[0]
    if documents != vectors:
        yield Problem(
            place, f"{counted(documents, 'document')} and {counted(vectors, 'vector')}", REPAIR
        )
    if documents != committed:
        yield Problem(
            place,
            f"{counted(documents, 'document')}, and {committed:,} by the log of commits",
            REPAIR,
        )


def _files(conn: sqlite3.Connection, path: Path, settings: IndexSettings) -> Iterator[Problem]:
    """Check the FAISS files; one that was superseded while we looked is no problem."""
    suspects = [state for state in file_states(conn, path / FILES, settings.dim) if state.problem]
    if not suspects:
        return
    named = named_now(path)
    for state in suspects:
        if state.record.name in named:
            yield Problem(str(path / FILES / state.record.name), str(state.problem), REPAIR)
