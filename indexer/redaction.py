"""Stored audits without the texts of documents that are gone.

An audit quotes documents: the neighbours of its worst queries, the points of its map. What an audit
holds is the business of the layer that made it; here it is enough to know that whatever quotes a
document is an object with its ``id`` and its ``text``, or the beginning of it.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

REDACTED = "[purged]"
"""What stands in the place of a text that is gone."""

_Quote = dict[str, Any]


def redact(conn: sqlite3.Connection, document: str) -> str | None:
    """Blank every text that is not, or does not begin, the text of the document of its id.

    That takes questions with it that were no documents: nothing tells them from what is gone.

    Args:
        conn: a connection inside a transaction.
        document: the audit as JSON.

    Returns:
        The audit as JSON; None when there was nothing to blank.
    """
    audit = json.loads(document)
    quotes = list(_quotes(audit))
    known = _texts(conn, [quote["id"] for quote in quotes])
    gone = [q for q in quotes if not known.get(q["id"], "").startswith(q["text"])]
    changed = [quote for quote in gone if quote["text"] != REDACTED]
    for quote in changed:
        quote["text"] = REDACTED
    return json.dumps(audit, ensure_ascii=False, allow_nan=False) if changed else None


def _quotes(value: object) -> Iterator[_Quote]:
    """Find the objects that quote a document, at any depth."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("id"), str) and isinstance(value.get("text"), str):
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _texts(conn: sqlite3.Connection, ids: list[str]) -> Mapping[str, str]:
    query = "SELECT id, text FROM documents WHERE id IN (SELECT value FROM json_each(?))"
    return dict(conn.execute(query, [json.dumps(sorted(set(ids)))]))
