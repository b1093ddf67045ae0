"""Live vectors into FAISS files; no file is searched before the database names it."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from indexer import tables
from indexer.debiasing import searched_at, searched_between
from indexer.directory import FILES, SCRATCH
from indexer.kinds import Indexing
from indexer.records import Vectors
from indexer.store import DATABASE
from indexer.transforms import Transform
from indexer.vector_files import FileRecord, write_file, write_segment
from indexer.vectors import Vids, make_segment

ROWS_A_FILE = 100_000
_BLOCK = 10_000
_TRAINED_ON = 65_536
_A_CLUSTER = 40
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
    indexing: Indexing,
    progress: Callable[[int], None],
) -> list[FileRecord]:
    """Write all live vectors, in the kind that the index is to have.

    Args:
        conn: the writer's connection.
        path: the index directory.
        dim: length of a vector.
        transform: what the vectors go through; None leaves them raw.
        indexing: what was asked for.
        progress: takes the number written.
    """
    plan = indexing.plan(tables.documents_in_all(conn), dim)
    if not plan.exact:
        return [write_planned(conn, path, dim, transform, plan.factory, (0, MAX_VID), progress)]
    records: list[FileRecord] = []
    while record := write_next(
        conn, path, dim, transform, records[-1].last_vid + 1 if records else 0
    ):
        records.append(record)
        progress(sum(written.rows for written in records))
    return records


def write_planned(
    conn: sqlite3.Connection,
    path: Path,
    dim: int,
    transform: Transform | None,
    factory: str,
    span: tuple[int, int],
    progress: Callable[[int], None] = lambda _: None,
) -> FileRecord:
    """Write one file of the live vectors of a span of vids, of which there must be some.

    The vectors pass through in blocks, so that memory holds what FAISS makes of them and the
    sample that it is trained on.

    Args:
        conn: a connection.
        path: the index directory.
        dim: length of a vector.
        transform: what the vectors go through; None leaves them raw.
        factory: what the file is to be, in FAISS's words.
        span: the first vid and the last.
        progress: takes the number of vectors done.
    """
    place = str(path / DATABASE)
    vids = tables.live_vids(conn, *span)
    wanted = min(len(vids), _training_vectors(factory))
    chosen = vids[np.linspace(0, len(vids) - 1, wanted).astype(np.int64)]

    def sample() -> Vectors:
        drawn = np.empty((len(chosen), dim), np.float32)
        for start in range(0, len(chosen), _BLOCK):
            part = chosen[start : start + _BLOCK]
            drawn[start : start + len(part)] = searched_at(conn, place, transform, dim, part)
        return drawn

    def blocks() -> Iterator[tuple[Vids, Vectors]]:
        done = 0
        while done < len(vids):
            first = int(vids[done])
            yield searched_between(conn, place, transform, dim, first, span[1], _BLOCK)
            done = min(done + _BLOCK, len(vids))
            progress(done)

    segment = make_segment(factory, dim, sample, blocks())
    return write_segment(path / FILES, path / SCRATCH, segment, dim)


def _training_vectors(factory: str) -> int:
    """Vectors that are enough to train on; FAISS would take up to 256 a cluster."""
    lists = int(factory[3:].partition(",")[0]) if factory.startswith("IVF") else 0
    codes = 0 if factory.endswith("Flat") else _TRAINED_ON
    return max(1, codes, _A_CLUSTER * lists)
