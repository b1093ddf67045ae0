"""Documents and the rows that hold them: one each, or their chunks where documents are cut."""

import json
import sqlite3
from collections.abc import Collection

from indexer import tables
from indexer.chunking import joint_hash, whole_id
from indexer.records import Filter

# The chunks of a document are the ids that go on behind its mark without another one; by their
# range an index of SQLite finds them.
_CHUNKS = """
    SELECT j.value, d.id, d.hash FROM json_each(?) AS j
    CROSS JOIN documents AS d ON d.id > j.value || '#' AND d.id < j.value || '$'
    WHERE instr(substr(d.id, length(j.value) + 2), '#') = 0 ORDER BY j.id, length(d.id), d.id"""
_THEMSELVES = """
    SELECT d.id, d.id, d.hash FROM json_each(?) AS j
    CROSS JOIN documents AS d ON d.id = j.value ORDER BY d.vid"""


def rows_of(
    conn: sqlite3.Connection, ids: Collection[str], *, chunked: bool
) -> dict[str, dict[str, str]]:
    """Find the rows of documents: the content hash by id of each, chunks by number.

    Args:
        conn: a connection.
        ids: of documents; unknown ones have no entry.
        chunked: whether documents are cut in this index.
    """
    found: dict[str, dict[str, str]] = {}
    query = _CHUNKS if chunked else _THEMSELVES
    for whole, id_, hash_ in conn.execute(query, [json.dumps(list(dict.fromkeys(ids)))]):
        found.setdefault(whole, {})[id_] = hash_
    return found


def ids_that_pass(
    conn: sqlite3.Connection, allowed: Filter, place: str, *, chunked: bool
) -> list[str]:
    """List the rows of documents of which a filter lets a row pass, with all their chunks.

    Args:
        conn: a connection.
        allowed: the filter.
        place: the database, for messages.
        chunked: whether documents are cut in this index.
    """
    ids = tables.ids_of(conn, tables.allowed_vids(conn, allowed), place)
    if not chunked:
        return ids
    wholes = rows_of(conn, [whole_id(id_) for id_ in ids], chunked=True)
    return [id_ for rows in wholes.values() for id_ in rows]


def whole_hashes(
    conn: sqlite3.Connection, ids: Collection[str], *, chunked: bool
) -> dict[str, str]:
    """Find the content hash of documents, that of all its chunks where a document is cut."""
    found = rows_of(conn, ids, chunked=chunked)
    return {whole: joint_hash(list(rows.values())) for whole, rows in found.items()}


def count_wholes(conn: sqlite3.Connection) -> int:
    """Count documents by their first chunks."""
    return int(conn.execute("SELECT count(*) FROM documents WHERE id GLOB '*#0'").fetchone()[0])
