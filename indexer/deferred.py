"""An index of the database that a build makes at its end.

Keys of texts come in no order, so that every batch would change a page in all parts of the index,
and every changed page is written twice. Of a million imported documents that was three tenths of
all bytes; sorted at the end, the index takes a second.
"""

import sqlite3
from collections.abc import Sequence

_NAME = "documents_text"


def leave_out(conn: sqlite3.Connection) -> None:
    """Take it out of a new database."""
    conn.execute(f"DROP INDEX {_NAME}")


def make_up(conn: sqlite3.Connection) -> None:
    """Make it, as the migrations would have; one that a build began with stays."""
    conn.execute(f"CREATE INDEX IF NOT EXISTS {_NAME} ON documents (text_key)")


def lacks_only_it(
    conn: sqlite3.Connection,
    found: Sequence[tuple[str, ...]],
    whole: Sequence[tuple[str, ...]],
) -> bool:
    """Tell whether a schema is that of a build which has yet to make it.

    Args:
        conn: the database.
        found: its schema, type and name first.
        whole: the schema of a finished index.
    """
    if found != [row for row in whole if row[1] != _NAME]:
        return False
    return ("building",) in conn.execute("SELECT state FROM progress").fetchall()
