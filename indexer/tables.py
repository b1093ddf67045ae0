"""Questions to the database, each inside the transaction its caller has opened.

Sets of ids travel as one JSON parameter, so that their size has no limit and none of their
content can become SQL.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np

from indexer.conditions import condition_sql
from indexer.errors import CorruptError
from indexer.records import UNKNOWN_LANGUAGE, Document, Filter, Vectors
from indexer.remedies import REPAIR, RESTORE
from indexer.rows import COLUMNS, DocumentRow, read_document, read_vectors, text_key
from indexer.settings import IndexSettings
from indexer.vector_files import FileRecord
from indexer.vectors import Vids

State = Literal["building", "ready"]

_PAGE = 1000
_FILE_COLUMNS = FileRecord._fields
_FILE_TYPES = (str, int, int, int, int, str, int, int)
_KINDS_SINCE = 6
"""The first format whose files can be of several kinds."""

_DOCUMENT_COLUMNS = ", ".join(f"d.{name}" for name in DocumentRow._fields)


def read_settings(conn: sqlite3.Connection, database: Path) -> IndexSettings:
    """Read what the index is fixed to.

    Raises:
        CorruptError: damaged or absent.
    """
    row = conn.execute("SELECT json, crc32 FROM settings").fetchone()
    text, crc32 = row or ("", -1)
    return IndexSettings.from_row(text, crc32, str(database))


def read_progress(conn: sqlite3.Connection) -> tuple[State, int]:
    """Read the state of the build and the corpus records it has consumed."""
    row = conn.execute("SELECT state, cursor FROM progress").fetchone()
    if row is None:
        raise CorruptError("the state of the index is missing", RESTORE)
    return cast("State", row[0]), int(row[1])


def last_commit(conn: sqlite3.Connection) -> int:
    """Number of the last transaction; the first read of a transaction fixes what it sees."""
    return int(conn.execute("SELECT coalesce(max(seq), 0) FROM commits").fetchone()[0])


def files(conn: sqlite3.Connection) -> list[FileRecord]:
    """List the FAISS files in the order of their vectors."""
    number = conn.execute("PRAGMA user_version").fetchone()[0]
    columns = _FILE_COLUMNS if number >= _KINDS_SINCE else _FILE_COLUMNS[:5]
    query = f"SELECT {', '.join(columns)} FROM files ORDER BY first_vid"  # noqa: S608
    records = [FileRecord(*row) for row in conn.execute(query)]
    for record in records:
        if not all(isinstance(v, t) for v, t in zip(record, _FILE_TYPES, strict=True)):
            raise CorruptError(f"the list of FAISS files is damaged: {record}", RESTORE)
    return records


def sealed_to(conn: sqlite3.Connection) -> int:
    """Highest vid that a FAISS file holds; those above are the tail."""
    return int(conn.execute("SELECT coalesce(max(last_vid), 0) FROM files").fetchone()[0])


def tail_size(conn: sqlite3.Connection) -> int:
    """Count the vectors that no FAISS file holds."""
    sealed = sealed_to(conn)
    if not sealed:  # all of them
        return documents_in_all(conn)
    return int(conn.execute("SELECT count(*) FROM vectors WHERE vid > ?", [sealed]).fetchone()[0])


def vectors_between(
    conn: sqlite3.Connection, place: str, dim: int, first: int, last: int, limit: int = -1
) -> tuple[Vids, Vectors]:
    """Read the live vectors of ``first <= vid <= last``, ascending, at most ``limit``.

    Raises:
        CorruptError: a vector is damaged.
    """
    rows = conn.execute(
        "SELECT vid, vector, crc32 FROM vectors WHERE vid BETWEEN ? AND ? ORDER BY vid LIMIT ?",
        [first, last, limit],
    ).fetchall()
    vids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    return vids, read_vectors(rows, dim, place)


def documents_in_all(conn: sqlite3.Connection) -> int:
    """Count the documents."""
    return int(conn.execute("SELECT count(*) FROM documents").fetchone()[0])


def live_vids(conn: sqlite3.Connection, first: int = 0) -> Vids:
    """List the vids of the documents from ``first`` on, ascending.

    SQLite's index of the texts' keys tells them: some 20 MB of a million documents, where the
    vectors, through which their own numbers would have to be read, are 1.6 GB.
    """
    # The plus keeps SQLite from going through the rows in their order.
    return np.sort(_vids(conn.execute("SELECT vid FROM documents WHERE +vid >= ?", [first])))


def vector_vids(conn: sqlite3.Connection, first: int, last: int) -> Vids:
    """List the vids of the vectors of ``first <= vid <= last``, ascending, documents or not."""
    query = "SELECT vid FROM vectors WHERE vid BETWEEN ? AND ? ORDER BY vid"
    return _vids(conn.execute(query, [first, last]))


def tombstones(conn: sqlite3.Connection) -> Vids:
    """List deleted vectors that a FAISS file still holds, ascending."""
    return _vids(conn.execute("SELECT vid FROM tombstones ORDER BY vid"))


def vids_of(conn: sqlite3.Connection, ids: Collection[str]) -> Vids:
    """Find the vids of ids, ascending; unknown ids have none."""
    query = "SELECT vid FROM documents WHERE id IN (SELECT value FROM json_each(?)) ORDER BY vid"
    return _vids(conn.execute(query, [json.dumps(list(ids))]))


def vids_by_id(conn: sqlite3.Connection, ids: Collection[str]) -> dict[str, int]:
    """Find the vid of each id; unknown ids have none."""
    query = "SELECT id, vid FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    return dict(conn.execute(query, [json.dumps(list(ids))]))


def sample_of(conn: sqlite3.Connection, language: str, n: int) -> Vids:
    """List the vids of the ``n`` documents of a language whose text keys are lowest, ascending."""
    query = "SELECT vid FROM documents WHERE lang = ? ORDER BY text_key, vid LIMIT ?"
    return np.sort(_vids(conn.execute(query, [language, n])))


def allowed_vids(conn: sqlite3.Connection, allowed: Filter) -> Vids:
    """List the vids that a filter lets pass, ascending."""
    condition, parameters = filter_condition(allowed)
    query = f"SELECT d.vid FROM documents AS d WHERE {condition} ORDER BY d.vid"  # noqa: S608
    return _vids(conn.execute(query, parameters))


def vids_by_language(conn: sqlite3.Connection, allowed: Filter) -> tuple[Vids, dict[str, int]]:
    """List the vids that a filter lets pass, language by language, and ascending in each.

    Returns:
        The vids, and the number of them in each language, in the order of the languages.
    """
    condition, parameters = filter_condition(allowed)
    query = f"SELECT d.vid, d.lang FROM documents AS d WHERE {condition} ORDER BY d.lang, d.vid"  # noqa: S608
    vids: list[int] = []
    languages: dict[str, int] = {}
    for vid, lang in conn.execute(query, parameters):
        vids.append(vid)
        languages[lang] = languages.get(lang, 0) + 1
    return np.array(vids, np.int64), languages


def candidates(
    conn: sqlite3.Connection, vids: Vids, dim: int, place: str
) -> tuple[list[str], Vectors]:
    """Read the ids and raw vectors of ascending vids.

    Returns:
        n ids and (n, dim) float32, in the order of ``vids``.

    Raises:
        CorruptError: one of them is damaged or has no row.
    """
    rows = conn.execute(
        "SELECT v.vid, v.vector, v.crc32, d.id FROM json_each(?) AS j "
        "CROSS JOIN vectors AS v ON v.vid = j.value "
        "CROSS JOIN documents AS d ON d.vid = v.vid",
        [json.dumps(vids.tolist())],
    ).fetchall()
    if [row[0] for row in rows] != vids.tolist():
        raise CorruptError(f"{place}: a FAISS file holds vectors that have no row", REPAIR)
    return [row[3] for row in rows], read_vectors([row[:3] for row in rows], dim, place)


def raw_vectors(conn: sqlite3.Connection, vids: Vids, dim: int, place: str) -> Vectors:
    """Read the raw vectors of vids, (n, dim) float32, in their order.

    Raises:
        CorruptError: one of them is damaged or has no row.
    """
    rows = conn.execute(
        "SELECT v.vid, v.vector, v.crc32 FROM json_each(?) AS j "
        "CROSS JOIN vectors AS v ON v.vid = j.value",
        [json.dumps(vids.tolist())],
    ).fetchall()
    if [row[0] for row in rows] != vids.tolist():
        raise CorruptError(f"{place}: a FAISS file holds vectors that have no row", REPAIR)
    return read_vectors(rows, dim, place)


def languages_at(conn: sqlite3.Connection, vids: Vids) -> list[str]:
    """Look up the languages of vids, in their order; unknown where no document is left."""
    rows = conn.execute(
        "SELECT d.vid, d.lang FROM json_each(?) AS j CROSS JOIN documents AS d ON d.vid = j.value",
        [json.dumps(vids.tolist())],
    )
    spoken = dict(rows)
    return [spoken.get(vid, UNKNOWN_LANGUAGE) for vid in vids.tolist()]


def ids_of(conn: sqlite3.Connection, vids: Vids, place: str) -> list[str]:
    """Read the ids of ascending vids.

    Raises:
        CorruptError: one of them has no row.
    """
    rows = conn.execute(
        "SELECT d.vid, d.id FROM json_each(?) AS j CROSS JOIN documents AS d ON d.vid = j.value",
        [json.dumps(vids.tolist())],
    ).fetchall()
    if [row[0] for row in rows] != vids.tolist():
        raise CorruptError(f"{place}: a FAISS file holds vectors that have no row", REPAIR)
    return [row[1] for row in rows]


def documents_at(conn: sqlite3.Connection, vids: Vids, place: str) -> dict[int, Document]:
    """Read documents by vid.

    Raises:
        CorruptError: one of them is damaged.
    """
    rows = conn.execute(
        f"SELECT {_DOCUMENT_COLUMNS} FROM json_each(?) AS j "  # noqa: S608 - our own columns
        "CROSS JOIN documents AS d ON d.vid = j.value",
        [json.dumps(vids.tolist())],
    )
    return {row[0]: read_document(row, place) for row in rows}


def document(conn: sqlite3.Connection, id_: str, place: str) -> Document | None:
    """Read one document, or None when there is none of that id."""
    query = f"SELECT {COLUMNS} FROM documents WHERE id = ?"  # noqa: S608 - our own columns
    row = conn.execute(query, [id_]).fetchone()
    return None if row is None else read_document(row, place)


def documents(conn: sqlite3.Connection, place: str) -> Iterator[Document]:
    """Read all documents in insertion order, a page at a time."""
    query = f"SELECT {COLUMNS} FROM documents WHERE vid > ? ORDER BY vid LIMIT ?"  # noqa: S608
    last = -1
    while rows := conn.execute(query, [last, _PAGE]).fetchall():
        yield from (read_document(row, place) for row in rows)
        last = rows[-1][0]


def inserted_before(conn: sqlite3.Connection, id: str, other: str | None) -> bool:  # noqa: A002
    """Tell whether a document was inserted before another; before any end when that is None."""
    query = (
        "SELECT 1 FROM documents WHERE id = ?1 AND "
        "(?2 IS NULL OR vid < (SELECT vid FROM documents WHERE id = ?2))"
    )
    return conn.execute(query, [id, other]).fetchone() is not None


def hashes(conn: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Read (id, content hash) of all documents in insertion order, a page at a time."""
    query = "SELECT vid, id, hash FROM documents WHERE vid > ? ORDER BY vid LIMIT ?"
    last = -1
    while rows := conn.execute(query, [last, _PAGE]).fetchall():
        yield from ((id_, hash_) for _, id_, hash_ in rows)
        last = rows[-1][0]


def hashes_of(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Find the content hash of those ids that are there."""
    query = "SELECT id, hash FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    return dict(conn.execute(query, [json.dumps(list(ids))]))


def find_ids(
    conn: sqlite3.Connection, *, text: str | None = None, group: str | None = None
) -> list[str]:
    """List the ids of documents with this very text and of this group, in insertion order."""
    condition, parameters = filter_condition(Filter(), text=text, group=group)
    query = f"SELECT d.id FROM documents AS d WHERE {condition} ORDER BY d.vid"  # noqa: S608
    return [row[0] for row in conn.execute(query, parameters)]


def language_counts(
    conn: sqlite3.Connection,
    allowed: Filter,
    *,
    ids: Collection[str] | None = None,
    text: str | None = None,
    group: str | None = None,
    first: bool = False,
) -> dict[str, int]:
    """Count the documents that a filter lets pass by language, languages in order.

    Args:
        conn: a connection.
        allowed: the filter.
        ids: count only these.
        text: count only documents with this very text.
        group: count only this group.
        first: count only first chunks.
    """
    condition, parameters = filter_condition(allowed, ids=ids, text=text, group=group)
    if first:
        condition += " AND d.id GLOB '*#0'"
    query = (
        f"SELECT d.lang, count(*) FROM documents AS d WHERE {condition} "  # noqa: S608
        "GROUP BY d.lang ORDER BY d.lang"
    )
    return dict(conn.execute(query, parameters))


def filter_condition(
    allowed: Filter,
    *,
    ids: Collection[str] | None = None,
    text: str | None = None,
    group: str | None = None,
) -> tuple[str, list[object]]:
    """Make the SQL condition on ``documents AS d`` and its parameters."""
    parts: list[tuple[str, list[object]]] = []
    if ids is not None:
        parts.append(("d.id IN (SELECT value FROM json_each(?))", [_set(ids)]))
    if allowed.languages is not None:
        parts.append(("d.lang IN (SELECT value FROM json_each(?))", [_set(allowed.languages)]))
    if allowed.exclude:
        parts.append(("d.id NOT IN (SELECT value FROM json_each(?))", [_set(allowed.exclude)]))
    if text is not None:
        parts.append(("d.text_key = ? AND d.text = ?", [text_key(text), text]))
    if group is not None:
        parts.append(("d.group_id = ?", [group]))
    parts.extend(condition_sql(condition) for condition in allowed.where)
    sql = " AND ".join(part for part, _ in parts) or "1"
    return sql, [value for _, values in parts for value in values]


def _set(values: Collection[str]) -> str:
    return json.dumps(sorted(values))


def _vids(rows: sqlite3.Cursor) -> Vids:
    return np.fromiter((row[0] for row in rows), dtype=np.int64)
