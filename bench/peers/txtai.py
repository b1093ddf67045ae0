"""txtai: vectors in FAISS, records in SQLite; the nearest in kind to interlingua."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.index_data import Data, Floats, K, Rows
from bench.peers.clock import Clock
from bench.peers.peer import Exact


class Txtai:
    """The variant is a factory string of FAISS; ``IDMap,Flat`` when there is none."""

    def __init__(self, variant: str) -> None:
        self._factory = variant or "IDMap,Flat"

    def load(self) -> None:
        """Import it."""
        import txtai  # noqa: F401

    def build(self, data: Data, folder: Path) -> dict[str, float]:
        """See :meth:`Peer.build`."""
        from txtai import Embeddings

        clock = Clock()
        vectors = np.load(data.vectors)
        clock.lap("read")

        found = Embeddings(
            method="external",
            transform=_in_order(vectors),
            content=True,
            faiss={"components": self._factory},
        )
        with data.corpus.open(encoding="utf-8") as file:
            found.index(_records(map(json.loads, file)))
        clock.lap("import")
        found.config.pop("transform")
        found.save(str(folder / "index"))
        clock.lap("write")
        return clock.laps

    def open(self, folder: Path) -> "_Opened":
        """See :meth:`Peer.open`."""
        from txtai import Embeddings

        found = Embeddings()
        found.load(str(folder / "index"))
        return _Opened(found)


class _Opened(Exact):
    """Answers with ids, scores and texts."""

    def __init__(self, found: Any) -> None:  # noqa: ANN401 - txtai is untyped
        self._found = found

    def search(self, queries: Floats) -> Rows:
        self._found.model = _Given(queries)
        answers = self._found.batchsearch([str(i) for i in range(len(queries))], K)
        rows = [[int(hit["id"][1:]) for hit in hits] for hits in answers]
        return np.array(rows, dtype=np.int64)


def _in_order(vectors: Floats) -> Callable[[Sequence[str]], Floats]:
    """Give texts their vectors: they come in their order, so the row of a text is counted."""
    done = 0

    def transform(texts: Sequence[str]) -> Floats:
        nonlocal done
        start, done = done, done + len(texts)
        return vectors[start:done]

    return transform


class _Given:
    """Stands where the encoder would: the vector of query *i* is row *i*."""

    def __init__(self, queries: Floats) -> None:
        self._queries = queries

    def batchtransform(self, asked: Any, category: str | None = None) -> Floats:  # noqa: ANN401
        """Look up the vectors of (id, text, tags)."""
        del category
        return self._queries[[int(text) for _, text, _ in asked]]


def _records(records: Any) -> Any:  # noqa: ANN401 - txtai is untyped
    return ((record["id"], record, None) for record in records)
