"""Live vectors into FAISS files; no file is searched before the database names it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from indexer import tables
from indexer.debiasing import searched_between
from indexer.directory import FILES, SCRATCH
from indexer.store import DATABASE
from indexer.transforms import Transform
from indexer.vector_files import FileRecord, write_file

ROWS_A_FILE = 100_000
MAX_VID = 2**63 - 1


def write_next(
    conn: sqlite3.Connection, path: Path, dim: int, transform: Transform | None, first: int
) -> FileRecord | None:
    """Write a file of live vectors, transformed, from vid ``first`` on.

    Args:
        conn: the writer's connection.
        path: the index directory.
        dim: length of a vector.
        transform: what the vectors go through; None leaves them raw.
        first: the lowest vid.

    Returns:
        The file, on disk and checked; None when there is no such vector.

    Raises:
        CorruptError: a vector is damaged.
        InterlinguaError: the disk is full or fails; no file has appeared.
    """
    place = str(path / DATABASE)
    vids, vectors = searched_between(conn, place, transform, dim, first, MAX_VID, ROWS_A_FILE)
    if not len(vids):
        return None
    return write_file(path / FILES, path / SCRATCH, vids, vectors)


def is_compact(conn: sqlite3.Connection) -> bool:
    """Tell whether :func:`write_all` would gain nothing: no dead vector, tail, or small file."""
    files = tables.files(conn)
    fewest = -(-sum(file.rows for file in files) // ROWS_A_FILE)
    return not len(tables.tombstones(conn)) and not tables.tail_size(conn) and len(files) == fewest


def write_all(
    conn: sqlite3.Connection,
    path: Path,
    dim: int,
    transform: Transform | None,
    progress: Callable[[int], None],
) -> list[FileRecord]:
    """Write all live vectors, see :func:`write_next`; ``progress`` takes the number written."""
    records: list[FileRecord] = []
    while record := write_next(
        conn, path, dim, transform, records[-1].last_vid + 1 if records else 0
    ):
        records.append(record)
        progress(sum(written.rows for written in records))
    return records
