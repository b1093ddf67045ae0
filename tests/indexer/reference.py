"""What an index must answer, worked out slowly and without it."""

import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from indexer.encoders.protocol import EncoderSpec
from indexer.index import IndexReader, IndexSettings, IndexWriter
from indexer.records import Condition, Document, EncodedDocument, Filter, Hit, Vectors

DIM = 8

SETTINGS = IndexSettings(
    encoder=EncoderSpec(name=f"hashing:{DIM}"),
    encoder_name=f"hashing:{DIM}",
    fingerprint="f" * 64,
    parts={"weights": "none", "dim": str(DIM)},
    dim=DIM,
    role="passage",
    arithmetic="cpu float32",
)


def embed(text: str, dim: int = DIM) -> Vectors:
    """Make a unit vector of small integers out of a text, so that exact ties are common."""
    rng = np.random.default_rng(list(text.encode()))
    vector = rng.integers(-2, 3, dim).astype(np.float32)
    vector[0] += not vector.any()
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def encoded(
    id_: str,
    text: str | None = None,
    *,
    lang: str = "en",
    group: str | None = None,
    metadata: Mapping[str, object] | None = None,
    dropped: int = 0,
) -> EncodedDocument:
    """Make a document with the vector that :func:`embed` gives its text."""
    text = text or f"text of {id_}"
    document = Document(id_, text, lang, group, metadata or {})
    return EncodedDocument(document, embed(text), len(text), dropped)


def random_units(n: int, dim: int = DIM, seed: int = 0) -> Vectors:
    """(n, dim) float32 unit rows in random directions."""
    drawn = np.random.default_rng(seed).standard_normal((n, dim))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def build(path: Path, batch: Sequence[EncodedDocument], *, finish: bool = True) -> Path:
    """Build an index of one batch."""
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add(batch, cursor=len(batch))
        if finish:
            writer.finish()
    return path


def allowed(document: Document, filter_: Filter) -> bool:
    """Say whether a filter lets a document pass."""
    if filter_.languages is not None and document.lang not in filter_.languages:
        return False
    if not all(holds(c, document.metadata.get(c.key)) for c in filter_.where):
        return False
    return document.id not in filter_.exclude


ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(condition: Condition, held: object) -> bool:
    """Say whether a condition holds of a value of the metadata; None when there is none."""
    if held is None:
        return False
    if condition.operator in ORDERS:
        compare = ORDERS[condition.operator]
        number = as_number(condition.value)
        if number is None:
            return isinstance(held, str) and compare(held, condition.value)
        value = as_number(held) if isinstance(held, str) else held
        comparable = isinstance(value, int | float) and not isinstance(value, bool)
        return comparable and compare(value, number)
    text = held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)
    if condition.operator == "^=":
        return text.startswith(condition.value)
    return (text == condition.value) == (condition.operator == "=")


def as_number(text: str) -> int | float | None:
    """Read a number as Python does, but for what a person would not write for one."""
    if not text.isascii() or set(text) - set("0123456789.eE+-"):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return None


def neighbours(
    model: Iterable[EncodedDocument], query: Vectors, k: int, filter_: Filter | None = None
) -> list[tuple[str, float]]:
    """Scan everything: (id, cosine as float32), exactly rounded, ordered by (-score, id)."""
    scored = []
    for e in model:
        if allowed(e.document, filter_ or Filter()):
            exact = math.fsum(float(a) * float(b) for a, b in zip(e.vector, query, strict=True))
            scored.append((e.document.id, float(np.float32(min(1.0, max(-1.0, exact))))))
    return sorted(scored, key=lambda hit: (-hit[1], hit[0]))[:k]


def as_pairs(hits: Iterable[Hit]) -> list[tuple[str, float]]:
    """Drop everything of hits but what :func:`neighbours` gives."""
    return [(hit.document.id, hit.score) for hit in hits]


def dump(path: Path) -> dict[str, tuple[Document, bytes]]:
    """Read the whole content of an index: by id the document and the bytes of its vector."""
    with IndexReader.open(path) as reader:
        documents = list(reader.documents())
        vectors = reader.vectors([d.id for d in documents])
    return {d.id: (d, v.tobytes()) for d, v in zip(documents, vectors, strict=True)}


def flip_bit(path: Path, byte: int, bit: int = 3) -> None:
    """Flip one bit of a file that nobody has open."""
    content = bytearray(path.read_bytes())
    content[byte] ^= 1 << bit
    path.write_bytes(content)


def faiss_files(path: Path) -> list[Path]:
    """List the FAISS files of an index."""
    return sorted((path / "vectors").glob("*.faiss"))
