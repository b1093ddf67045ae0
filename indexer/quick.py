"""What of an index can be checked in a moment, also when it holds a million documents.

Looked at: every total against the log of commits and the list of FAISS files, the ranges of these
files, their names and sizes, and the checksums of a thousand documents and vectors, spread evenly,
the last hundred among them. Not looked at: the bytes of FAISS files and of all other rows.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from indexer import tables
from indexer.damage import Problem, named_now, range_problems
from indexer.directory import FILES
from indexer.nouns import counted
from indexer.remedies import REPAIR
from indexer.rows import DocumentRow, vector_crc
from indexer.store import DATABASE

SAMPLE = 1000
_LAST = 100
_LONG_TAIL = 50_000
"""Rows behind the last file beyond which counting them takes more than a moment."""

_SAMPLED = f"""
    SELECT {", ".join(f"d.{name}" for name in DocumentRow._fields)}, v.vector, v.crc32
    FROM json_each(?) AS j
    CROSS JOIN documents AS d ON d.vid = (SELECT min(vid) FROM documents WHERE vid >= j.value)
    LEFT JOIN vectors AS v ON v.vid = d.vid
"""  # noqa: S608 - our own columns


def quick_problems(conn: sqlite3.Connection, path: Path, dim: int) -> Iterator[Problem]:
    """Find what a moment can find, reading no more than a few thousand pages.

    Args:
        conn: a connection inside a transaction.
        path: the index directory.
        dim: the dimension of the index.

    Raises:
        CorruptError: SQLite, or the list of FAISS files, is damaged.
    """
    place = str(path / DATABASE)
    documents = int(conn.execute("SELECT count(*) FROM documents").fetchone()[0])
    committed = conn.execute("SELECT coalesce(sum(added - removed), 0) FROM commits").fetchone()[0]
    if documents != committed:
        yield Problem(
            place,
            f"{counted(documents, 'document')}, and {committed:,} by the log of commits",
            REPAIR,
        )
    yield from range_problems(conn, place)
    yield from _filed(conn, place, documents)
    yield from _ends(conn, place)
    yield from _sampled(conn, place, dim)
    yield from _sizes(conn, path)


def _sizes(conn: sqlite3.Connection, path: Path) -> Iterator[Problem]:
    """Look for the FAISS files by name and size."""
    for record in tables.files(conn):
        file = path / FILES / record.name
        if not file.is_file():
            if record.name in named_now(path):  # else it was superseded while we looked
                yield Problem(str(file), "the file is missing", REPAIR)
        elif (found := file.stat().st_size) != record.bytes:
            yield Problem(str(file), f"it has {found:,} bytes instead of {record.bytes:,}", REPAIR)


def _filed(conn: sqlite3.Connection, place: str, documents: int) -> Iterator[Problem]:
    """Hold the rows of all files, less the deleted ones, and the tail against the documents."""
    tail = int(
        conn.execute(
            "SELECT count(*) FROM (SELECT 1 FROM documents WHERE vid > ? LIMIT ?)",
            [tables.sealed_to(conn), _LONG_TAIL],
        ).fetchone()[0]
    )
    if tail == _LONG_TAIL:
        return
    rows = sum(record.rows for record in tables.files(conn))
    dead = int(conn.execute("SELECT count(*) FROM tombstones").fetchone()[0])
    if rows - dead + tail != documents:
        what = (
            f"FAISS files hold {counted(rows, 'vector')}, {dead:,} of them deleted, and "
            f"{tail:,} are in none: that makes {rows - dead + tail:,} for "
            f"{counted(documents, 'document')}"
        )
        yield Problem(place, what, REPAIR)


def _ends(conn: sqlite3.Connection, place: str) -> Iterator[Problem]:
    """Hold the first and the last document against the first and the last vector."""
    for which in ("first", "last"):
        document, vector = (_end(conn, table, which) for table in ("documents", "vectors"))
        if document != vector:
            what = f"the {which} document is row {document}, the {which} vector row {vector}"
            yield Problem(place, what, REPAIR)


def _sampled(conn: sqlite3.Connection, place: str, dim: int) -> Iterator[Problem]:
    """Hold some documents and their vectors against their checksums."""
    first, last = (_end(conn, "documents", which) for which in ("first", "last"))
    if first is None or last is None:
        return
    spread = np.linspace(first, last, SAMPLE - _LAST).astype(np.int64)
    wanted = np.union1d(spread, np.arange(max(first, last - _LAST + 1), last + 1))
    for *columns, vector, crc32 in conn.execute(_SAMPLED, [str(wanted.tolist())]):
        row = DocumentRow._make(columns)
        at = f"{place}: document {row.id!r}"
        if not row.intact():
            yield Problem(at, "the document is damaged", REPAIR)
        if vector is None:
            yield Problem(at, "the document has no vector", REPAIR)
        elif not isinstance(vector, bytes) or len(vector) != 4 * dim:
            yield Problem(at, "its vector has another dimension", REPAIR)
        elif vector_crc(row.vid, vector) != crc32:
            yield Problem(at, "its vector is damaged", REPAIR)


def _end(conn: sqlite3.Connection, table: str, which: str) -> int | None:
    """Find the first or last vid of a table; asked for both at once, SQLite would look at all."""
    function = "min" if which == "first" else "max"
    found = conn.execute(f"SELECT {function}(vid) FROM {table}").fetchone()[0]  # noqa: S608
    return None if found is None else int(found)
