"""Documents in and out of the index, under the writer's lock."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from indexer.chunking import document_of
from indexer.errors import LockedError
from indexer.index import IndexReader, IndexWriter
from indexer.languages import Detector, normalise_language
from indexer.records import Document, EncodedDocument, Encoding
from service.schemas import DocumentFields

_PAUSE = 0.05


def make_document(id_: str, fields: DocumentFields, detector: Detector) -> Document:
    """Make a document of a request, its language detected where it is not given.

    Raises:
        InputError: an unknown language tag.
    """
    lang, probability = fields.lang, None
    if lang is None:
        found = detector.detect(fields.text)
        lang, probability = found.lang, found.probability
    return Document(
        id=id_,
        text=fields.text,
        lang=normalise_language(lang),
        group=fields.group,
        metadata=fields.metadata,
        lang_source="given" if fields.lang is not None else "detected",
        lang_probability=probability,
    )


def with_vectors(documents: Sequence[Document], encoding: Encoding) -> list[EncodedDocument]:
    """Put documents and what the encoder made of them together."""
    return [
        EncodedDocument(document, vector, int(tokens), int(dropped))
        for document, vector, tokens, dropped in zip(documents, *encoding, strict=True)
    ]


class Changes:
    """Changes of one index, each in one transaction."""

    def __init__(self, reader: IndexReader, patience: float) -> None:
        self._reader, self._patience = reader, patience

    def kept(self, documents: Sequence[Document]) -> dict[str, EncodedDocument]:
        """Find, by id, documents whose text is there already: they have its vector."""
        return {e.document.id: e for e in self._reader.encoded_before(documents)}

    def add(self, batch: Sequence[EncodedDocument], *, replace: bool) -> dict[str, int]:
        """Add documents, or the chunks that they are cut into, with their vectors, or none of them.

        Raises:
            DuplicateError: an id that is there or comes twice, unless ``replace``.
            InputError: a document that cannot be stored.
            LockedError: another process went on writing.
        """
        with self._writer() as writer:
            wholes = {document_of(encoded.document) for encoded in batch}
            known = len(writer.contents.whole_hashes(list(wholes)))
            writer.add(batch, replace=replace)
            writer.seal()
            return self._changed(added=len(wholes) - known, replaced=known)

    def delete(self, id_: str) -> dict[str, int]:
        """Delete a document; ``deleted`` is 0 when it was not there."""
        with self._writer() as writer:
            missing = writer.delete([id_])
            return self._changed(deleted=1 - len(missing))

    def _changed(self, added: int = 0, replaced: int = 0, deleted: int = 0) -> dict[str, int]:
        """Say what was done, and the state it led to; the lock is still held."""
        with self._reader.snapshot() as state:
            number = state.seq
        return {"added": added, "replaced": replaced, "deleted": deleted, "state": number}

    @contextmanager
    def _writer(self) -> Iterator[IndexWriter]:
        """Open the writer, waiting a while for another process to finish."""
        end = time.monotonic() + self._patience
        while True:
            try:
                writer = IndexWriter.open(self._reader.path)
                break
            except LockedError:
                if time.monotonic() >= end:
                    raise
                time.sleep(_PAUSE)
        with writer:
            yield writer
