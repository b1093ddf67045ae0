"""Changes to the database, each inside the transaction its caller has opened."""

import json
import sqlite3
from collections.abc import Collection

from indexer.deferred import leave_out, make_up
from indexer.inserts import insert_many
from indexer.lexical import insert_texts, remove_texts
from indexer.rows import COLUMNS, Rows
from indexer.vector_files import FileRecord


def begin_index(conn: sqlite3.Connection, settings: str, crc32: int) -> None:
    """Make a new database that of an unfinished build: its settings, and nothing consumed."""
    leave_out(conn)
    conn.execute("INSERT INTO settings (one, json, crc32) VALUES (1, ?, ?)", [settings, crc32])
    conn.execute("INSERT INTO progress (one, state, cursor) VALUES (1, 'building', 0)")
    log_commit(conn, "create", 0, 0)


def change_settings(conn: sqlite3.Connection, settings: str, crc32: int) -> None:
    """Give an index that holds nothing yet other settings."""
    conn.execute("UPDATE settings SET json = ?, crc32 = ?", [settings, crc32])
    log_commit(conn, "settings", 0, 0)


def end_build(conn: sqlite3.Connection) -> None:
    """Call the index ready."""
    make_up(conn)
    conn.execute("UPDATE progress SET state = 'ready'")
    log_commit(conn, "finish", 0, 0)


def next_vid(conn: sqlite3.Connection) -> int:
    """Return the vid after the highest that was ever given, as AUTOINCREMENT would choose it."""
    query = (
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'vectors'), 0), "
        "coalesce((SELECT max(vid) FROM vectors), 0))"
    )
    return int(conn.execute(query).fetchone()[0]) + 1


def insert_rows(conn: sqlite3.Connection, rows: Rows, *, lexical: bool) -> None:
    """Insert the rows of a batch, whose vids must follow the highest that was ever given."""
    insert_many(conn, "vectors (vid, vector, crc32)", rows.vectors)
    insert_many(conn, f"documents ({COLUMNS}, script)", rows.documents)
    if lexical:
        insert_texts(conn, rows.texts)


def remove_documents(conn: sqlite3.Connection, ids: Collection[str]) -> None:
    """Remove documents and their vectors; a FAISS file that holds one gets a tombstone for it."""
    query = "SELECT vid FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    vids = [vid for (vid,) in conn.execute(query, [json.dumps(list(ids))])]
    remove_vids(conn, vids)


def remove_vids(conn: sqlite3.Connection, vids: Collection[int]) -> None:
    """Remove rows by vid, with tombstones where they are needed."""
    gone = json.dumps(list(vids))
    conn.execute(
        "INSERT OR IGNORE INTO tombstones (vid) SELECT j.value FROM json_each(?) AS j WHERE EXISTS "
        "(SELECT 1 FROM files AS f WHERE j.value BETWEEN f.first_vid AND f.last_vid)",
        [gone],
    )
    for table in ("documents", "vectors"):
        query = f"DELETE FROM {table} WHERE vid IN (SELECT value FROM json_each(?))"  # noqa: S608
        conn.execute(query, [gone])
    remove_texts(conn, vids)


def name_file(conn: sqlite3.Connection, record: FileRecord) -> None:
    """Name a FAISS file that is on disk and checked: from the commit on it is searched."""
    conn.execute(
        "INSERT INTO files (name, bytes, rows, first_vid, last_vid, factory, inode, mtime_ns) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        record,
    )


def forget_file(conn: sqlite3.Connection, record: FileRecord) -> None:
    """Forget a FAISS file and the tombstones that it needed."""
    conn.execute("DELETE FROM files WHERE name = ?", [record.name])
    conn.execute(
        "DELETE FROM tombstones WHERE vid BETWEEN ? AND ?", [record.first_vid, record.last_vid]
    )


def replace_files(conn: sqlite3.Connection, records: Collection[FileRecord]) -> None:
    """Name files that hold all live vectors in the place of all that were named before."""
    conn.execute("DELETE FROM files")
    conn.execute("DELETE FROM tombstones")
    for record in records:
        name_file(conn, record)


def log_commit(conn: sqlite3.Connection, kind: str, added: int, removed: int) -> None:
    """Count the transaction, so that readers see that the index changed."""
    conn.execute(
        "INSERT INTO commits (kind, added, removed) VALUES (?, ?, ?)", [kind, added, removed]
    )
