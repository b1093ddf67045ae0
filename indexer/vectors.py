"""The FAISS side: vectors that are searched, and the candidates they yield."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.clusters import Clusters
from indexer.faiss_calls import Passing, faiss_module, selector_of, threads
from indexer.kinds import default_effort
from indexer.records import Vectors

Vids = NDArray[np.int64]
"""(n,) int64, ascending."""

Positions = NDArray[np.int64]
"""(n,) int64, numbers of rows."""

_BLOCK = 20_000

_GRAPH_FROM = 5
"""A graph is walked where at least one row in so many may be found; below that most steps of the
walk would lead to rows that may not, and scoring those that may is faster, and exact."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Which vectors may be candidates."""

    allowed: Vids | None
    """Only these; None allows all."""
    denied: Vids
    """Never these."""


class Segment:
    """Vectors that FAISS searches: a loaded file, or the tail that is in no file yet.

    Args:
        index: an ``IndexIDMap``; what it maps to counts rows from 0.
        vids: (n,) ascending numbers of its rows.
        factory: what it maps to, in FAISS's words; see :mod:`indexer.kinds`.
    """

    def __init__(self, index: Any, vids: Vids, factory: str = "Flat") -> None:  # noqa: ANN401 - faiss is untyped
        self.index = index
        self.vids = vids
        self.factory = factory
        self._inner = faiss_module().downcast_index(index.index)
        self.raw = factory.rpartition(",")[2] == "Flat"
        """Whether it holds the vectors as they are searched, and not codes of them."""
        self.exact = factory == "Flat"
        """Whether a search looks at every vector, and at the vectors themselves."""
        self._approximate = factory.startswith(("IVF", "HNSW"))
        self.clusters = Clusters(self._inner) if factory.startswith("IVF") else None
        """Where those of an ``IVF`` index lie."""
        if self.exact:
            self._pointer = self._inner.get_xb()
            stored = faiss_module().rev_swig_ptr(self._pointer, len(vids) * self._inner.d)
            stored.flags.writeable = False
            self.matrix: Vectors = stored.reshape(len(vids), self._inner.d)
            """(n, d) float32, the vectors of an exact segment where FAISS keeps them, not copied;
            read only."""

    @classmethod
    def of(cls, vids: Vids, vectors: Vectors) -> "Segment":
        """Make an exact segment in memory.

        Args:
            vids: (n,) ascending.
            vectors: (n, d) float32 unit rows.
        """
        index = faiss_module().IndexIDMap(faiss_module().IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(vectors, vids)
        return cls(index, vids)

    def passing(self, mask: Mask) -> Passing:
        """Find the rows that ``mask`` lets pass."""
        denied = _rows_of(mask.denied, self.vids)
        if mask.allowed is None and not len(denied):
            return Passing(None, len(self.vids))
        if mask.allowed is None:
            flags = np.ones(len(self.vids), dtype=bool)
        else:
            flags = np.zeros(len(self.vids), dtype=bool)
            flags[_rows_of(mask.allowed, self.vids)] = True
        flags[denied] = False
        return Passing(np.packbits(flags, bitorder="little"), int(flags.sum()))

    def search(
        self,
        queries: Vectors,
        m: int,
        passing: Passing,
        effort: int | None = None,
        exhaustive: bool = False,
    ) -> tuple[Vectors, Positions]:
        """Find the best vectors of each query by inner product in float32.

        Args:
            queries: (q, d) float32.
            m: at least 1, and at most the rows that may be found.
            passing: which those are, see :meth:`passing`.
            effort: how hard an approximate search tries; see :mod:`indexer.kinds`.
            exhaustive: look at everything that is stored.

        Returns:
            scores (q, m) in descending order and rows (q, m), as many as were asked for.
        """
        with threads(len(queries), len(self.vids)):
            if exhaustive or not self._approximate or self._rare(passing):
                return self._scan(queries, m, passing)
            scores, rows = self._try(queries, m, passing, effort or default_effort(self.factory))
            short = np.flatnonzero((rows < 0).any(axis=1))
            if len(short):
                scores[short], rows[short] = self._scan(queries[short], m, passing)
        return scores, rows

    def _rare(self, passing: Passing) -> bool:
        """Whether a graph would mostly lead to rows that may not be found."""
        return self.factory.startswith("HNSW") and passing.rows * _GRAPH_FROM < len(self.vids)

    def _try(
        self, queries: Vectors, m: int, passing: Passing, effort: int
    ) -> tuple[Vectors, Positions]:
        """Search as the kind does; a filter is made up for, so that as many rows are scored."""
        selector = selector_of(passing)
        effort = math.ceil(effort * len(self.vids) / passing.rows)
        # Search parameters belong to the call; an attribute of the index would be shared.
        if self.factory.startswith("IVF"):
            nprobe = min(effort, self._inner.nlist)
            parameters = faiss_module().SearchParametersIVF(sel=selector, nprobe=nprobe)
        else:
            effort = max(effort, m)
            parameters = faiss_module().SearchParametersHNSW(sel=selector, efSearch=effort)
        scores, rows = self._inner.search(queries, m, params=parameters)
        return scores, rows

    def _scan(self, queries: Vectors, m: int, passing: Passing) -> tuple[Vectors, Positions]:
        """Score everything that is stored."""
        inner, selector = self._inner, selector_of(passing)
        if self.factory.startswith("IVF"):
            parameters = faiss_module().SearchParametersIVF(sel=selector, nprobe=inner.nlist)
        else:
            parameters = selector and faiss_module().SearchParameters(sel=selector)
        if self.factory.startswith("HNSW"):
            if ",PQ" in self.factory:  # FAISS has no selector for them
                return self._scan_decoded(queries, m, passing)
            inner = faiss_module().downcast_index(inner.storage)
        scores, rows = inner.search(queries, m, params=parameters)
        scores[rows < 0] = -np.inf
        return scores, rows

    def _scan_decoded(
        self, queries: Vectors, m: int, passing: Passing
    ) -> tuple[Vectors, Positions]:
        """Score what is stored, decoded block by block."""
        allowed = np.arange(len(self.vids))
        if passing.bits is not None:
            flags = np.unpackbits(passing.bits, count=len(self.vids), bitorder="little")
            allowed = np.flatnonzero(flags)
        scores = np.empty((len(queries), 0), np.float32)
        rows = np.empty((len(queries), 0), np.int64)
        for start in range(0, len(allowed), _BLOCK):
            block = allowed[start : start + _BLOCK]
            new = queries @ self.vectors(block).T
            scores = np.concatenate([scores, new], axis=1)
            rows = np.concatenate([rows, np.broadcast_to(block, new.shape)], axis=1)
            order = np.argsort(-scores, axis=1, kind="stable")[:, :m]
            scores = np.take_along_axis(scores, order, axis=1)
            rows = np.take_along_axis(rows, order, axis=1)
        return scores, rows

    def vectors(self, positions: Positions) -> Vectors:
        """Copy stored vectors, (n, d) float32, at some rows; decoded where they are quantised."""
        if self.exact:
            # Not ``take``, which copies a matrix whole that lies askew in its file.
            copied: Vectors = self.matrix[positions]
            return copied
        vectors = np.empty((len(positions), self._inner.d), np.float32)
        if len(positions):
            self._inner.reconstruct_batch(np.ascontiguousarray(positions), vectors)
        return vectors

    def scores(self, queries: Vectors, out: Vectors) -> None:
        """Score all vectors of an exact segment for each query by inner product in float32.

        Args:
            queries: (q, d) contiguous float32.
            out: (q, n) float32, takes the scores in the order of :attr:`vids`.
        """
        if len(queries) > 1:
            # In blocks, since numpy copies what lies askew in its file before it multiplies.
            for start in range(0, len(self.vids), _BLOCK):
                here = slice(start, start + _BLOCK)
                np.matmul(queries, self.matrix[here].T, out=out[:, here])
            return
        # For one query FAISS's loop is faster than a matrix product.
        row, pointer = out[0], faiss_module().swig_ptr
        faiss_module().fvec_inner_products_ny(
            pointer(row), pointer(queries), self._pointer, queries.shape[1], len(row)
        )

    def scores_at(self, query: Vectors, positions: Positions) -> Vectors:
        """Score some rows of an exact segment in float32, each as if it were alone.

        Args:
            query: (d,) contiguous float32.
            positions: (n,) contiguous.
        """
        scores, pointer = np.empty(len(positions), np.float32), faiss_module().swig_ptr
        if len(positions):
            faiss_module().fvec_inner_products_by_idx(
                *(pointer(scores), pointer(query), self._pointer, pointer(positions)),
                *(len(query), 1, len(positions)),
            )
        return scores


def _rows_of(vids: Vids, among: Vids) -> Positions:
    """Find the places in ``among`` of those of ``vids`` that occur there; both ascend."""
    if not len(among) or not len(vids):
        return np.empty(0, np.int64)
    near = vids[np.searchsorted(vids, among[0]) : np.searchsorted(vids, among[-1], "right")]
    position = np.minimum(np.searchsorted(among, near), len(among) - 1)
    rows: Positions = position[among[position] == near]
    return rows
