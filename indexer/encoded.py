"""Texts that were encoded before, so that nothing is encoded twice."""

import json
import sqlite3
from collections.abc import Sequence

from indexer.chunking import whole_id
from indexer.records import Document, EncodedDocument
from indexer.rows import COLUMNS, DocumentRow, read_vectors

_SELECT = f"SELECT v.vector, v.crc32, {', '.join(f'd.{name}' for name in COLUMNS.split(', '))} "
_THEMSELVES = "FROM json_each(?) AS j CROSS JOIN documents AS d ON d.id = j.value "
# A range that an index of SQLite finds: what goes on behind the mark of a chunk, see wholes.py.
_CHUNKS = (
    "FROM json_each(?) AS j "
    "CROSS JOIN documents AS d ON d.id > j.value || '#' AND d.id < j.value || '$' "
)
_VECTORS = "CROSS JOIN vectors AS v ON v.vid = d.vid"


def encoded_before(
    conn: sqlite3.Connection,
    documents: Sequence[Document],
    dim: int,
    place: str,
    *,
    chunked: bool = False,
) -> list[EncodedDocument]:
    """Find the documents whose very text is there already, with the vector that it has.

    It is looked for under the id of the document and, where documents are cut, under all chunks of
    the same whole: a sentence that was put before the others moves them, and changes none.

    A damaged row is none of them: its text is encoded again.

    Args:
        conn: a connection.
        documents: with different ids.
        dim: length of a vector.
        place: the database, for messages.
        chunked: whether documents are cut in this index, and these are chunks.

    Raises:
        CorruptError: such a vector is damaged.
    """
    whole = whole_id if chunked else str
    wanted = {(whole(d.id), d.text) for d in documents}
    known: dict[tuple[str, str], tuple[DocumentRow, bytes, int]] = {}
    ids = list(dict.fromkeys(whole(d.id) for d in documents))
    query = _SELECT + (_CHUNKS if chunked else _THEMSELVES) + _VECTORS
    for vector, crc32, *values in conn.execute(query, [json.dumps(ids)]):
        row = DocumentRow._make(values)
        key = whole(row.id), row.text
        if key in wanted and row.intact():
            known.setdefault(key, (row, vector, crc32))
    same = [(d, known[whole(d.id), d.text]) for d in documents if (whole(d.id), d.text) in known]
    vectors = read_vectors([(row.vid, vector, crc) for _, (row, vector, crc) in same], dim, place)
    return [
        EncodedDocument(document, vector, row.tokens, row.tokens_dropped)
        for (document, (row, _, _)), vector in zip(same, vectors, strict=True)
    ]
