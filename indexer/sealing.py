"""Live vectors into FAISS files; no file is searched before the database names it."""

import ctypes
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.debiasing import searched_at, searched_between
from indexer.directory import FILES, SCRATCH
from indexer.errors import CorruptError
from indexer.kinds import EXACT, Indexing, clusters_of
from indexer.making import make_segment
from indexer.records import Vectors
from indexer.remedies import REPAIR
from indexer.stages import SAVING, Stages, one_of_several, untold
from indexer.store import DATABASE
from indexer.transforms import Transform
from indexer.vector_files import FileRecord, write_segment
from indexer.vectors import Segment, Vids

ROWS_A_FILE = 100_000
_BLOCK_BYTES = 2 << 20
"""Vectors that are read at a time, of which memory holds five copies meanwhile."""

_CACHE = 2 << 20
"""Bytes that SQLite keeps meanwhile."""

_TRAINED_ON = 65_536
_A_CLUSTER = 64
"""Vectors that a cluster is found with."""

MAX_VID = 2**63 - 1


def parts(vids: Vids) -> list[Vids]:
    """Divide ascending vids among exact files."""
    return [vids[start : start + ROWS_A_FILE] for start in range(0, len(vids), ROWS_A_FILE)]


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
    stages: Stages = untold,
) -> list[FileRecord]:
    """Write all live vectors, in the kind that the index is to have.

    Args:
        conn: the writer's connection.
        path: the index directory.
        dim: length of a vector.
        transform: what the vectors go through; None leaves them raw.
        indexing: what was asked for.
        stages: told how far it is; of the files of an exact kind, as if they were one.
    """
    vids = tables.live_vids(conn)
    plan = indexing.plan(len(vids), dim)
    files = parts(vids) if plan.exact or not len(vids) else [vids]
    return list(write_files(conn, path, dim, transform, plan.factory, files, stages))


def write_files(
    conn: sqlite3.Connection,
    path: Path,
    dim: int,
    transform: Transform | None,
    factory: str,
    files: Sequence[Vids],
    stages: Stages = untold,
) -> Iterator[FileRecord]:
    """Write files of vectors, which nothing names yet.

    The vectors pass through in blocks, so that memory holds what FAISS makes of them, and before
    that the sample that it is trained on. The disk takes a file while the next is read, so that
    memory holds two at most.

    Args:
        conn: a connection.
        path: the index directory.
        dim: length of a vector.
        transform: what the vectors go through; None leaves them raw.
        factory: what the files are to be, in FAISS's words.
        files: for each (n,) ascending, n at least 1: all live ones from the first to the last.
        stages: told how far it is; of exact files, as if they were one.

    Yields:
        Each file when it is on disk and checked.

    Raises:
        CorruptError: a vector is damaged.
        InterlinguaError: the disk is full or fails; the file has not appeared.
    """
    stored = _Stored(conn, str(path / DATABASE), dim, transform)
    done, rows = 0, sum(map(len, files))
    with ThreadPoolExecutor(1) as disk:
        waiting: Future[FileRecord] | None = None
        for vids in files:
            alone = len(files) == 1 and factory != EXACT
            tell = stages if alone else one_of_several(stages, done, rows)
            made = [stored.segment(factory, vids, tell)]
            tell(SAVING, 0, None)
            if waiting:
                yield waiting.result()
            waiting = disk.submit(_save, path, made, dim)
            done += len(vids)
        if waiting:
            yield waiting.result()


def _save(path: Path, made: list[Segment], dim: int) -> FileRecord:
    """Write a segment, taking it away: nobody holds it, and it may be as large as all the rest."""
    return write_segment(path / FILES, path / SCRATCH, made.pop(), dim)


class _Stored(NamedTuple):
    """Where vectors are read, and what they go through."""

    conn: sqlite3.Connection
    place: str
    dim: int
    transform: Transform | None

    def segment(self, factory: str, vids: Vids, stages: Stages) -> Segment:
        """Make a segment of vectors in memory."""
        with _little_cache(self.conn):
            return make_segment(
                factory,
                self.dim,
                vids,
                partial(self._sample, vids, _training_vectors(factory)),
                partial(self._blocks, vids, stages),
                stages,
            )

    def _sample(self, vids: Vids, wanted: int) -> Vectors:
        """Read some of the vectors, spread evenly."""
        chosen = vids[np.linspace(0, len(vids) - 1, min(len(vids), wanted)).astype(np.int64)]
        drawn = np.empty((len(chosen), self.dim), np.float32)
        for block in self._cut(chosen):
            drawn[block] = searched_at(
                self.conn, self.place, self.transform, self.dim, chosen[block]
            )
        return drawn

    def _blocks(
        self, vids: Vids, stages: Stages, stage: str, order: NDArray[np.int64] | None
    ) -> Iterator[Vectors]:
        """Read all of them, which are all live ones from the first to the last."""
        for block in self._cut(vids):
            yield self._between(vids[block]) if order is None else self._at(vids[order[block]])
            stages(stage, min(block.stop, len(vids)), len(vids))

    def _between(self, vids: Vids) -> Vectors:
        """Read the vectors from the first vid to the last."""
        ends = int(vids[0]), int(vids[-1])
        found, vectors = searched_between(self.conn, self.place, self.transform, self.dim, *ends)
        if not np.array_equal(found, vids):
            raise CorruptError(f"{self.place}: documents and vectors do not agree", REPAIR)
        return vectors

    def _at(self, vids: Vids) -> Vectors:
        """Read the vectors of vids in any order."""
        ascending = np.argsort(vids)
        vectors = np.empty((len(vids), self.dim), np.float32)
        vectors[ascending] = searched_at(
            self.conn, self.place, self.transform, self.dim, vids[ascending]
        )
        return vectors

    def _cut(self, vids: Vids) -> Iterator[slice]:
        rows = max(1, _BLOCK_BYTES // (4 * self.dim))
        return (slice(start, start + rows) for start in range(0, len(vids), rows))


@contextmanager
def _little_cache(conn: sqlite3.Connection) -> Iterator[None]:
    """Let SQLite give back the pages that it holds: every vector is read once or twice."""
    size = conn.execute("PRAGMA cache_size").fetchone()[0]
    conn.execute(f"PRAGMA cache_size = -{_CACHE >> 10}")
    conn.execute("PRAGMA shrink_memory")
    _trim()
    try:
        yield
    finally:
        conn.execute(f"PRAGMA cache_size = {size}")


def _trim() -> None:
    """Let glibc give freed memory back to the system; other C libraries have no such command."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _training_vectors(factory: str) -> int:
    """Vectors that are enough to train on; FAISS would take up to 256 a cluster."""
    codes = 0 if factory.endswith("Flat") else _TRAINED_ON
    return max(1, codes, _A_CLUSTER * clusters_of(factory))
