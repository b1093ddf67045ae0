"""Batches of documents on their way into the database: checked, and made rows of."""

import sqlite3
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from indexer.changes import insert_rows, log_commit, next_vid, remove_documents
from indexer.chunking import document_of
from indexer.contents import Contents
from indexer.drafts import Drafts
from indexer.errors import DuplicateError
from indexer.records import EncodedDocument, Vectors
from indexer.rows import (
    Rows,
    check_document,
    document_crc,
    rows_of_batch,
    stack_vectors,
    vector_blob,
)
from indexer.settings import IndexSettings


class Change(NamedTuple):
    """A checked batch."""

    rows: Rows
    gone: Sequence[str]
    """Ids whose place it takes."""
    cursor: int | None
    """Corpus records consumed with it, during a build."""
    kind: str
    """What the log of commits calls it."""


def prepared(
    conn: sqlite3.Connection,
    contents: Contents,
    settings: IndexSettings,
    batch: Sequence[EncodedDocument],
    *,
    replace: bool,
    cursor: int | None,
) -> Change:
    """Check a batch and make rows of it; nothing is written.

    Raises:
        InputError: a document or a vector that is refused.
        DuplicateError: an id that is there or comes twice, unless ``replace``.
    """
    for encoded in batch:
        check_document(encoded.document)
    vectors = stack_vectors(batch, settings.dim)
    last = {encoded.document.id: row for row, encoded in enumerate(batch)}
    known = _taken(contents, batch, chunked=settings.chunking is not None)
    if not replace and (known or len(last) < len(batch)):
        raise DuplicateError(_duplicates(batch, known), "use other ids, or replace")
    chosen = sorted(last.values())
    rows = rows_of_batch(next_vid(conn), [batch[row] for row in chosen], vectors[chosen])
    return Change(rows, known, cursor, "replace" if replace else "add")


def numbered(conn: sqlite3.Connection, drafts: Drafts, vectors: Vectors, cursor: int) -> Change:
    """Make rows of drafts, none of which the index holds; nothing is written.

    Args:
        conn: the writer's connection.
        drafts: n of them.
        vectors: (n, dim) float32, theirs, checked.
        cursor: corpus records consumed with them.
    """
    first = next_vid(conn)
    rows = Rows(
        [(vid, *vector_blob(vid, vector)) for vid, vector in enumerate(vectors, first)],
        [
            (vid, *values, document_crc(vid, text), script)
            for vid, (values, text, script) in enumerate(
                zip(drafts.values, drafts.crc_texts, drafts.scripts, strict=True), first
            )
        ],
        list(enumerate(drafts.texts, first)),
    )
    return Change(rows, [], cursor, "add")


def apply(conn: sqlite3.Connection, change: Change, *, lexical: bool) -> None:
    """Write a batch, inside its owner's transaction."""
    remove_documents(conn, change.gone)
    insert_rows(conn, change.rows, lexical=lexical)
    if change.cursor is not None:
        conn.execute("UPDATE progress SET cursor = ?", [change.cursor])
    log_commit(conn, change.kind, len(change.rows.documents), len(change.gone))


def _taken(contents: Contents, batch: Iterable[EncodedDocument], *, chunked: bool) -> list[str]:
    """List the ids of the index that a batch would take, all chunks of a document together."""
    if not chunked:
        return list(contents.hashes([encoded.document.id for encoded in batch]))
    wholes = list(dict.fromkeys(document_of(encoded.document) for encoded in batch))
    return [id_ for rows in contents.rows_of(wholes).values() for id_ in rows]


def _duplicates(batch: Iterable[EncodedDocument], known: Container[str]) -> list[str]:
    """List the ids that are known or come twice, in the order of the batch."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for id_ in (encoded.document.id for encoded in batch):
        if id_ in known or id_ in seen:
            twice[id_] = None
        seen.add(id_)
    return list(twice)
