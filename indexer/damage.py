"""Finding what is wrong with an index: one scan, which ``verify`` reports and ``repair`` mends.

Neither FAISS nor SQLite notices a flipped bit in the content they keep, so every row has a
checksum of ours and every FAISS file is named by its own.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.debiasing import languages_of, read_debiasing
from indexer.errors import CorruptError
from indexer.records import Vectors
from indexer.rows import COLUMNS, DocumentRow, vector_crc
from indexer.transforms import Transform
from indexer.vector_files import FileRecord, load_file
from indexer.vectors import Segment

_PAGE = 1000

_ROUNDING = 1e-5
"""By how much two processors may disagree on a component of a transformed vector."""


class DamagedRow(NamedTuple):
    """A row that is not what was written."""

    vid: int
    id: str | None
    """None when no document belongs to the row."""
    what: str


class FileState(NamedTuple):
    """A FAISS file as it was found."""

    record: FileRecord
    segment: Segment | None
    """None when it cannot be used."""
    problem: str | None
    """None when it is whole."""


def damaged_documents(conn: sqlite3.Connection) -> Iterator[DamagedRow]:
    """Find documents that do not match their checksum or have no vector."""
    query = f"SELECT {COLUMNS} FROM documents WHERE vid > ? ORDER BY vid LIMIT ?"  # noqa: S608
    last = -(2**63)
    while rows := conn.execute(query, [last, _PAGE]).fetchall():
        for row in map(DocumentRow._make, rows):
            if not row.intact():
                yield DamagedRow(row.vid, row.id, "the document is damaged")
        last = rows[-1][0]
    alone = "SELECT vid, id FROM documents WHERE vid NOT IN (SELECT vid FROM vectors)"
    for vid, id_ in conn.execute(alone).fetchall():
        yield DamagedRow(vid, id_, "the document has no vector")


def damaged_vectors(conn: sqlite3.Connection, dim: int) -> Iterator[DamagedRow]:
    """Find vectors that do not match their checksum or belong to no document."""
    query = (
        "SELECT v.vid, v.vector, v.crc32, d.id FROM vectors AS v LEFT JOIN documents AS d "
        "ON d.vid = v.vid WHERE v.vid > ? ORDER BY v.vid LIMIT ?"
    )
    last = -(2**63)
    while rows := conn.execute(query, [last, _PAGE]).fetchall():
        for vid, blob, crc32, id_ in rows:
            if id_ is None:
                yield DamagedRow(vid, None, "the vector has no document")
            elif not isinstance(blob, bytes) or len(blob) != 4 * dim:
                yield DamagedRow(vid, id_, "its vector has another dimension")
            elif vector_crc(vid, blob) != crc32:
                yield DamagedRow(vid, id_, "its vector is damaged")
        last = rows[-1][0]


def file_states(conn: sqlite3.Connection, folder: Path, dim: int) -> Iterator[FileState]:
    """Load each FAISS file and hold it against the database, vector by vector."""
    transform = read_debiasing(conn, str(folder)).transform
    for record in tables.files(conn):
        try:
            segment = load_file(folder, record, dim)
        except FileNotFoundError:
            yield FileState(record, None, "the file is missing")
        except CorruptError as error:
            yield FileState(record, None, error.message.removeprefix(f"{folder / record.name}: "))
        else:
            yield FileState(record, segment, _difference(conn, segment, record, transform))


def _difference(
    conn: sqlite3.Connection, segment: Segment, record: FileRecord, transform: Transform | None
) -> str | None:
    """Say how a loaded file differs from the database; rows that are damaged are not compared."""
    span = [record.first_vid, record.last_vid]
    rows = conn.execute(
        "SELECT vid, vector, crc32 FROM vectors WHERE vid BETWEEN ? AND ? ORDER BY vid", span
    ).fetchall()
    dead = tables.tombstones(conn)
    dead = dead[(dead >= span[0]) & (dead <= span[1])]
    live = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    if not np.array_equal(np.sort(np.concatenate([live, dead])), segment.vids):
        return "the file holds other vectors than the database says"
    whole = [r for r in rows if isinstance(r[1], bytes) and vector_crc(*r[:2]) == r[2]]
    for start in range(0, len(whole), _PAGE):
        page = whole[start : start + _PAGE]
        vids = np.array([vid for vid, _, _ in page], np.int64)
        stored = segment.matrix[np.searchsorted(segment.vids, vids)]
        if transform is None:
            wrong = _other_rows(stored, [blob for _, blob, _ in page])
        else:
            vectors = np.array([np.frombuffer(blob, "<f4") for _, blob, _ in page])
            meant = transform.apply(vectors, languages_of(conn, vids))
            # Another processor may have written the file.
            wrong = np.abs(stored - meant).max(axis=1) > _ROUNDING
        if wrong.any():
            return f"the file holds another vector for row {vids[wrong][0]} than the database"
    return None


def _other_rows(stored: Vectors, blobs: Sequence[bytes]) -> NDArray[np.bool_]:
    """Tell which rows are not what the blobs hold, bit by bit."""
    return np.array([row.tobytes() != blob for row, blob in zip(stored, blobs, strict=True)])
