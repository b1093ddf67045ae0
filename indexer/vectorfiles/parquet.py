"""Vectors in a Parquet column of lists, read batch by batch (needs the extra ``parquet``)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.errors import InputError
from indexer.lines import printable
from indexer.nouns import counted
from indexer.readers.parquet import opened
from indexer.readers.tables import arrow
from indexer.vectorfiles.rows import MAX_DIM
from indexer.vectorfiles.stream import Stream

USUAL = ("vector", "embedding")
"""Columns that are taken before others, in this order."""

_ROWS = 512
_NUMBERS = {"halffloat": "float16", "float": "float32", "double": "float64"}
_REMEDY = "write lists of float32, all of one length; float16 and float64 are read as well"


class ParquetFile:
    """An open Parquet file with a column of lists of float16, float32 or float64.

    Rows are read in their order, some hundred at a time; going back begins at the start.

    Args:
        path: the file; it must not change while it is open.
        column: the column; when None ``vector``, else ``embedding``, else the only one there is.

    Raises:
        UsageError: pyarrow is not installed.
        InputError: it is no such file, or which column is meant cannot be told.
    """

    def __init__(self, path: Path, column: str | None = None) -> None:
        self.name = printable(str(path))
        self._path = path
        with opened(path, self.name) as file:
            self.column = _choose(file.schema_arrow, column, self.name)
            kind = _plain(file.schema_arrow.field(self.column).type)
            self.rows = int(file.metadata.num_rows)
        self.dtype = _NUMBERS[str(kind.value_type)]
        if not self.rows:
            raise InputError(f"{self.name}: holds no vector", "check the program that wrote it")
        self.dim = 0  # until the first row has told it
        self._stream = Stream(self._read)

    def block(self, start: int, stop: int) -> NDArray[np.float64]:
        """Read the rows ``start <= i < stop`` as they are."""
        return self._stream.block(start, stop)

    def _read(self) -> Iterator[NDArray[np.float64]]:
        """Yield all rows in their order."""
        done = 0
        with opened(self._path, self.name) as file:
            for batch in file.iter_batches(_ROWS, columns=[self.column], use_threads=False):
                yield self._rows(batch.column(0), done)
                done += batch.num_rows
        if done < self.rows:
            reason = f"{self.name}: holds {counted(done, 'row')}, its footer says {self.rows}"
            raise InputError(reason, "write or fetch it again")

    def _rows(self, column: Any, done: int) -> NDArray[np.float64]:  # noqa: ANN401
        """Make (n, dim) of n lists, the first of which is row ``done`` of the file."""
        column = getattr(column, "storage", column)
        column.validate(full=True)  # Arrow trusts the offsets of a file, also of a hostile one
        for i in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False)):
            reason = f"{self.name}: row {done + i} (from 0): its vector is null"
            raise InputError(reason, "leave the row out, or encode its text")
        lengths = column.value_lengths().to_numpy(zero_copy_only=False)
        if not self.dim:
            self.dim = int(lengths[0])
            _check_dim(self.dim, self.name, self.column)
        for i in np.flatnonzero(lengths != self.dim):
            reason = f"its vector has {lengths[i]} numbers, the first one {self.dim}"
            raise InputError(f"{self.name}: row {done + i} (from 0): {reason}", _REMEDY)
        # A null is NaN here, and refused as such.
        numbers: NDArray[np.float64] = column.flatten().to_numpy(zero_copy_only=False).astype("f8")
        return numbers.reshape(-1, self.dim)


def is_parquet(head: bytes) -> bool:
    """Tell whether a file begins with Parquet's magic."""
    return head.startswith(b"PAR1")


def _choose(schema: Any, wanted: str | None, name: str) -> str:  # noqa: ANN401
    """Find the column of vectors."""
    possible = [field.name for field in schema if _plain(field.type) is not None]
    usual = [column for column in USUAL if column in possible]
    if wanted is not None:
        if wanted in possible:
            return wanted
        what = "is no list of numbers" if wanted in schema.names else "is not there"
        reason = f"{name}: column {wanted[:80]!r} {what}; columns of vectors: {_listed(possible)}"
        raise InputError(reason, "name one with --vector-field")
    if usual or len(possible) == 1:
        return (usual or possible)[0]
    if not possible:
        raise InputError(f"{name}: no column holds lists of float16, 32 or 64", _REMEDY)
    reason = f"{name}: which column holds the vectors? {_listed(possible)}"
    raise InputError(reason, "name it with --vector-field")


def _plain(kind: Any) -> Any:  # noqa: ANN401
    """Return the type of a list of floats, a tensor's too; None when it is none."""
    types = arrow().types
    kind = getattr(kind, "storage_type", kind)
    listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return kind if listed and types.is_floating(kind.value_type) else None


def _listed(columns: list[str]) -> str:
    return ", ".join(repr(column[:40]) for column in columns[:10]) or "none"


def _check_dim(dim: int, name: str, column: str) -> None:
    if not 1 <= dim <= MAX_DIM:
        reason = f"{name}: the first vector of column {column!r} has {dim:,} numbers"
        raise InputError(f"{reason}, 1 to {MAX_DIM:,} are possible", _REMEDY)
