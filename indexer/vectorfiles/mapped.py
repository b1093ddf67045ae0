"""A file in the process's memory, whose pages are given back when they have been read."""

import mmap
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


class Mapped:
    """A mapped file; it must not change meanwhile.

    Pages that were read count as memory of the process until they are let go, which a reader of
    blocks does with :meth:`forget`: however large the file, few of its pages stay.

    Args:
        path: a file that is not empty.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def array(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        offset: int = 0,
        order: Literal["C", "F"] = "C",
    ) -> NDArray[Any]:
        """See the bytes from ``offset`` on as an array."""
        return np.ndarray(shape, dtype, self._memory, offset, order=order)

    def forget(self) -> None:
        """Let go of the pages that were read; they are read again when they are needed."""
        self._memory.madvise(mmap.MADV_DONTNEED)
