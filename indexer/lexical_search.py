"""Lexical neighbours: the documents that share the most telling terms with a text."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from indexer.errors import CorruptError, IncompatibleError, UsageError
from indexer.folding import fold, terms
from indexer.lexical import SINCE
from indexer.nearest import Neighbours
from indexer.records import Filter
from indexer.remedies import REPAIR
from indexer.settings import IndexSettings
from indexer.tables import filter_condition

TERMS = 64
"""Terms of a query that are looked for, the rarest first."""

POSTINGS = 20_000
"""Documents that these terms may be in, added up; what is more frequent says little. Both limits
keep a long question at some milliseconds, whatever the size of the index."""


def has_words(conn: sqlite3.Connection, settings: IndexSettings) -> bool:
    """Tell whether an index has what :func:`matches` looks into."""
    return settings.lexical and conn.execute("PRAGMA user_version").fetchone()[0] >= SINCE


def check_words(conn: sqlite3.Connection, settings: IndexSettings, path: Path) -> None:
    """Refuse an index without lexical search.

    Raises:
        UsageError: it was built so.
        IncompatibleError: its format is older than the lexical index.
    """
    if not settings.lexical:
        raise UsageError(
            f"{path}: built without lexical search",
            "search by meaning, or build it again without --no-lexical",
        )
    if not has_words(conn, settings):
        raise IncompatibleError(
            f"{path}: made by a version that had no lexical search",
            "run `interlingua repair`, which brings the index to the format of today",
        )


def matches(conn: sqlite3.Connection, text: str, k: int, allowed: Filter, place: str) -> Neighbours:
    """Find the documents that share the most telling terms with a text.

    The rarest :data:`TERMS` terms are looked for, as long as they are in :data:`POSTINGS`
    documents together, the rarest one always; a document with none of them is not found.

    Args:
        conn: a connection inside a transaction.
        text: the query, as it is: none of it is syntax.
        k: at least 1.
        allowed: which documents may be found.
        place: the database, for messages.

    Returns:
        At most ``k``, ordered by (-score, id). The score is SQLite's BM25 (k1 = 1.2, b = 0.75;
        Robertson & Zaragoza 2009), above 0, higher is better; it has no upper bound.

    Raises:
        CorruptError: the table is damaged.
    """
    condition, parameters = filter_condition(allowed)
    # CROSS JOIN keeps the order: the terms first, then the documents.
    query = (
        "SELECT d.vid, -bm25(lexical) AS score FROM lexical "  # noqa: S608 - our own condition
        "CROSS JOIN documents AS d ON d.vid = lexical.rowid "
        f"WHERE lexical MATCH ? AND {condition} ORDER BY score DESC, d.id LIMIT ?"
    )
    try:
        wanted = _rarest(conn, terms(fold(text)))
        if not wanted:
            return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
        asked = " OR ".join(f'"{term}"' for term in wanted)
        rows = conn.execute(query, [asked, *parameters, k]).fetchall()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        raise CorruptError(f"{place}: the lexical index is damaged", REPAIR) from error
    return Neighbours(
        np.array([vid for vid, _ in rows], np.int64),
        np.array([score for _, score in rows], np.float32),
    )


def _rarest(conn: sqlite3.Connection, wanted: Iterable[str]) -> list[str]:
    """Choose the terms that are looked for, rarest first; those that no document holds are none."""
    query = "SELECT doc FROM lexical_terms WHERE term = ?"
    counts = [(row[0], term) for term in wanted for row in conn.execute(query, [term])]
    chosen: list[str] = []
    total = 0
    for count, term in sorted(counts)[:TERMS]:
        total += count
        if chosen and total > POSTINGS:
            break
        chosen.append(term)
    return chosen
