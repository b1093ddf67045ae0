"""Vectors in an npy file: read by memory map, checked, made unit vectors, block by block."""

from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from indexer.errors import InputError
from indexer.records import Vectors
from indexer.rows import UNIT_TOLERANCE

MAX_DIM = 1 << 16
"""Most numbers in a vector; more are a matrix that lies on its side."""

_BLOCK = 512
"""Rows scaled at once: their float64 copies fit a processor's cache."""

_SAFE_EXPONENT = 256
"""Numbers below 2^256 and above 2^-256 have squares far from the limits of float64."""

_MAGIC, _ZIP = b"\x93NUMPY", b"PK"
# What NumPy raises for headers of which single bytes were changed, and what its parser may.
_DAMAGED = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError)
_SAVE = "write it with numpy.save: an array of shape (records, dimensions)"
_NUMBERS = 'save it as float32: numpy.save(FILE, array.astype("float32"))'


class Units(NamedTuple):
    """A block of rows after scaling."""

    vectors: Vectors
    """(n, d) float32, each row divided by its length in double precision."""
    rescaled: int
    """How many rows were farther from unit length than :data:`UNIT_TOLERANCE`."""


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[np.float64]
    offset: int
    """Bytes before the numbers."""


class VectorFile:
    """An open npy file of n rows, float16, float32 or float64, in C or Fortran order.

    Nothing in it is executed: pickled arrays are refused.

    Args:
        path: the file; it must not change while it is open.

    Raises:
        InputError: it cannot be read, or is not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        header = _header(path)
        _check_numbers(path, header)
        _check_shape(path, header.shape)
        _check_size(path, header)
        self.rows, self.dim = header.shape
        self.dtype = header.dtype.newbyteorder("=").name
        order = "F" if header.fortran else "C"
        self._map = np.memmap(path, header.dtype, "r", header.offset, header.shape, order)  # type: ignore[call-overload]

    def units(self, start: int, stop: int, place: Callable[[int], str]) -> Units:
        """Read the rows ``start <= i < stop`` as unit vectors.

        Args:
            start: first row, from 0.
            stop: row after the last, at most ``rows``.
            place: says where the record of row ``start + i`` stands, for the message.

        Raises:
            InputError: a row that holds NaN or infinity or is zero, naming the first.
        """
        vectors = np.empty((stop - start, self.dim), dtype=np.float32)
        rescaled = 0
        for first in range(start, stop, _BLOCK):
            last = min(first + _BLOCK, stop)
            block = np.array(self._map[first:last], dtype=np.float64, order="C")
            largest = np.maximum(block.max(axis=1), -block.min(axis=1))
            for i in np.flatnonzero(~np.isfinite(largest) | (largest == 0)):
                row, what = first + i, "is zero" if largest[i] == 0 else "holds NaN or infinity"
                raise InputError(
                    f"{self.path}: row {row} (from 0), the vector of {place(int(row) - start)}, "
                    f"{what}",
                    "look at what made it; leave out the record and its row, or encode it again",
                )
            vectors[first - start : last - start], off = _scaled(block, largest)
            rescaled += off
        return Units(vectors, rescaled)


def _scaled(block: NDArray[np.float64], largest: NDArray[np.float64]) -> Units:
    """Divide finite rows by their length.

    Where squares could overflow or vanish a power of two is taken out first, which changes no
    digit of the result.
    """
    exponents = np.frexp(largest)[1]
    if np.abs(exponents).max() < _SAFE_EXPONENT:
        lengths = np.linalg.norm(block, axis=1)
        off = np.abs(lengths - 1) > UNIT_TOLERANCE
    else:
        block = np.ldexp(block, -exponents[:, None])
        lengths = np.linalg.norm(block, axis=1)
        with np.errstate(over="ignore"):
            off = np.abs(np.ldexp(lengths, exponents) - 1) > UNIT_TOLERANCE
    return Units((block / lengths[:, None]).astype(np.float32), int(off.sum()))


def _header(path: Path) -> _Header:
    """Read what stands before the numbers."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a plain file", "save the vectors to one")
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_MAGIC))
            if start != _MAGIC:
                raise _not_npy(path, start)
            stream.seek(0)
            return _parsed(stream)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file", "check the path") from error
    except OSError as error:
        reason = f"{path}: cannot be read: {error.strerror}"
        raise InputError(reason, "check path and permissions") from error
    except _DAMAGED as error:
        raise InputError(f"{path}: its header is damaged", "write or copy it again") from error


def _parsed(stream: BinaryIO) -> _Header:
    version = npy.read_magic(stream)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(stream)
    else:  # version 3 is for names of fields, which vectors do not have
        raise ValueError(f"format {version[0]}.{version[1]}")
    return _Header(shape, fortran, dtype, stream.tell())


def _not_npy(path: Path, start: bytes) -> InputError:
    if not start:
        return InputError(f"{path}: is empty", "check the program that wrote it")
    if start.startswith(_ZIP):
        return InputError(f"{path}: is an npz archive or another zip file", _SAVE)
    return InputError(f"{path}: is not an npy file", _SAVE)


def _check_numbers(path: Path, header: _Header) -> None:
    dtype = header.dtype
    if dtype.hasobject:
        raise InputError(f"{path}: holds pickled Python objects, which are never run", _NUMBERS)
    if dtype.kind != "f" or dtype.itemsize not in {2, 4, 8}:
        raise InputError(f"{path}: holds {dtype}, not float16, float32 or float64", _NUMBERS)


def _check_shape(path: Path, shape: tuple[int, ...]) -> None:
    if len(shape) != 2:
        raise InputError(f"{path}: its array has shape {shape}, not (records, dimensions)", _SAVE)
    rows, dim = shape
    if rows < 1 or dim < 1:
        raise InputError(f"{path}: its array of shape {shape} holds no vector", _SAVE)
    if dim > MAX_DIM:
        raise InputError(
            f"{path}: its vectors have {dim:,} dimensions, {MAX_DIM:,} at most",
            "save the array with one row a record; this one may lie on its side (array.T)",
        )


def _check_size(path: Path, header: _Header) -> None:
    """Hold the length of the file against its header: a map of what is not there would crash."""
    wanted = header.offset + header.dtype.itemsize * header.shape[0] * header.shape[1]
    found = path.stat().st_size
    if found < wanted:
        reason = f"{path}: is cut short: {found:,} bytes of {wanted:,}"
        raise InputError(reason, "write or copy it again")
    if found > wanted:
        reason = f"{path}: {found - wanted:,} bytes follow its array"
        raise InputError(reason, "save one array a file; numpy.save twice to one file keeps two")
