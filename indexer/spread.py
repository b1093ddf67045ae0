"""What a glance at an index shows of it: some documents, and whether it holds translations."""

import sqlite3

import numpy as np

from indexer.vectors import Vids


def spread_of(conn: sqlite3.Connection, n: int) -> Vids:
    """List at most ``n`` vids, ascending: whole groups first, then documents without one.

    Documents are met in the order of their text keys, which are hashes; so a group comes the
    earlier the larger it is. None is read that is not met: an index of millions costs no more.
    """
    met = conn.execute(
        "SELECT vid, group_id FROM documents ORDER BY text_key, vid LIMIT ?", [n]
    ).fetchall()
    chosen: dict[int, None] = {}
    for group in dict.fromkeys(name for _, name in met if name is not None):
        members = conn.execute(
            "SELECT vid FROM documents WHERE group_id = ? ORDER BY vid LIMIT ?", [group, n]
        ).fetchall()
        if len(members) > 1 and len(chosen) + len(members) <= n:
            chosen.update(dict.fromkeys(vid for (vid,) in members))
    chosen.update(dict.fromkeys(vid for vid, _ in met))
    return np.sort(np.array(list(chosen)[:n], np.int64))


def has_translations(conn: sqlite3.Connection) -> bool:
    """Tell whether a group joins documents in two languages; reads no further than the first."""
    query = (
        "SELECT 1 FROM documents WHERE group_id IS NOT NULL "
        "GROUP BY group_id HAVING count(DISTINCT lang) > 1 LIMIT 1"
    )
    return conn.execute(query).fetchone() is not None
