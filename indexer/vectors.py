"""The FAISS side: vectors that are searched, and the candidates they yield."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.kinds import default_effort
from indexer.records import Vectors

Vids = NDArray[np.int64]
"""(n,) int64, ascending."""

Positions = NDArray[np.int64]
"""(n,) int64, numbers of rows."""

Held = NDArray[np.int32]
"""(L, nlist) rows of each language in each cluster."""

_WORTH_THREADS = 250_000
"""Products of two vectors that take one thread some 25 ms."""

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


class Passing(NamedTuple):
    """The rows of one segment that may be candidates."""

    bits: NDArray[np.uint8] | None
    """Bit i is row i; None lets all rows pass."""
    rows: int
    """How many there are."""


class Clusters(NamedTuple):
    """Clusters that each query looks into."""

    numbers: NDArray[np.int64]
    """(q, p), -1 for none."""
    scores: Vectors
    """(q, p) float32 inner products with their centres."""


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
        with _threads(len(queries), len(self.vids)):
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
        selector = _selector(passing)
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

    def probe(self, queries: Vectors, m: int, passing: Passing, clusters: Clusters) -> Positions:
        """Find the best vectors of each query in clusters of the caller's choice.

        Args:
            queries: (q, d) contiguous float32.
            m: at least 1, and at most the rows that may be found in the clusters of each query.
            passing: which those are.
            clusters: which to look into.

        Returns:
            (q, m) rows, best first.
        """
        pointer, faiss = faiss_module().swig_ptr, faiss_module()
        numbers = np.ascontiguousarray(clusters.numbers)
        centres = np.ascontiguousarray(clusters.scores)
        scores = np.empty((len(queries), m), np.float32)
        rows = np.empty((len(queries), m), np.int64)
        parameters = faiss.SearchParametersIVF()
        parameters.sel, parameters.nprobe = _selector(passing), numbers.shape[1]
        with _threads(len(queries), len(self.vids)):
            # FAISS's own wrapper takes no parameters here.
            self._inner.search_preassigned_c(
                *(len(queries), pointer(queries), m, pointer(numbers), pointer(centres)),
                *(pointer(scores), pointer(rows), False, parameters),
            )
        return rows

    def centres(self, queries: Vectors) -> Vectors | None:
        """Score the centres of all clusters, (q, nlist) float32; None where there are none.

        Args:
            queries: (q, d) contiguous float32.
        """
        return queries @ self._centres.T if self.factory.startswith("IVF") else None

    def held(self, parts: Sequence[Passing]) -> Held:
        """Count the rows of each part in each cluster, (parts, nlist); nlist is 0 without any."""
        clusters = self._inner.nlist if self.factory.startswith("IVF") else 0
        held = np.zeros((len(parts), clusters), np.int32)
        for own, passing in zip(held, parts if clusters else (), strict=False):
            some = self._cluster_of_row
            if passing.bits is not None:
                flags = np.unpackbits(passing.bits, count=len(self.vids), bitorder="little")
                some = some[flags.view(bool)]
            own[:] = np.bincount(some, minlength=clusters)
        return held

    @cached_property
    def _centres(self) -> Vectors:
        """Of all clusters, (nlist, d)."""
        centres: Vectors = self._inner.quantizer.reconstruct_n(0, self._inner.nlist)
        return centres

    @cached_property
    def _cluster_of_row(self) -> NDArray[np.int32]:
        """Where direct access to a vector finds it, (n,)."""
        entries = self._inner.direct_map.array  # cluster << 32 | place in it
        pairs = faiss_module().rev_swig_ptr(entries.data(), entries.size())
        numbers: NDArray[np.int32] = (pairs >> 32).astype(np.int32)
        return numbers

    def _scan(self, queries: Vectors, m: int, passing: Passing) -> tuple[Vectors, Positions]:
        """Score everything that is stored."""
        inner, selector = self._inner, _selector(passing)
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


def faiss_module() -> Any:  # noqa: ANN401 - its classes are extended at run time, unseen by its types
    """Import FAISS when it is needed: a command that only asks for help never is."""
    import faiss

    return faiss


def build_of_faiss() -> str:
    """Name the version of FAISS and what it was built for: ``1.15.1, OPTIMIZE AVX2``.

    Raises:
        ImportError: it cannot be loaded.
    """
    options = str(faiss_module().get_compile_options()).split()
    return f"{faiss_module().__version__}, {' '.join(options)}"


@contextmanager
def _threads(queries: int, rows: int) -> Iterator[None]:
    """Let one thread do what several could not do faster; the setting is the calling thread's own.

    FAISS divides the queries among threads, so that one query gains nothing, and where other
    programs are busy its threads wait for each other: 32 ms instead of 1.4 for one query.
    """
    usual = faiss_module().omp_get_max_threads()
    if queries == 1 or queries * rows < _WORTH_THREADS:
        faiss_module().omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss_module().omp_set_num_threads(usual)


def _rows_of(vids: Vids, among: Vids) -> Positions:
    """Find the places in ``among`` of those of ``vids`` that occur there; both ascend."""
    if not len(among) or not len(vids):
        return np.empty(0, np.int64)
    near = vids[np.searchsorted(vids, among[0]) : np.searchsorted(vids, among[-1], "right")]
    position = np.minimum(np.searchsorted(among, near), len(among) - 1)
    rows: Positions = position[among[position] == near]
    return rows


def _selector(passing: Passing) -> Any:  # noqa: ANN401 - faiss is untyped
    """Make FAISS's selector of rows; None lets all pass."""
    return None if passing.bits is None else faiss_module().IDSelectorBitmap(passing.bits)
