"""The lexical index: an FTS5 table of folded texts, kept in step inside the writer's transactions.

Like a FAISS file it is derived: whatever is wrong with it, it is made again from the documents.
It keeps the folded texts itself, so that the number of a row is enough to remove it.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from itertools import islice

from indexer.folding import fold
from indexer.inserts import insert_many
from indexer.nouns import counted

_TOGETHER = 500
"""Texts folded before they are inserted."""

SINCE = 5
"""The format that brought it."""

TABLES = (
    # `text`: folded; rowid is the vid. Folding again would undo what indexer/folding.py did.
    "CREATE VIRTUAL TABLE lexical USING fts5 (text, tokenize = 'trigram case_sensitive 1')",
    # How many documents hold a term.
    "CREATE VIRTUAL TABLE lexical_terms USING fts5vocab (lexical, row)",
)

SHADOWS = tuple(f"lexical_{name}" for name in ("config", "content", "data", "docsize", "idx"))
"""The tables in which FTS5 keeps it."""


def insert_texts(conn: sqlite3.Connection, texts: Iterable[tuple[int, str]]) -> None:
    """Insert the texts of documents, (vid, text) each."""
    rows = iter(texts)
    while part := [(vid, fold(text)) for vid, text in islice(rows, _TOGETHER)]:
        insert_many(conn, "lexical (rowid, text)", part)


def remove_texts(conn: sqlite3.Connection, vids: Collection[int]) -> None:
    """Remove the texts of documents by vid, those that are there."""
    conn.execute(
        "DELETE FROM lexical WHERE rowid IN (SELECT value FROM json_each(?))",
        [json.dumps(list(vids))],
    )


def create_lexical(conn: sqlite3.Connection, *, filled: bool = True) -> None:
    """Make the tables, filled from the documents where the index is to have them."""
    for statement in TABLES:
        conn.execute(statement)
    if filled:
        rows = conn.execute("SELECT vid, text FROM documents ORDER BY vid")
        insert_texts(conn, ((vid, text if isinstance(text, str) else "") for vid, text in rows))


def renew_lexical(conn: sqlite3.Connection, *, filled: bool) -> None:
    """Make the tables anew, however damaged they are, inside the caller's transaction."""
    conn.execute("DROP TABLE lexical_terms")
    conn.execute("DROP TABLE lexical")
    create_lexical(conn, filled=filled)


def purge_lexical(conn: sqlite3.Connection) -> None:
    """Write the index of terms anew, so that nothing in use names a deleted text any more.

    FTS5 removes a text by a mark, and drops its terms whenever it comes to merge them. Pages that
    fall free here still hold the old bytes: ``PRAGMA secure_delete`` or ``VACUUM`` is the
    caller's business.
    """
    for command in ("rebuild", "optimize"):
        conn.execute("INSERT INTO lexical (lexical) VALUES (?)", [command])


def lexical_missing(conn: sqlite3.Connection, *, filled: bool) -> Iterator[str]:
    """Hold the number of texts against the number of documents; for arguments see below."""
    expected = conn.execute("SELECT count(*) FROM documents").fetchone()[0] if filled else 0
    found = conn.execute("SELECT count(*) FROM lexical_docsize").fetchone()[0]
    if found != expected:
        yield f"the lexical index holds {counted(found, 'text')} where it should hold {expected:,}"


def lexical_problems(conn: sqlite3.Connection, *, filled: bool) -> Iterator[str]:
    """Hold the lexical index against the documents, text by text and term by term.

    Args:
        conn: a connection; it may be one that cannot write.
        filled: whether the index is to have the texts; otherwise there must be none.

    Yields:
        What is wrong, once at most.
    """
    other = list(lexical_missing(conn, filled=filled))
    if filled and not other:
        other = list(_other_text(conn))
    if not other:
        try:
            _check_copy(conn)
        except (sqlite3.DatabaseError, UnicodeEncodeError) as error:
            other = [f"the lexical index is damaged: {error}"]
    yield from other


def _other_text(conn: sqlite3.Connection) -> Iterator[str]:
    """Find the first text that is not that of its document."""
    query = (
        "SELECT d.vid, d.text, c.c0 FROM documents AS d "
        "LEFT JOIN lexical_content AS c ON c.id = d.vid ORDER BY d.vid"
    )
    for vid, text, folded in conn.execute(query):
        # A text that is no text any more is the business of the documents' own checksums.
        if isinstance(text, str) and folded != fold(text):
            yield f"the lexical index holds another text for row {vid}"
            return


def _check_copy(conn: sqlite3.Connection) -> None:
    """Let FTS5 check itself. Its check counts as a change, so it is done on a copy.

    Raises:
        sqlite3.DatabaseError: the terms are not those of the texts.
    """
    with closing(sqlite3.connect("")) as copy:  # a file of SQLite's own, gone when closed
        for statement in TABLES:
            copy.execute(statement)
        for shadow in SHADOWS:
            copy.execute(f"DELETE FROM {shadow}")  # noqa: S608 - one of five names
            rows = conn.execute(f"SELECT * FROM {shadow}")  # noqa: S608
            places = ", ".join("?" for _ in rows.description)
            copy.executemany(f"INSERT INTO {shadow} VALUES ({places})", rows)  # noqa: S608
        copy.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")
