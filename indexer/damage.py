"""Finding what is wrong with an index: one scan, which ``verify`` reports and ``repair`` mends.

Neither FAISS nor SQLite notices a flipped bit in the content they keep, so every row has a
checksum of ours and every FAISS file is named by its own.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.debiasing import languages_of, read_debiasing
from indexer.errors import CorruptError
from indexer.nouns import are, counted
from indexer.records import Vectors
from indexer.remedies import REPAIR
from indexer.rows import COLUMNS, DocumentRow, vector_crc
from indexer.scripts import script_of
from indexer.store import DATABASE, connect_reader
from indexer.transforms import Transform
from indexer.vector_files import FileRecord, load_file
from indexer.vectors import Segment

_PAGE = 1000

STRAY_TOMBSTONES = (
    "SELECT t.vid FROM tombstones AS t WHERE NOT EXISTS "
    "(SELECT 1 FROM files AS f WHERE t.vid BETWEEN f.first_vid AND f.last_vid)"
)
"""Deleted vectors that are in the range of no FAISS file."""

_ROUNDING = 1e-5
"""By how much two processors may disagree on a component of a transformed vector."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with an index."""

    place: str
    """File, and the document where there is one."""
    what: str
    remedy: str


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
    yield from missing_vectors(conn)


def missing_vectors(conn: sqlite3.Connection) -> Iterator[DamagedRow]:
    """Find documents that have no vector."""
    alone = "SELECT vid, id FROM documents WHERE vid NOT IN (SELECT vid FROM vectors)"
    for vid, id_ in conn.execute(alone).fetchall():
        yield DamagedRow(vid, id_, "the document has no vector")


def other_scripts(conn: sqlite3.Connection) -> Iterator[tuple[int, str, str, str]]:
    """Find documents whose stored script is not that of their text.

    Yields:
        row, id, script as stored, script of the text.
    """
    query = "SELECT vid, id, script, text FROM documents WHERE vid > ? ORDER BY vid LIMIT ?"
    last = -(2**63)
    while rows := conn.execute(query, [last, _PAGE]).fetchall():
        for vid, id_, script, text in rows:
            meant = script_of(text) if isinstance(text, str) else script
            if script != meant:
                yield vid, id_, script, meant
        last = rows[-1][0]


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
            segment = load_file(folder, record, dim, whole=True)
        except FileNotFoundError:
            yield FileState(record, None, "the file is missing")
        except CorruptError as error:
            yield FileState(record, None, error.message.removeprefix(f"{folder / record.name}: "))
        else:
            yield FileState(record, segment, _difference(conn, segment, record, transform))


def named_now(path: Path) -> set[str]:
    """Name the FAISS files of the newest state: others may be gone since a transaction began."""
    with closing(connect_reader(path / DATABASE)) as conn:
        return {record.name for record in tables.files(conn)}


def gaps(conn: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    """Find ranges of vids, first and last, that lie before the tail and in no FAISS file.

    Vectors there would be found by no search. Ranges without a vector are left out.
    """
    before = 0
    for record in tables.files(conn):
        first, last = before + 1, record.first_vid - 1
        query = "SELECT 1 FROM vectors WHERE vid BETWEEN ? AND ?"
        if first <= last and conn.execute(query, [first, last]).fetchone():
            yield first, last
        before = max(before, record.last_vid)


def overlaps(conn: sqlite3.Connection) -> list[FileRecord]:
    """Find FAISS files whose range begins within that of an earlier one, or ends before it begins.

    Vectors there would be found twice, or could not be.
    """
    before, wrong = 0, []
    for record in tables.files(conn):
        if record.first_vid <= before or record.last_vid < record.first_vid:
            wrong.append(record)
        before = max(before, record.last_vid)
    return wrong


def range_problems(conn: sqlite3.Connection, place: str) -> Iterator[Problem]:
    """Check that every vector before the tail belongs to one FAISS file, going by their ranges."""
    for first, last in gaps(conn):
        yield Problem(place, f"the vectors of rows {first} to {last} are in no FAISS file", REPAIR)
    for record in overlaps(conn):
        said = f"the rows {record.first_vid} to {record.last_vid} of {record.name}"
        yield Problem(place, f"{said} overlap those of another file", REPAIR)
    for record in tables.files(conn):
        if record.rows > record.last_vid - record.first_vid + 1:
            what = f"{record.name} has {counted(record.rows, 'row')} in too short a range"
            yield Problem(place, what, REPAIR)
    if number := len(conn.execute(STRAY_TOMBSTONES).fetchall()):
        yield Problem(
            place, f"{counted(number, 'deleted vector')} {are(number)} in no FAISS file", REPAIR
        )


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
    if not segment.raw:
        return None  # codes, whose SHA-256 was looked at
    whole = [r for r in rows if isinstance(r[1], bytes) and vector_crc(*r[:2]) == r[2]]
    for start in range(0, len(whole), _PAGE):
        page = whole[start : start + _PAGE]
        vids = np.array([vid for vid, _, _ in page], np.int64)
        stored = segment.vectors(np.searchsorted(segment.vids, vids))
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
