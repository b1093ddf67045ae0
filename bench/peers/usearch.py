"""usearch: a graph, with its defaults (connectivity 16, expansion 128), in float32."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.index_data import DIM, Data, Floats, K, Rows
from bench.peers.clock import Clock


class Usearch:
    """Has no variants."""

    def __init__(self, variant: str) -> None:
        del variant

    def load(self) -> None:
        """Import it."""
        import usearch.index  # noqa: F401

    def build(self, data: Data, folder: Path) -> dict[str, float]:
        """See :meth:`Peer.build`."""
        from usearch.index import Index

        clock = Clock()
        vectors = np.load(data.vectors)
        clock.lap("read")
        index = Index(ndim=DIM, metric="ip", dtype="f32")
        index.add(np.arange(len(vectors), dtype=np.uint64), vectors)
        clock.lap("add")
        index.save(str(folder / "index.usearch"))
        clock.lap("write")
        return clock.laps

    def open(self, folder: Path) -> "_Opened":
        """See :meth:`Peer.open`."""
        from usearch.index import Index

        return _Opened(Index.restore(str(folder / "index.usearch"), view=True))


class _Opened:
    """The parameter is the expansion of a search; the file is mapped."""

    knobs: Sequence[int] = [16 << i for i in range(9)]

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - usearch's types say little
        self._index = index

    def turn(self, value: int) -> None:
        self._index.expansion_search = value

    def search(self, queries: Floats) -> Rows:
        keys = np.asarray(self._index.search(queries, K).keys, dtype=np.int64)
        return keys.reshape(len(queries), -1)
