"""Vectors in an npy file, read by memory map."""

from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO, Literal, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from indexer.errors import InputError
from indexer.lines import printable
from indexer.vectorfiles.mapped import Mapped
from indexer.vectorfiles.rows import MAX_DIM

_MAGIC, _ZIP = b"\x93NUMPY", b"PK"
# What NumPy raises for headers of which single bytes were changed, and what its parser may.
_DAMAGED = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError)
_SAVE = "write it with numpy.save: an array of shape (records, dimensions)"
_NUMBERS = 'save it as float32: numpy.save(FILE, array.astype("float32"))'


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[np.float64]
    offset: int
    """Bytes before the numbers."""


class NpyFile:
    """An open npy file of n rows, float16, float32 or float64, in C or Fortran order.

    Nothing in it is executed: pickled arrays are refused.

    Args:
        path: the file; it must not change while it is open.

    Raises:
        InputError: it cannot be read, or is not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.name = printable(str(path))
        header = _header(path)
        _check_numbers(path, header)
        _check_shape(path, header.shape)
        _check_size(path, header)
        self.rows, self.dim = header.shape
        self.dtype = header.dtype.newbyteorder("=").name
        self._file = Mapped(path)
        order: Literal["C", "F"] = "F" if header.fortran else "C"
        self._rows = self._file.array(header.shape, header.dtype, header.offset, order)

    def block(self, start: int, stop: int) -> NDArray[np.float64]:
        """Read the rows ``start <= i < stop`` as they are."""
        block = np.array(self._rows[start:stop], dtype=np.float64, order="C")
        self._file.forget()
        return block


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
    return InputError(
        f"{path}: is not an npy file, nor Parquet, .fvecs or .bvecs",
        _SAVE,
    )


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
