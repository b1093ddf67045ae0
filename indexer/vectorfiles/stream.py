"""Rows that can only be read in their order, as if they could be read anywhere."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float64]


class Stream:
    """Blocks of rows that follow each other; going back begins at the start.

    Args:
        read: begins to read, and yields (n, d) blocks, none of them empty.
    """

    def __init__(self, read: Callable[[], Iterator[Block]]) -> None:
        self._read = read
        self._blocks, self._first = read(), 0
        self._held = next(self._blocks)
        self.dim = self._held.shape[1]
        """Numbers in a row."""

    def block(self, start: int, stop: int) -> Block:
        """Return the rows ``start <= i < stop``, of which there must be as many."""
        if start < self._first:
            self._blocks, self._first = self._read(), 0
            self._held = next(self._blocks)
        parts = []
        while True:
            held = self._held[max(0, start - self._first) : stop - self._first]
            parts.append(held)
            start += len(held)
            if start >= stop:
                return np.concatenate(parts)
            self._first += len(self._held)
            self._held = next(self._blocks)
