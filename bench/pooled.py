"""XQuAD-R audited whole: every question asks for the sentences of all languages in one list."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.cached import say
from indexer.convert import convert_xquad_r
from indexer.corpus import Query, read_corpus, read_queries
from indexer.encoders import Encoder, EncoderSpec
from indexer.index import IndexReader, IndexSettings, IndexWriter
from indexer.records import Document, EncodedDocument, Encoding, Filter, Role
from search.audit.options import AuditOptions
from search.audit.result import Audit
from search.audit.run import audit


@dataclass(frozen=True)
class Pooled:
    """The benchmark as records."""

    documents: Sequence[Document]
    queries: Sequence[Query]


@dataclass(frozen=True)
class RandomVectors:
    """An encoder that understands nothing: directions drawn at random, by the text's hash."""

    name: str = "random vectors"
    dim: int = 64
    max_tokens: int = 1 << 20
    fingerprint: str = "0" * 64
    arithmetic: str = "cpu float32"

    @property
    def parts(self) -> Mapping[str, str]:
        """Nothing makes it what it is."""
        return {}

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:  # noqa: ARG002 - no prompts
        """Draw a direction for each text."""
        rows = np.empty((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
            row[:] = np.random.default_rng(seed).standard_normal(self.dim)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        zeros = np.zeros(len(texts), np.int32)
        return Encoding(rows, zeros, zeros)


def read_pooled(source: Path) -> Pooled:
    """Read XQuAD-R as its repository lays it out."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        convert_xquad_r(source, out)
        records = read_corpus([str(out / "corpus.jsonl")])
        documents = [record.document for record in records]
        return Pooled(documents, list(read_queries(str(out / "queries.jsonl"))))


def audit_pooled(
    data: Pooled,
    encoder: Encoder,
    documents: Encoding,
    queries: Encoding,
    pools: Sequence[frozenset[str] | None] = (None,),
) -> list[Audit]:
    """Audit one encoder, once for each pool.

    Args:
        data: the benchmark.
        encoder: what made the vectors.
        documents: of the sentences, encoded alone, in the role of a passage.
        queries: of the questions, in the role of a query.
        pools: languages that ask and are searched; None for all.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        _write(path, encoder, data.documents, documents)
        with IndexReader.open(path) as reader:
            found = []
            for pool in pools:
                rows = [i for i, q in enumerate(data.queries) if pool is None or q.lang in pool]
                say(f"{encoder.name}: {len(rows)} questions asked")
                found.append(
                    audit(
                        reader,
                        AuditOptions(ks=(1, 10), allowed=Filter(languages=pool)),
                        queries=[data.queries[i] for i in rows],
                        vectors=queries.vectors[rows],
                    )
                )
            return found


def _write(path: Path, encoder: Encoder, documents: Sequence[Document], found: Encoding) -> None:
    settings = IndexSettings.of(encoder, EncoderSpec(encoder.name), "passage")
    batch = [
        EncodedDocument(document, vector, int(tokens), int(dropped))
        for document, vector, tokens, dropped in zip(documents, *found, strict=True)
    ]
    with IndexWriter.begin(path, lambda: settings) as writer:
        writer.add(batch, cursor=len(batch))
        writer.finish()
