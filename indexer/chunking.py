"""Long texts in pieces: where they are cut, and what ties the pieces to their document.

A chunk is a document of its own: ``doc#3`` is the fourth chunk of ``doc``. It has the language, the
group and the metadata of the whole, and under ``chunk`` in its metadata says where it comes from:
``{"document": "doc", "number": 3, "start": 120, "end": 240}``, so that the chunk is the text of the
document from character 120 up to 240. In an index of chunks every document is cut, into one chunk
if it is short, so that everything before the last ``#`` of an id is the id of its document.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from indexer.encoders.protocol import CountsTokens, Encoder
from indexer.errors import InputError, UsageError
from indexer.records import Document, Role
from indexer.sentences import sentence_spans
from indexer.windows import Span, token_spans, windows

FIELD = "chunk"
"""Field of the metadata that says where a chunk comes from."""

MARK = "#"
"""Stands between the id of a document and the number of a chunk."""

_WRITE = "write sentences, sentences:3 or tokens:128"

Split = Callable[[Document], list[Document]]
"""Cuts a document into its chunks; leaves it alone where documents are not cut. An InputError is
raised of one whose metadata has a field of the name that chunks need."""


@dataclass(frozen=True, slots=True)
class Chunking:
    """Where texts are cut.

    Raises:
        UsageError: an unknown unit, no size, or an overlap that leaves nothing new in a chunk.
    """

    unit: Literal["sentences", "tokens"]
    size: int
    """Sentences of a chunk, or tokens at most, without prompt and special tokens."""
    overlap: int = 0
    """Of these, those that a chunk shares with the one before it."""

    def __post_init__(self) -> None:
        if self.unit not in {"sentences", "tokens"} or self.size < 1:
            raise UsageError(f"no chunks {self.unit}:{self.size}", _WRITE)
        if not 0 <= self.overlap < self.size:
            raise UsageError(
                f"an overlap of {self.overlap} in chunks of {self.size} {self.unit}",
                f"give one from 0 to {self.size - 1}",
            )

    @classmethod
    def parse(cls, text: str, overlap: int = 0) -> Self:
        """Read ``sentences``, ``sentences:N`` or ``tokens:N``.

        Raises:
            UsageError: it is neither, or the overlap leaves nothing new in a chunk.
        """
        unit, colon, number = text.partition(":")
        size = int(number) if number.isdecimal() and len(number) < 10 else 0
        if unit == "sentences" and not colon:
            size = 1
        if unit not in {"sentences", "tokens"} or size < 1:
            raise UsageError(f"no chunks {text!r}", _WRITE)
        return cls("sentences" if unit == "sentences" else "tokens", size, overlap)

    def __str__(self) -> str:
        """Write what :meth:`parse` reads, and the overlap behind it."""
        overlap = f", overlap {self.overlap}" if self.overlap else ""
        return f"{self.unit}:{self.size}{overlap}"


def splitter(chunking: Chunking | None, load: Callable[[], Encoder], role: Role) -> Split:
    """Make what cuts documents.

    Args:
        chunking: where; None leaves documents alone.
        load: opens the encoder, whose tokens are counted.
        role: of the documents.

    Raises:
        UsageError: the encoder has no tokens to count, or takes fewer than a chunk has.
    """
    if chunking is None:
        return lambda document: [document]
    size, overlap = chunking.size, chunking.overlap
    if chunking.unit == "sentences":
        return lambda document: _pieces(
            document, windows(sentence_spans(document.text, document.lang), size, overlap)
        )
    count = _counter(load(), size, role)
    return lambda document: _pieces(document, token_spans(document.text, size, overlap, count))


def document_of(document: Document) -> str:
    """Return the id of the document that a chunk is of; its own when it is no chunk."""
    origin = document.metadata.get(FIELD)
    whole = origin.get("document") if isinstance(origin, dict) else None
    chunk = isinstance(whole, str) and document.id.rpartition(MARK)[0] == whole
    return str(whole) if chunk else document.id


def whole_id(id: str) -> str:  # noqa: A002 - the field's name
    """Return the id of the document that a chunk is of, in an index of chunks."""
    return id.rpartition(MARK)[0]


def joint_hash(hashes: Sequence[str]) -> str:
    """Make one hash of the content hashes of a document's chunks, in their order."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _counter(encoder: Encoder, size: int, role: Role) -> Callable[[Sequence[str]], Sequence[int]]:
    if not isinstance(encoder, CountsTokens):
        raise UsageError(
            f"{encoder.name} does not say what its tokens are", "cut by --chunk sentences"
        )
    if size > encoder.room(role):
        raise UsageError(
            f"chunks of {size} tokens, and {encoder.name} takes {encoder.room(role)} beside its "
            "prompt",
            f"cut by --chunk tokens:{encoder.room(role)} or fewer",
        )
    counts = encoder.count_tokens
    return lambda texts: counts(texts).tolist()


def _pieces(document: Document, spans: Sequence[Span]) -> list[Document]:
    """Make the chunks of a document.

    Raises:
        InputError: its metadata has a field that would be overwritten.
    """
    if FIELD in document.metadata:
        raise InputError(
            f"document {document.id!r} has a field {FIELD!r}, which is where a chunk keeps its "
            "place",
            "call the field something else",
        )
    return [
        replace(
            document,
            id=f"{document.id}{MARK}{number}",
            text=document.text[start:end],
            metadata={
                **document.metadata,
                FIELD: {"document": document.id, "number": number, "start": start, "end": end},
            },
        )
        for number, (start, end) in enumerate(spans)
    ]
