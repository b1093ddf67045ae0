"""interlingua: records and raw vectors in SQLite, vectors in FAISS files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.index_data import Data, Floats, K, Rows
from bench.peers.clock import Clock

if TYPE_CHECKING:
    from indexer.index import IndexReader

_KNOBS = {"hnsw": [16 << i for i in range(9)], "ivf": [2**i for i in range(11)]}


class Interlingua:
    """The variant is ``--index-kind``.

    With ``+lexical`` behind it texts are kept for search by words, too; with ``/documents`` answers
    are documents and not their numbers.
    """

    def __init__(self, variant: str) -> None:
        index, _, what = variant.partition("/")
        self._kind, _, more = index.partition("+")
        self._lexical = more == "lexical"
        self._documents = what == "documents"

    def load(self) -> None:
        """Import it."""
        import indexer.imported
        import indexer.index  # noqa: F401

    def build(self, data: Data, folder: Path) -> dict[str, float]:
        """See :meth:`Peer.build`."""
        from cli.main import main

        clock = Clock()
        options = [
            "--index",
            str(folder / "index"),
            "--index-kind",
            self._kind or "auto",
            "--quiet",
        ]
        options.append("--lexical" if self._lexical else "--no-lexical")
        code = main(["import", str(data.vectors), str(data.corpus), *options])
        if code:
            raise SystemExit(code)
        clock.lap("import")
        return clock.laps

    def open(self, folder: Path) -> "_Opened":
        """See :meth:`Peer.open`."""
        from indexer.index import IndexReader

        return _Opened(IndexReader.open(folder / "index"), self._kind, self._documents)


class _Opened:
    """Holds one state for each call, as a service does for each request."""

    def __init__(self, reader: "IndexReader", kind: str, documents: bool) -> None:
        self._reader = reader
        self._documents = documents
        self._options: dict[str, Any] = {}
        self.knobs: Sequence[int] = _KNOBS.get(kind, ())

    def turn(self, value: int) -> None:
        """Set nprobe or efSearch."""
        self._options = {"effort": value}

    def search(self, queries: Floats) -> Rows:
        """See :meth:`Opened.search`."""
        with self._reader.snapshot() as state:
            found = state.neighbours(queries, K, **self._options)
            if self._documents:
                answers = state.hits(found)
                return np.array([[int(h.document.id[1:]) for h in hits] for hits in answers])
        # Vids are counted from 1 in the order of the records.
        return np.array([f.vids for f in found]) - 1
