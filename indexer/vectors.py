"""The FAISS side: vectors that are searched, and the candidates they yield."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors

Vids = NDArray[np.int64]
"""(n,) int64, ascending."""

Positions = NDArray[np.int64]
"""(n,) int64, numbers of rows."""

KIND = "flat"
"""What ``info`` calls these files."""

_WORTH_THREADS = 250_000
"""Products of two vectors that take one thread some 25 ms."""


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
        index: the FAISS index, an ``IndexIDMap`` over an ``IndexFlatIP``.
        vids: (n,) ascending numbers of its rows.
    """

    def __init__(self, index: Any, vids: Vids) -> None:  # noqa: ANN401 - faiss is untyped
        self.index = index
        self.vids = vids
        flat = faiss_module().downcast_index(index.index)
        self._pointer = flat.get_xb()
        stored = faiss_module().rev_swig_ptr(self._pointer, flat.ntotal * flat.d)
        stored.flags.writeable = False
        self.matrix: Vectors = stored.reshape(flat.ntotal, flat.d)
        """(n, d) float32, the vectors where FAISS keeps them, not copied; read only."""

    @classmethod
    def of(cls, vids: Vids, vectors: Vectors) -> "Segment":
        """Make a segment in memory.

        Args:
            vids: (n,) ascending.
            vectors: (n, d) float32 unit rows.
        """
        index = faiss_module().IndexIDMap(faiss_module().IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(vectors, vids)
        return cls(index, vids)

    def available(self, mask: Mask) -> int:
        """Count the vectors that ``mask`` lets pass."""
        if mask.allowed is None:
            return len(self.vids) - len(_shared(mask.denied, self.vids))
        allowed = _shared(mask.allowed, self.vids)
        return len(allowed) - len(_shared(mask.denied, allowed))

    def search(self, queries: Vectors, m: int, mask: Mask) -> tuple[Vectors, Vids]:
        """Find the ``m`` best vectors of each query by inner product in float32.

        Args:
            queries: (q, d) float32.
            m: at least 1.
            mask: which vectors may be found.

        Returns:
            scores (q, m) in descending order and vids (q, m); where FAISS found fewer than ``m``
            the vid is -1 and the score minus infinity.
        """
        # Search parameters belong to the call; an attribute of the index would be shared.
        parameters = faiss_module().SearchParameters(sel=_selector(mask, self.vids))
        with _threads(len(queries), len(self.vids)):
            scores, vids = self.index.search(queries, m, params=parameters)
        scores[vids < 0] = -np.inf
        return scores, vids

    def scores(self, queries: Vectors, out: Vectors) -> None:
        """Score all vectors for each query by inner product in float32.

        Args:
            queries: (q, d) contiguous float32.
            out: (q, n) float32, takes the scores in the order of :attr:`vids`.
        """
        if len(queries) > 1:
            np.matmul(queries, self.matrix.T, out=out)
            return
        # For one query FAISS's loop is faster than a matrix product.
        row, pointer = out[0], faiss_module().swig_ptr
        faiss_module().fvec_inner_products_ny(
            pointer(row), pointer(queries), self._pointer, queries.shape[1], len(row)
        )

    def scores_at(self, query: Vectors, positions: Positions) -> Vectors:
        """Score some rows by inner product in float32, each as if it were alone.

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


def build_of_faiss() -> str:
    """Name the version of FAISS and what it was built for: ``1.15.1, OPTIMIZE AVX2``.

    Raises:
        ImportError: it cannot be loaded.
    """
    options = str(faiss_module().get_compile_options()).split()
    return f"{faiss_module().__version__}, {' '.join(options)}"


def faiss_module() -> Any:  # noqa: ANN401 - its classes are extended at run time, unseen by its types
    """Import FAISS when it is needed: a command that only asks for help never is."""
    import faiss

    return faiss


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


def _shared(vids: Vids, among: Vids) -> Vids:
    """Pick those of ``vids`` that occur in ``among``; both ascend, without repetition."""
    if not len(among) or not len(vids):
        return vids[:0]
    near = vids[np.searchsorted(vids, among[0]) : np.searchsorted(vids, among[-1], "right")]
    position = np.minimum(np.searchsorted(among, near), len(among) - 1)
    shared: Vids = near[among[position] == near]
    return shared


def _selector(mask: Mask, vids: Vids) -> Any:  # noqa: ANN401 - faiss is untyped
    """Make FAISS's selector of the mask's part in ``vids``; None lets all pass."""
    denied = _shared(mask.denied, vids)
    if mask.allowed is None:
        if not len(denied):
            return None
        return faiss_module().IDSelectorNot(faiss_module().IDSelectorBitmap(_bits(denied)))
    bits = _bits(np.setdiff1d(mask.allowed, denied, assume_unique=True))
    return faiss_module().IDSelectorBitmap(bits)


def _bits(vids: Vids) -> NDArray[np.uint8]:
    """Set bit ``vid`` of a bitmap, for each vid."""
    flags = np.zeros(int(vids[-1]) + 1 if len(vids) else 1, dtype=bool)
    flags[vids] = True
    return np.packbits(flags, bitorder="little")
