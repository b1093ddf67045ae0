"""A frozen map of vectors that takes language out of them, applied to documents and queries."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors

_GRID = 2.0**24
_MATRIX_GRID = 2.0**22
"""Vectors and matrices are rounded to multiples of their inverse before they are multiplied."""

_ROWS = 8192
"""Rows multiplied at once; how many makes no difference to the result, but to memory."""

_VANISHED = 1e-4
"""A vector of which the map leaves less than this has no direction left."""

Codes = NDArray[np.int64]
Factors = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Transform:
    """Maps x of language l to y / |y|, where y = (x - b_l) A_l.

    A is the identity, a full matrix, or the identity less a projection of low rank. The last row
    of what is held for each language is for texts of another or an unknown language.

    The same vector becomes the same bits whatever stands beside it. BLAS adds up in an order that
    depends on the shape of the whole and on the processor, so the factors are rounded to a grid
    so coarse (2^-24 and 2^-22, where components are at most 2) that float64 sums are exact, and
    so fine that a cosine moves by less than 1e-6. Factors are held in float64, in which they are
    multiplied, and stored in float32, which holds them as well.
    """

    method: str
    """Name in the catalogue."""
    languages: tuple[str, ...]
    """The L languages that the fit has seen, in order."""
    offset: Vectors
    """(L + 1, d) float32: b."""
    read: Factors | None = None
    """(1 or L + 1, r, d): y becomes y - sum_i (y . read_i) erase_i."""
    erase: Factors | None = None
    """(1 or L + 1, r, d); equal to ``read`` where the projection is orthogonal."""
    matrix: Factors | None = None
    """(1 or L + 1, d, d): y becomes y A, after the projection where there are both."""

    def __post_init__(self) -> None:
        for name in ("read", "erase", "matrix"):
            held = getattr(self, name)
            if held is not None:
                rounded = np.rint(held * _MATRIX_GRID) / _MATRIX_GRID
                exact = rounded.astype(np.float32).astype(np.float64)
                object.__setattr__(self, name, exact)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.offset.shape[1])

    def apply(self, vectors: Vectors, languages: Sequence[str]) -> Vectors:
        """Map vectors.

        Args:
            vectors: (n, d) float32 unit rows.
            languages: n language tags; one that the fit has not seen, ``und`` among them, takes
                the row that was fitted on all documents.

        Returns:
            (n, d) float32 unit rows. A vector of which nothing is left, such as the very mean that
            is subtracted, stays as it is.
        """
        codes = self.codes(languages)
        y = vectors - self.offset[codes]
        if self.read is not None and self.erase is not None:
            inner = _by_language(y, self.read.transpose(0, 2, 1), codes)
            y = y - _by_language(inner, self.erase, codes)
        if self.matrix is not None:
            y = _by_language(y, self.matrix, codes)
        lengths = np.sqrt(np.einsum("ij,ij->i", y, y))
        gone = lengths < _VANISHED
        y[gone], lengths[gone] = vectors[gone], 1.0
        return np.ascontiguousarray(y / lengths[:, None], dtype=np.float32)

    def codes(self, languages: Sequence[str]) -> Codes:
        """Find the row of each language tag, the last one for those not seen."""
        known = {name: row for row, name in enumerate(self.languages)}
        other = len(self.languages)
        return np.fromiter((known.get(n, other) for n in languages), np.int64, len(languages))

    def to_bytes(self) -> bytes:
        """Serialise: a NumPy archive of the arrays, and the names in it as JSON."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)[2:]}
        names = json.dumps({"method": self.method, "languages": self.languages})
        held = {n: a.astype(np.float32) for n, a in arrays.items() if a is not None}
        buffer = io.BytesIO()
        np.savez(buffer, names=np.frombuffer(names.encode(), np.uint8), **held)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote; whether the bytes are whole, the caller has checked."""
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            arrays: Mapping[str, Any] = {name: held[name] for name in held.files}
        names = json.loads(bytes(arrays["names"]))
        rest = {name: array for name, array in arrays.items() if name != "names"}
        return cls(names["method"], tuple(names["languages"]), **rest)


def _by_language(x: Vectors, matrices: Factors, codes: Codes) -> Vectors:
    """Multiply each row of (n, k) by its language's (k, m), or by the one that all share."""
    if len(matrices) == 1:
        return _product(x, matrices[0])
    if len(codes) == 1:
        return _product(x, matrices[codes[0]])
    out = np.empty((len(x), matrices.shape[2]), np.float32)
    for code in np.unique(codes).tolist():
        rows = np.flatnonzero(codes == code)
        out[rows] = _product(x[rows], matrices[code])
    return out


def _product(x: Vectors, matrix: Factors) -> Vectors:
    """Multiply (n, k) by (k, m), without any rounding before the last."""
    out = np.empty((len(x), matrix.shape[1]), np.float32)
    for start in range(0, len(x), _ROWS):
        rows = slice(start, start + _ROWS)
        out[rows] = np.rint(x[rows] * _GRID).astype(np.float64) @ matrix / _GRID
    return out
