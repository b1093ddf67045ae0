"""Vectors in the TEXMEX formats: each row its dimension as int32, then its numbers.

``.fvecs`` holds float32, ``.bvecs`` bytes (Jégou et al. 2011, corpus-texmex.irisa.fr); both are
little-endian and have no header, so that only the name tells them.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import InputError
from indexer.lines import printable
from indexer.vectorfiles.mapped import Mapped
from indexer.vectorfiles.rows import MAX_DIM

NUMBERS = {".fvecs": "<f4", ".bvecs": "u1"}
"""What a file of this suffix holds."""

_COUNT = 4
_REMEDY = "look at what wrote it: every row is its dimension as int32, then its numbers"


class VecsFile:
    """An open ``.fvecs`` or ``.bvecs`` file, read by memory map.

    Args:
        path: the file; it must not change while it is open.

    Raises:
        InputError: it is not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.name = printable(str(path))
        self._numbers = np.dtype(NUMBERS[path.suffix.lower()])
        self.dtype = self._numbers.newbyteorder("=").name
        self._file = Mapped(path)
        bytes_ = self._file.array((path.stat().st_size,), np.dtype(np.uint8))
        self.dim = _first(bytes_, self.name)
        width = _COUNT + self.dim * self._numbers.itemsize
        if bytes_.size % width:
            self._refuse_size(bytes_.size)
        self._map = bytes_.reshape(-1, width)
        self.rows = len(self._map)

    def block(self, start: int, stop: int) -> NDArray[np.float64]:
        """Read the rows ``start <= i < stop`` as they are."""
        rows = self._map[start:stop].copy()
        self._file.forget()
        said = np.ascontiguousarray(rows[:, :_COUNT]).view("<i4")[:, 0]
        for i in np.flatnonzero(said != self.dim):
            raise InputError(
                f"{self.name}: row {start + i} (from 0) says that it has {said[i]} dimensions, "
                f"the first row {self.dim}",
                _REMEDY,
            )
        numbers = np.ascontiguousarray(rows[:, _COUNT:]).view(self._numbers)
        return numbers.astype(np.float64)

    def _refuse_size(self, size: int) -> None:
        reason = f"{size:,} bytes are no whole number of rows of {self.dim} dimensions"
        raise InputError(f"{self.name}: is cut short, or no {self.dtype} rows: {reason}", _REMEDY)


def _first(bytes_: NDArray[np.uint8], name: str) -> int:
    """Read the dimension that the first row says it has."""
    dim = int.from_bytes(bytes_[:_COUNT].tobytes(), "little", signed=True)
    if bytes_.size < _COUNT or not 1 <= dim <= MAX_DIM:
        reason = f"{name}: its first row says that it has {dim:,} dimensions"
        raise InputError(f"{reason}, 1 to {MAX_DIM:,} are possible", _REMEDY)
    return dim
