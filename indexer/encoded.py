"""Texts that were encoded before, so that nothing is encoded twice."""

import json
import sqlite3
from collections.abc import Sequence

from indexer.records import Document, EncodedDocument
from indexer.rows import COLUMNS, DocumentRow, read_vectors

_COLUMNS = ", ".join(f"d.{name}" for name in COLUMNS.split(", "))


def encoded_before(
    conn: sqlite3.Connection, documents: Sequence[Document], dim: int, place: str
) -> list[EncodedDocument]:
    """Find those documents whose id holds the very same text, with the vector that it has.

    A damaged row is none of them: its text is encoded again.

    Args:
        conn: a connection.
        documents: with different ids.
        dim: length of a vector.
        place: the database, for messages.

    Raises:
        CorruptError: such a vector is damaged.
    """
    rows = conn.execute(
        f"SELECT v.vector, v.crc32, {_COLUMNS} FROM json_each(?) AS j "  # noqa: S608
        "CROSS JOIN documents AS d ON d.id = j.value CROSS JOIN vectors AS v ON v.vid = d.vid",
        [json.dumps([d.id for d in documents])],
    ).fetchall()
    wanted = {d.id: d for d in documents}
    same = []
    for vector, crc32, *values in rows:
        row = DocumentRow._make(values)
        if row.intact() and wanted[row.id].text == row.text:
            same.append((row, vector, crc32))
    vectors = read_vectors([(row.vid, vector, crc) for row, vector, crc in same], dim, place)
    return [
        EncodedDocument(wanted[row.id], vector, row.tokens, row.tokens_dropped)
        for (row, _, _), vector in zip(same, vectors, strict=True)
    ]
