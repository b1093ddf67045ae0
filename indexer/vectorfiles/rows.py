"""What a file of vectors is, and how its rows become unit vectors."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.errors import InputError
from indexer.records import Vectors
from indexer.rows import UNIT_TOLERANCE

MAX_DIM = 1 << 16
"""Most numbers in a vector; more are a matrix that lies on its side."""

NEARLY_UNIT = 2.0**-20
"""How far from 1 the length of a unit row that was rounded to float32 may be: such a row is kept
bit by bit, so that what was exported is imported as it was."""

_SAFE_EXPONENT = 256
"""Numbers below 2^256 and above 2^-256 have squares far from the limits of float64."""


class VectorFile(Protocol):
    """One open file of vectors; it must not change while it is open."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def rows(self) -> int:
        """How many vectors there are, at least 1."""
        ...

    @property
    def dim(self) -> int:
        """Numbers in a vector, 1 to :data:`MAX_DIM`."""
        ...

    @property
    def dtype(self) -> str:
        """The numbers as they lie in the file: ``float32``."""
        ...

    def block(self, start: int, stop: int) -> NDArray[np.float64]:
        """Read the rows ``start <= i < stop`` as they are, (stop - start, dim).

        Fast where ``start`` is the ``stop`` of the call before.

        Raises:
            InputError: a row that is no vector of this length, or a file that is damaged.
        """
        ...


class Units(NamedTuple):
    """A block of rows after scaling."""

    vectors: Vectors
    """(n, d) float32, each row divided by its length in double precision; one of unit length to
    :data:`NEARLY_UNIT` as it was."""
    rescaled: int
    """How many rows were farther from unit length than :data:`UNIT_TOLERANCE`."""


def unit_rows(block: NDArray[np.float64], name: Callable[[int], str]) -> Units:
    """Divide the rows of a block by their lengths.

    Args:
        block: (n, d), n may be 0.
        name: says which vector row *i* of the block is, for the message.

    Raises:
        InputError: a row that holds NaN or infinity or is zero, naming the first.
    """
    largest = np.maximum(block.max(axis=1, initial=0), -block.min(axis=1, initial=0))
    for i in np.flatnonzero(~np.isfinite(largest) | (largest == 0)):
        what = "is zero" if largest[i] == 0 else "holds NaN or infinity"
        raise InputError(
            f"{name(int(i))}, {what}",
            "look at what made it; leave out the record and its row, or encode it again",
        )
    return _scaled(block, largest)


def _scaled(block: NDArray[np.float64], largest: NDArray[np.float64]) -> Units:
    """Divide finite rows by their length.

    Where squares could overflow or vanish a power of two is taken out first, which changes no
    digit of the result.
    """
    exponents = np.frexp(largest)[1]
    if np.abs(exponents).max(initial=0) < _SAFE_EXPONENT:
        lengths = np.linalg.norm(block, axis=1)
        away = np.abs(lengths - 1)
        off = away > UNIT_TOLERANCE
        lengths[away < NEARLY_UNIT] = 1
    else:
        block = np.ldexp(block, -exponents[:, None])
        lengths = np.linalg.norm(block, axis=1)
        with np.errstate(over="ignore"):
            off = np.abs(np.ldexp(lengths, exponents) - 1) > UNIT_TOLERANCE
    return Units((block / lengths[:, None]).astype(np.float32), int(off.sum()))
