"""Texts that were encoded before, so that nothing is encoded twice."""

import json
import sqlite3
from collections.abc import Sequence

from indexer.records import Document, EncodedDocument
from indexer.rows import COLUMNS, DocumentRow, read_vectors, text_key

_SELECT = f"SELECT j.key, v.vector, v.crc32, {', '.join(f'd.{n}' for n in COLUMNS.split(', '))} "
# The document's own row first: of vectors made elsewhere, those of one text may differ.
_FROM = (
    "FROM json_each(?) AS j CROSS JOIN documents AS d ON d.vid = coalesce("
    "(SELECT vid FROM documents WHERE id = json_extract(j.value, '$[0]') "
    "AND text_key = json_extract(j.value, '$[1]')), "
    "(SELECT min(vid) FROM documents WHERE text_key = json_extract(j.value, '$[1]'))) "
    "CROSS JOIN vectors AS v ON v.vid = d.vid"
)


def encoded_before(
    conn: sqlite3.Connection, documents: Sequence[Document], dim: int, place: str
) -> list[EncodedDocument]:
    """Find the documents whose very text is there already, with the vector that it has.

    It is looked for under the id of the document, then under any, be it that of a chunk. A damaged
    row is none of them: its text is encoded again.

    Args:
        conn: a connection.
        documents: n of them; all of an index are encoded in the same role.
        dim: length of a vector.
        place: the database, for messages.

    Raises:
        CorruptError: such a vector is damaged.
    """
    wanted = json.dumps([(d.id, text_key(d.text)) for d in documents])
    same: list[tuple[Document, tuple[DocumentRow, bytes, int]]] = []
    for number, vector, crc32, *values in conn.execute(_SELECT + _FROM, [wanted]):
        document, row = documents[number], DocumentRow._make(values)
        if row.intact() and row.text == document.text:
            same.append((document, (row, vector, crc32)))
    vectors = read_vectors([(row.vid, vector, crc) for _, (row, vector, crc) in same], dim, place)
    return [
        EncodedDocument(document, vector, row.tokens, row.tokens_dropped)
        for (document, (row, _, _)), vector in zip(same, vectors, strict=True)
    ]
