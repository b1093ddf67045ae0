"""What an index holds, as its writer asks for it."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from indexer import tables
from indexer.columns import read_vectors_of
from indexer.encoded import encoded_before
from indexer.records import Document, EncodedDocument, Vectors
from indexer.settings import IndexSettings
from indexer.store import translated
from indexer.wholes import rows_of, whole_hashes


class Contents:
    """Questions to the database of an index whose lock is held.

    Args:
        conn: the writer's connection.
        database: where it is, for messages.
        settings: those of the index.
    """

    def __init__(self, conn: sqlite3.Connection, database: Path, settings: IndexSettings) -> None:
        self._conn, self._database = conn, database
        self._dim, self._chunked = settings.dim, settings.chunking is not None

    def hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Find those ids that the index holds, with their content hashes."""
        with translated(self._database):
            return tables.hashes_of(self._conn, ids)

    def all_hashes(self) -> Iterator[tuple[str, str]]:
        """Read (id, content hash) of all documents in insertion order, streaming."""
        with translated(self._database):
            yield from tables.hashes(self._conn)

    def whole_hashes(self, ids: Sequence[str]) -> dict[str, str]:
        """Find those documents that the index holds, with their content hashes."""
        with translated(self._database):
            return whole_hashes(self._conn, ids, chunked=self._chunked)

    def rows_of(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Find the rows of documents, content hash by id: itself, or its chunks where it is cut."""
        with translated(self._database):
            return rows_of(self._conn, ids, chunked=self._chunked)

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Read raw vectors, see :meth:`IndexReader.vectors`."""
        with translated(self._database):
            return read_vectors_of(self._conn, ids, self._dim, str(self._database))

    def encoded_before(self, documents: Sequence[Document]) -> list[EncodedDocument]:
        """Find the documents whose very text is there already, see :func:`encoded_before`.

        Raises:
            CorruptError: such a vector is damaged.
        """
        with translated(self._database):
            return encoded_before(self._conn, documents, self._dim, str(self._database))

    def inserted_before(self, id: str, other: str | None) -> bool:  # noqa: A002
        """Tell whether the document ``id`` is there and was inserted before ``other``.

        Args:
            id: any id.
            other: id of a document of the index; None stands for the end.
        """
        with translated(self._database):
            return tables.inserted_before(self._conn, id, other)
