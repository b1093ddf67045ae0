"""hnswlib: a graph, with its defaults (M 16, ef_construction 200)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.index_data import DIM, Data, Floats, K, Rows
from bench.peers.clock import Clock


class Hnswlib:
    """Has no variants."""

    def __init__(self, variant: str) -> None:
        del variant

    def load(self) -> None:
        """Import it."""
        import hnswlib  # noqa: F401

    def build(self, data: Data, folder: Path) -> dict[str, float]:
        """See :meth:`Peer.build`."""
        import hnswlib

        clock = Clock()
        vectors = np.load(data.vectors)
        clock.lap("read")
        index = hnswlib.Index(space="ip", dim=DIM)
        index.init_index(max_elements=len(vectors), M=16, ef_construction=200, random_seed=0)
        index.add_items(vectors, np.arange(len(vectors)))
        clock.lap("add")
        index.save_index(str(folder / "index.bin"))
        clock.lap("write")
        return clock.laps

    def open(self, folder: Path) -> "_Opened":
        """See :meth:`Peer.open`."""
        import hnswlib

        index = hnswlib.Index(space="ip", dim=DIM)
        index.load_index(str(folder / "index.bin"))
        return _Opened(index)


class _Opened:
    """The parameter is ef."""

    knobs: Sequence[int] = [16 << i for i in range(9)]

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - hnswlib is untyped
        self._index = index

    def turn(self, value: int) -> None:
        self._index.set_ef(value)

    def search(self, queries: Floats) -> Rows:
        return np.asarray(self._index.knn_query(queries, k=K)[0], dtype=np.int64)
