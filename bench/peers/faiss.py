"""Raw FAISS: vectors in a file, no ids, no records."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.index_data import DIM, Data, Floats, K, Rows
from bench.peers.clock import Clock

TRAINED_ON = 64
"""Vectors a cluster that an inverted file is trained on."""


class Faiss:
    """An index of a factory string, added to at once.

    With ``+200`` behind it a graph chooses links among 200 candidates (efConstruction), not 40.
    """

    def __init__(self, factory: str) -> None:
        self._factory, _, self._candidates = (factory or "Flat").partition("+")

    def load(self) -> None:
        """Import it."""
        import faiss  # noqa: F401

    def build(self, data: Data, folder: Path) -> dict[str, float]:
        """See :meth:`Peer.build`."""
        import faiss

        clock = Clock()
        vectors = np.load(data.vectors)
        clock.lap("read")
        index: Any = faiss.index_factory(DIM, self._factory, faiss.METRIC_INNER_PRODUCT)
        if self._candidates:
            graph: Any = faiss.downcast_index(index)
            graph.hnsw.efConstruction = int(self._candidates)
        if not index.is_trained:
            rng, wanted = (
                np.random.default_rng(0),
                TRAINED_ON * faiss.extract_index_ivf(index).nlist,
            )
            index.train(vectors[np.sort(rng.permutation(len(vectors))[:wanted])])
            clock.lap("train")
        index.add(vectors)
        clock.lap("add")
        faiss.write_index(index, str(folder / "index.faiss"))
        with (folder / "index.faiss").open("rb") as file:
            os.fsync(file.fileno())
        clock.lap("write")
        return clock.laps

    def open(self, folder: Path) -> "_Opened":
        """See :meth:`Peer.open`."""
        import faiss

        return _Opened(faiss.read_index(str(folder / "index.faiss")))


class _Opened:
    """A FAISS index; the parameter is nprobe or efSearch, whichever it has."""

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - faiss is untyped
        import faiss

        self._index = index
        self._set: Any = None
        self.knobs: Sequence[int] = ()
        kind = faiss.downcast_index(index)
        if hasattr(kind, "nprobe"):
            self.knobs, self._make = [2**i for i in range(11)], "SearchParametersIVF nprobe"
        elif hasattr(kind, "hnsw"):
            self.knobs, self._make = [16 << i for i in range(9)], "SearchParametersHNSW efSearch"

    def turn(self, value: int) -> None:
        import faiss

        name, field = self._make.split()
        self._set = getattr(faiss, name)(**{field: value})

    def search(self, queries: Floats) -> Rows:
        rows: Rows = self._index.search(queries, K, params=self._set)[1]
        return rows
