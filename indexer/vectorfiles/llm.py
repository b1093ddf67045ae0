"""Vectors in an embeddings database of llm, in the order in which its texts are read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import InputError
from indexer.lines import printable
from indexer.readers.llm import ORDER, opened
from indexer.vectorfiles.rows import MAX_DIM
from indexer.vectorfiles.stream import Stream

_ROWS = 512
_REMEDY = "import the collections of one model: copy them to a database of their own"


class LlmFile:
    """The embeddings of all collections; little-endian float32.

    Args:
        path: the database; it must not change while it is open.

    Raises:
        InputError: it is no such database, or holds no vector.
    """

    dtype = "float32"

    def __init__(self, path: Path) -> None:
        self.name = printable(str(path))
        self._path = path
        with opened(path, self.name) as database:
            self.rows = int(database.execute("select count(*) from embeddings").fetchone()[0])
        if not self.rows:
            raise InputError(f"{self.name}: holds no vector", "embed something with llm first")
        self._stream = Stream(self._read)
        self.dim = self._stream.dim

    def block(self, start: int, stop: int) -> NDArray[np.float64]:
        """Read the rows ``start <= i < stop`` as they are."""
        return self._stream.block(start, stop)

    def _read(self) -> Iterator[NDArray[np.float64]]:
        with opened(self._path, self.name) as database:
            cursor = database.execute(f"select e.embedding from embeddings e {ORDER}")  # noqa: S608
            done, dim = 0, 0
            while rows := [blob for (blob,) in cursor.fetchmany(_ROWS)]:
                dim = dim or len(rows[0] or b"") // 4
                self._check(rows, dim, done)
                numbers = np.frombuffer(b"".join(rows), "<f4").astype(np.float64)
                yield numbers.reshape(-1, dim)
                done += len(rows)

    def _check(self, rows: Sequence[object], dim: int, done: int) -> None:
        for at, blob in enumerate(rows):
            if not isinstance(blob, bytes) or len(blob) != 4 * dim or not 1 <= dim <= MAX_DIM:
                size = len(blob) if isinstance(blob, bytes) else 0
                reason = f"row {done + at} (from 0): {size} bytes are no vector like the first one"
                raise InputError(f"{self.name}: {reason}", _REMEDY)


def is_sqlite(head: bytes) -> bool:
    """Tell whether a file begins with SQLite's magic."""
    return head.startswith(b"SQLite ")
