"""What is exported: documents of one state, as flat records that a build reads back."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from indexer import tables
from indexer.debiasing import Debiasing
from indexer.errors import CorruptError, InputError
from indexer.fields import LANG_PROBABILITY, LANG_SOURCE, Fields
from indexer.records import Document, Vectors
from indexer.remedies import REPAIR
from indexer.vectors import Vids

VECTOR = "vector"
"""What the field or column of the vector is called."""

PAGE = 256
"""Documents in memory at one time: of the longest texts and metadata, 512 MiB."""

WhichVectors = Literal["raw", "searched"]
"""As encoded, or as the transform of the index makes them."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One document and what goes with it."""

    document: Document
    vector: Vectors | None = None
    """(d,) float32, unit length."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Further columns."""


def read_rows(
    conn: sqlite3.Connection, vids: Vids, place: str, dim: int, debiasing: Debiasing | None
) -> Iterator[list[ExportRow]]:
    """Read documents page by page, in the order of ascending vids.

    Args:
        conn: a connection inside a transaction.
        vids: the documents.
        place: the database, for messages.
        dim: length of a vector.
        debiasing: makes the vectors; None reads none. ``NOTHING`` leaves them raw.

    Raises:
        CorruptError: a document or a vector is damaged or missing.
    """
    for documents in read_documents(conn, vids, place):
        if debiasing is None:
            yield [ExportRow(document) for document in documents.values()]
            continue
        numbers = vids[vids.searchsorted(list(documents))]
        _, raw = tables.candidates(conn, numbers, dim, place)
        vectors = debiasing.apply(raw, [d.lang for d in documents.values()])
        yield [ExportRow(*pair) for pair in zip(documents.values(), vectors, strict=True)]


def read_documents(
    conn: sqlite3.Connection, vids: Vids, place: str
) -> Iterator[dict[int, Document]]:
    """Read documents page by page, by vid, ascending; arguments and errors as :func:`read_rows`."""
    for start in range(0, len(vids), PAGE):
        page = vids[start : start + PAGE]
        found = tables.documents_at(conn, page, place)
        if len(found) < len(page):
            raise CorruptError(f"{place}: a vector has no document", REPAIR)
        yield found


def record(document: Document, fields: Fields) -> dict[str, object]:
    """Write a document as the corpus record that gives it back.

    Args:
        document: the document.
        fields: what its fields are called.

    Raises:
        InputError: its metadata has a field of the same name as one of them.
    """
    values: dict[str, object] = {
        fields.id: document.id,
        fields.text: document.text,
        fields.lang: document.lang,
    }
    if document.lang_source == "detected":
        values |= {LANG_SOURCE: "detected", LANG_PROBABILITY: document.lang_probability}
    if document.group is not None:
        values[fields.group] = document.group
    taken = fields.names() | {LANG_SOURCE, LANG_PROBABILITY} & values.keys()
    check_names(document, taken)
    return {**values, **document.metadata}


def check_names(document: Document, taken: frozenset[str]) -> None:
    """Refuse metadata with names that are taken.

    Raises:
        InputError: naming the document and the field.
    """
    for name in sorted(taken & document.metadata.keys()):
        raise InputError(
            f"document {document.id!r}: its metadata has a field {name!r}, too",
            "call ours otherwise: --id-field, --text-field, --lang-field, --group-field",
        )
