"""Many rows with one statement."""

import sqlite3
from collections.abc import Sequence
from itertools import chain

_AT_ONCE = 500
"""Rows a statement."""


def insert_many(conn: sqlite3.Connection, columns: str, rows: Sequence[Sequence[object]]) -> None:
    """Insert rows of one length.

    Faster than row by row, and fit for a thread: Python runs on while SQLite works a statement
    through, where it would be waited for again at every row.

    Args:
        conn: a connection, inside its owner's transaction.
        columns: the table and its columns, ``documents (vid, id)``; nothing of a user's.
        rows: the values, in the order of the columns.
    """
    width = len(rows[0]) if rows else 1
    at_once = min(_AT_ONCE, conn.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // width)
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        places = ", ".join([f"({', '.join('?' * width)})"] * len(part))
        query = f"INSERT INTO {columns} VALUES {places}"  # noqa: S608 - our own columns
        conn.execute(query, list(chain.from_iterable(part)))
