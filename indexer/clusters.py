"""The clusters of an ``IVF`` index: where vectors lie, and a search in some of them."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.faiss_calls import Passing, faiss_module, selector_of, threads
from indexer.records import Vectors

Held = NDArray[np.int32]
"""(L, nlist) rows of each language in each cluster."""


class Chosen(NamedTuple):
    """Clusters that each query looks into."""

    numbers: NDArray[np.int64]
    """(q, p), -1 for none."""
    scores: Vectors
    """(q, p) float32 inner products with their centres."""


class Clusters:
    """All clusters of an index.

    Args:
        inner: an ``IndexIVF`` of FAISS with direct access by row.
    """

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - faiss is untyped
        self._inner = inner

    def probe(
        self, queries: Vectors, m: int, passing: Passing, chosen: Chosen
    ) -> NDArray[np.int64]:
        """Find the best vectors of each query in clusters of the caller's choice.

        Args:
            queries: (q, d) contiguous float32.
            m: at least 1, and at most the rows that may be found in the clusters of each query.
            passing: which those are.
            chosen: which to look into.

        Returns:
            (q, m) rows, best first.
        """
        pointer, faiss = faiss_module().swig_ptr, faiss_module()
        numbers = np.ascontiguousarray(chosen.numbers)
        centres = np.ascontiguousarray(chosen.scores)
        scores = np.empty((len(queries), m), np.float32)
        rows = np.empty((len(queries), m), np.int64)
        parameters = faiss.SearchParametersIVF()
        parameters.sel, parameters.nprobe = selector_of(passing), numbers.shape[1]
        with threads(len(queries), len(self._of_row)):
            # FAISS's own wrapper takes no parameters here.
            self._inner.search_preassigned_c(
                *(len(queries), pointer(queries), m, pointer(numbers), pointer(centres)),
                *(pointer(scores), pointer(rows), False, parameters),
            )
        return rows

    def centres(self, queries: Vectors) -> Vectors:
        """Score the centres of all clusters, (q, nlist) float32.

        Args:
            queries: (q, d) contiguous float32.
        """
        return queries @ self._centres.T

    def held(self, parts: Sequence[Passing]) -> Held:
        """Count the rows of each part in each cluster, (parts, nlist)."""
        held = np.zeros((len(parts), self._inner.nlist), np.int32)
        for own, passing in zip(held, parts, strict=True):
            some = self._of_row
            if passing.bits is not None:
                flags = np.unpackbits(passing.bits, count=len(some), bitorder="little")
                some = some[flags.view(bool)]
            own[:] = np.bincount(some, minlength=len(own))
        return held

    @cached_property
    def _centres(self) -> Vectors:
        """Of all clusters, (nlist, d)."""
        centres: Vectors = self._inner.quantizer.reconstruct_n(0, self._inner.nlist)
        return centres

    @cached_property
    def _of_row(self) -> NDArray[np.int32]:
        """Where direct access to a vector finds it, (n,)."""
        entries = self._inner.direct_map.array  # cluster << 32 | place in it
        pairs = faiss_module().rev_swig_ptr(entries.data(), entries.size())
        numbers: NDArray[np.int32] = (pairs >> 32).astype(np.int32)
        return numbers
