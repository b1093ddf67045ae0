"""Texts that were encoded before, so that nothing is encoded twice."""

import json
import sqlite3
from collections.abc import Sequence

from indexer.records import Document, EncodedDocument
from indexer.rows import COLUMNS, DocumentRow, read_vectors, text_key

_SELECT = f"SELECT v.vector, v.crc32, {', '.join(f'd.{name}' for name in COLUMNS.split(', '))} "
# One document for every text, however many have it.
_FROM = (
    "FROM json_each(?) AS j CROSS JOIN documents AS d "
    "ON d.vid = (SELECT min(vid) FROM documents WHERE text_key = j.value) "
    "CROSS JOIN vectors AS v ON v.vid = d.vid"
)


def encoded_before(
    conn: sqlite3.Connection, documents: Sequence[Document], dim: int, place: str
) -> list[EncodedDocument]:
    """Find the documents whose very text is there already, with the vector that it has.

    It may be there under any id: that of the document, that of another, or that of a chunk. A
    damaged row is none of them: its text is encoded again.

    Args:
        conn: a connection.
        documents: n of them; all of an index are encoded in the same role.
        dim: length of a vector.
        place: the database, for messages.

    Raises:
        CorruptError: such a vector is damaged.
    """
    keys = {text_key(d.text) for d in documents}
    known: dict[str, tuple[DocumentRow, bytes, int]] = {}
    for vector, crc32, *values in conn.execute(_SELECT + _FROM, [json.dumps(sorted(keys))]):
        row = DocumentRow._make(values)
        if row.intact():
            known[row.text] = row, vector, crc32
    same = [(d, known[d.text]) for d in documents if d.text in known]
    vectors = read_vectors([(row.vid, vector, crc) for _, (row, vector, crc) in same], dim, place)
    return [
        EncodedDocument(document, vector, row.tokens, row.tokens_dropped)
        for (document, (row, _, _)), vector in zip(same, vectors, strict=True)
    ]
