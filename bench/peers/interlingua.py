"""interlingua: records and raw vectors in SQLite, vectors in FAISS files."""

from pathlib import Path

import numpy as np

from bench.index_data import Data, Floats, K, Rows
from bench.peers.clock import Clock
from bench.peers.peer import Exact


class Interlingua:
    """The variant is ``--index-kind``, with ``/documents`` behind it to answer with documents."""

    def __init__(self, variant: str) -> None:
        self._kind, _, what = variant.partition("/")
        self._documents = what == "documents"

    def load(self) -> None:
        """Import it."""
        import indexer.imported
        import indexer.index  # noqa: F401

    def build(self, data: Data, folder: Path) -> dict[str, float]:
        """See :meth:`Peer.build`."""
        from cli.main import main

        clock = Clock()
        kind = ["--index-kind", self._kind] if self._kind else []
        files = [str(data.vectors), str(data.corpus)]
        code = main(["import", *files, "--index", str(folder / "index"), "--quiet", *kind])
        if code:
            raise SystemExit(code)
        clock.lap("import")
        return clock.laps

    def open(self, folder: Path) -> "_Opened":
        """See :meth:`Peer.open`."""
        from indexer.index import IndexReader

        return _Opened(IndexReader.open(folder / "index"), self._documents)


class _Opened(Exact):
    """Holds one state, as a service does for each request."""

    def __init__(self, reader: object, documents: bool) -> None:
        from indexer.index import IndexReader

        assert isinstance(reader, IndexReader)
        self._reader = reader
        self._documents = documents

    def search(self, queries: Floats) -> Rows:
        with self._reader.snapshot() as state:
            if self._documents:
                answers = state.search(queries, K)
                return np.array([[int(h.document.id[1:]) for h in hits] for hits in answers])
            found = state.neighbours(queries, K)
        # Vids are counted from 1 in the order of the records.
        return np.array([f.vids for f in found]) - 1
