"""Which format a file of vectors is in, and several files as one."""

from collections.abc import Callable
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import InputError, UsageError
from indexer.lines import find_sources, printable
from indexer.nouns import counted
from indexer.vectorfiles.fvecs import NUMBERS, VecsFile
from indexer.vectorfiles.llm import LlmFile, is_sqlite
from indexer.vectorfiles.npy import NpyFile
from indexer.vectorfiles.parquet import ParquetFile, is_parquet
from indexer.vectorfiles.rows import Units, VectorFile, unit_rows

BLOCK = 512
"""Rows scaled at once: their float64 copies fit a processor's cache."""


class VectorFiles:
    """The rows of one or more open files, one after the other.

    Args:
        files: at least one, in the order in which their rows are numbered.

    Raises:
        InputError: their vectors are not of one length.
    """

    def __init__(self, files: list[VectorFile]) -> None:
        first = files[0]
        for file in files:
            if file.dim != first.dim:
                raise InputError(
                    f"{file.name}: its vectors have {file.dim} dimensions, those of "
                    f"{first.name} {first.dim}",
                    "give files that one encoder made",
                )
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        self.name = first.name + more
        self.dim = first.dim
        self.dtype = first.dtype
        self._files = files
        self._ends = list(accumulate(file.rows for file in files))
        self.rows = self._ends[-1]

    def units(self, start: int, stop: int, place: Callable[[int], str]) -> Units:
        """Read the rows ``start <= i < stop`` as unit vectors.

        Args:
            start: first row, from 0.
            stop: row after the last, at most ``rows``.
            place: says where the record of row ``start + i`` stands, for the message.

        Raises:
            InputError: a row that is no vector, holds NaN or infinity or is zero.
        """
        vectors = np.empty((stop - start, self.dim), dtype=np.float32)
        rescaled = 0
        for first in range(start, stop, BLOCK):
            last = min(first + BLOCK, stop)
            units = unit_rows(self._block(first, last), _naming(self, first, start, place))
            vectors[first - start : last - start] = units.vectors
            rescaled += units.rescaled
        return Units(vectors, rescaled)

    def _block(self, start: int, stop: int) -> NDArray[np.float64]:
        """Read rows of one file, or of several that follow each other."""
        parts = []
        for file, end in zip(self._files, self._ends, strict=True):
            begin = end - file.rows
            if start < end and begin < stop:
                parts.append(file.block(max(start, begin) - begin, min(stop, end) - begin))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def check(self, records: int) -> None:
        """Read all rows, a block at a time, and keep none.

        Args:
            records: how many there are to be one row each.

        Raises:
            InputError: there are more or fewer rows, or one that :meth:`units` refuses.
        """
        if self.rows != records:
            raise InputError(
                f"{self.name}: {counted(self.rows, 'vector')} for {counted(records, 'record')}",
                "give one row a record, in the order of the corpus",
            )
        for first in range(0, self.rows, BLOCK):
            last = min(first + BLOCK, self.rows)
            self.units(first, last, partial(_record, first))

    def row(self, number: int) -> str:
        """Say where a row stands."""
        at = next(i for i, end in enumerate(self._ends) if number < end)
        file = self._files[at]
        return f"{file.name}: row {number - self._ends[at] + file.rows} (from 0)"

    @property
    def columns(self) -> frozenset[str]:
        """The columns of Parquet files that hold vectors."""
        return frozenset(f.column for f in self._files if isinstance(f, ParquetFile))

    @property
    def with_records(self) -> bool:
        """Whether all files may hold the records, too."""
        return all(isinstance(file, ParquetFile | LlmFile) for file in self._files)


def _record(first: int, i: int) -> str:
    """Name the record of the i-th row of a block, as people count them."""
    return f"record {first + i + 1}"


def _naming(
    files: VectorFiles, first: int, start: int, place: Callable[[int], str]
) -> Callable[[int], str]:
    """Say which row and whose a row of the block that begins at ``first`` is."""
    return lambda i: f"{files.row(first + i)}, the vector of {place(first - start + i)}"


def open_vectors(vectors: str | Path, column: str | None = None) -> VectorFiles:
    """Open the file or files that a name or a pattern means.

    Args:
        vectors: npy, Parquet, a database of llm (told by their first bytes), ``.fvecs`` or
            ``.bvecs``; a pattern means its files in sorted order.
        column: the column of a Parquet file; see :class:`ParquetFile`.

    Raises:
        UsageError: a column of files that have none, or a package that is not installed.
        InputError: a file cannot be read, is refused, or is of another dimension.
    """
    if str(vectors) == "-":
        raise UsageError("vectors cannot be read from standard input", "write them to a file")
    if Path(vectors).is_dir():
        name = printable(str(vectors))
        remedy = f"name a file, or a pattern such as '{name.rstrip('/')}/*.parquet'"
        raise InputError(f"{name}: is a folder, not a plain file", remedy)
    files = [_open(Path(path), column) for path in find_sources([str(vectors)])]
    found = VectorFiles(files)
    if column is not None and not found.columns:
        raise UsageError(f"{found.name}: has no columns", "leave --vector-field out")
    return found


def _open(path: Path, column: str | None) -> VectorFile:
    name = printable(str(path))
    if not path.is_file():
        raise InputError(f"{name}: is not a plain file", "save the vectors to one")
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
        if is_parquet(head):
            return ParquetFile(path, column)
        if is_sqlite(head):
            return LlmFile(path)
        if path.suffix.lower() in NUMBERS:
            return VecsFile(path)
        return NpyFile(path)
    except OSError as error:
        reason = f"{name}: cannot be read: {error.strerror}"
        raise InputError(reason, "check path and permissions") from error
