"""Documents and vectors as database rows: checked on the way in, and again on the way out."""

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from indexer.errors import CorruptError, InputError
from indexer.records import Document, EncodedDocument, LanguageSource, Vectors
from indexer.remedies import REPAIR
from indexer.script_counts import scripts_of

MAX_ID_BYTES = 512
MAX_TEXT_BYTES = 1 << 20
UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of a vector may be."""

# Encoders made once: ``json.dumps`` with arguments makes one for every call.
_PLAIN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
_ASCII = json.JSONEncoder(default=repr)


class DocumentRow(NamedTuple):
    """A row of ``documents``, in the order of its columns."""

    vid: int
    id: str
    text: str
    lang: str
    group_id: str | None
    metadata: str
    lang_source: str
    lang_probability: float | None
    tokens: int
    tokens_dropped: int
    hash: str
    text_key: int
    crc32: int

    def intact(self) -> bool:
        """Whether the row is what was written."""
        return self.crc32 == document_crc(self.vid, crc_text(self[1:-1]))


COLUMNS = ", ".join(DocumentRow._fields)


Unnumbered = tuple[object, ...]
"""What :class:`DocumentRow` holds between its number and its checksum."""


class Rows(NamedTuple):
    """A batch as rows of the database, all in one order."""

    vectors: list[tuple[int, bytes, int]]
    """vid, vector, crc32."""
    documents: list[tuple[object, ...]]
    """:data:`COLUMNS`, then the script."""
    texts: list[tuple[int, str]]
    """vid, text."""


def rows_of_batch(first: int, batch: Sequence[EncodedDocument], vectors: Vectors) -> Rows:
    """Make the rows of documents that were checked.

    Args:
        first: vid of the first; known beforehand, since the checksums cover it.
        batch: n documents.
        vectors: (n, d) float32, theirs.

    Raises:
        InputError: metadata that is not JSON.
    """
    scripts = scripts_of([encoded.document.text for encoded in batch])
    return Rows(
        [(vid, *vector_blob(vid, vector)) for vid, vector in enumerate(vectors, first)],
        [
            (*document_row(vid, encoded), script)
            for vid, (encoded, script) in enumerate(zip(batch, scripts, strict=True), first)
        ],
        [(vid, encoded.document.text) for vid, encoded in enumerate(batch, first)],
    )


def content_hash(document: Document) -> str:
    """SHA-256 over id, text, language, group and metadata, 64 hexadecimal digits.

    Raises:
        InputError: metadata that is not JSON, or text that is not Unicode.
    """
    d = document
    # The canonical JSON of the five in an array, which most documents need no encoder for.
    group = "null" if d.group is None else encode_basestring(d.group)
    metadata = _json(dict(d.metadata), d.id, _CANONICAL) if d.metadata else "{}"
    strings = map(encode_basestring, (d.id, d.text, d.lang))
    fields = f"[{','.join(strings)},{group},{metadata}]"
    return hashlib.sha256(_utf8(fields, d.id)).hexdigest()


def text_key(text: str) -> int:
    """64 bits of a text's hash as a signed integer, to find equal texts by an index."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def document_row(vid: int, encoded: EncodedDocument) -> DocumentRow:
    """Make the row of a document that :func:`check_document` has let pass."""
    values = unnumbered(encoded.document, int(encoded.tokens), int(encoded.tokens_dropped))
    return DocumentRow._make((vid, *values, document_crc(vid, crc_text(values))))


def unnumbered(document: Document, tokens: int = -1, tokens_dropped: int = -1) -> Unnumbered:
    """Make what does not depend on the number of a document :func:`check_document` let pass."""
    d = document
    return (
        d.id,
        d.text,
        d.lang,
        d.group,
        _metadata(d),
        d.lang_source,
        d.lang_probability,
        tokens,
        tokens_dropped,
        content_hash(d),
        text_key(d.text),
    )


def crc_text(values: Sequence[object]) -> bytes:
    """What the checksum is taken of behind the number; ASCII, so that any damage has a form."""
    return f"{', '.join([_said(value) for value in values])}]".encode()


def _said(value: object) -> str:
    """Write a value as ``_ASCII`` does, which would take twice the time to begin."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None:
        return "null"
    return str(value) if type(value) is int else _ASCII.encode(value)


def document_crc(vid: int, rest: bytes) -> int:
    """CRC-32 over the canonical text of a row: its number, and what :func:`crc_text` made."""
    return zlib.crc32(rest, zlib.crc32(b"[%d, " % vid))


def read_document(row: Sequence[object], place: str) -> Document:
    """Make the document of a row, in the order of :data:`COLUMNS`.

    Raises:
        CorruptError: the row is not what was written.
    """
    r = DocumentRow._make(cast("Sequence[str]", row))
    if not r.intact():
        raise CorruptError(f"{place}: document {r.id!r} (row {r.vid}) is damaged", REPAIR)
    return Document(
        id=r.id,
        text=r.text,
        lang=r.lang,
        group=r.group_id,
        metadata={} if r.metadata == "{}" else json.loads(r.metadata),
        lang_source=cast("LanguageSource", r.lang_source),
        lang_probability=r.lang_probability,
    )


def vector_blob(vid: int, vector: Vectors) -> tuple[bytes, int]:
    """Little-endian float32 bytes of a vector, and their checksum."""
    blob = np.asarray(vector, dtype="<f4").tobytes()
    return blob, vector_crc(vid, blob)


def vector_crc(vid: int, blob: bytes) -> int:
    """CRC-32 of a vector and of the number it belongs to."""
    return zlib.crc32(blob, zlib.crc32(vid.to_bytes(8, "little", signed=True)))


def read_vectors(rows: Sequence[tuple[int, object, int]], dim: int, place: str) -> Vectors:
    """Make the (n, dim) float32 matrix of n rows (vid, blob, crc32).

    Raises:
        CorruptError: a blob is not what was written.
    """
    for vid, blob, crc32 in rows:
        if not isinstance(blob, bytes) or len(blob) != 4 * dim or vector_crc(vid, blob) != crc32:
            raise CorruptError(f"{place}: the vector of row {vid} is damaged", REPAIR)
    joined = bytearray().join(cast("bytes", blob) for _, blob, _ in rows)
    return np.frombuffer(joined, "<f4").reshape(len(rows), dim).astype(np.float32, copy=False)


def check_document(document: Document) -> None:
    """Refuse a document that could not be stored or found again.

    Raises:
        InputError: an empty or oversized id or text, or text that is not Unicode.
    """
    for what, value, limit in (
        ("id", document.id, MAX_ID_BYTES),
        ("text", document.text, MAX_TEXT_BYTES),
    ):
        size = len(_utf8(value, document.id[:80], what))
        if value and "\0" not in value and size <= limit:
            continue
        name = f"document {document.id[:80]!r}"
        if not value:
            raise InputError(f"{name}: its {what} is empty", f"give it a {what}")
        if size > limit:
            raise InputError(
                f"{name}: its {what} has {size:,} bytes, more than {limit:,}", "make it shorter"
            )
        raise InputError(f"{name}: its {what} holds a NUL character", "remove it")


def check_vectors(vectors: Vectors, dim: int, name: Callable[[int], str]) -> Vectors:
    """Refuse vectors that are no unit vectors: FAISS would lose or misplace them silently.

    Args:
        vectors: (n, dim) float32.
        dim: the dimension of the index.
        name: says what row *i* is, for the message.

    Returns:
        The same as a contiguous float32 array.

    Raises:
        InputError: naming the first row that is refused.
    """
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise InputError(
            f"vectors of shape {vectors.shape} where (n, {dim}) is wanted",
            "encode with the encoder of the index",
        )
    lengths = np.sqrt(np.einsum("ij,ij->i", *(np.asarray(vectors, dtype=np.float64),) * 2))
    if not (np.abs(lengths - 1) <= UNIT_TOLERANCE).all():
        raise _refusal(lengths, name)
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _refusal(lengths: NDArray[np.float64], name: Callable[[int], str]) -> InputError:
    """Say what is wrong with the first vector of those that have the worst fault."""
    faults = (
        (~np.isfinite(lengths), "holds NaN or infinity", "look at what the encoder was given"),
        (lengths < 1e-6, "is zero", "look at what the encoder was given"),
        (np.abs(lengths - 1) > UNIT_TOLERANCE, "is not of unit length", "divide it by its length"),
    )
    wrong, what, remedy = next(fault for fault in faults if fault[0].any())
    return InputError(f"{name(int(np.flatnonzero(wrong)[0]))}: its vector {what}", remedy)


def stack_vectors(batch: Sequence[EncodedDocument], dim: int) -> NDArray[np.float32]:
    """Join the vectors of a batch into (n, dim) after checking each.

    Raises:
        InputError: naming the document whose vector is refused.
    """
    for encoded in batch:
        if np.shape(encoded.vector) != (dim,):
            raise InputError(
                f"document {encoded.document.id!r}: its vector has shape "
                f"{np.shape(encoded.vector)}, the index has dimension {dim}",
                "encode it with the encoder of the index",
            )
    if not batch:
        return np.empty((0, dim), dtype=np.float32)
    stacked = np.stack([np.asarray(e.vector, dtype=np.float32) for e in batch])
    return check_vectors(stacked, dim, lambda i: f"document {batch[i].document.id!r}")


def _metadata(document: Document) -> str:
    if not document.metadata:
        return "{}"
    text = _json(dict(document.metadata), document.id, _PLAIN)
    _utf8(text, document.id)
    return text


def _json(value: object, id_: str, encoder: json.JSONEncoder) -> str:
    try:
        return encoder.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"document {id_!r}: its metadata is not JSON: {error}", "use JSON values"
        ) from error


def _utf8(text: str, id_: str, what: str = "content") -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"document {id_!r}: its {what} holds a lone surrogate at character {error.start}",
            "decode the source as what it is, UTF-8 or UTF-16",
        ) from error
