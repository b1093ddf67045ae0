"""Records, and rows that stand for vectors made elsewhere."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.corpus import Query, Record
from indexer.records import Document
from tests.indexer.reference import dump

DIM = 6


def records(n: int) -> list[Record]:
    """Make n records in two languages."""
    return [
        Record(
            Document(f"d{i}", f"text {i}", ("de", "en")[i % 2], f"g{i // 2}"), f"c.jsonl:{i + 1}"
        )
        for i in range(n)
    ]


def drawn(n: int, dim: int = DIM, seed: int = 0) -> NDArray[np.float64]:
    """(n, dim) rows of any length in random directions."""
    rng = np.random.default_rng(seed)
    rows: NDArray[np.float64] = rng.standard_normal((n, dim)) * rng.uniform(0.1, 9, (n, 1))
    return rows


def save(path: Path, array: NDArray[np.generic]) -> Path:
    """Write an npy file."""
    np.save(path, array)
    return path


def unit(row: Sequence[float]) -> NDArray[np.float32]:
    """Divide by the length, number by number."""
    squares = 0.0
    for x in row:
        squares += float(x) * float(x)
    return np.array([float(x) / squares**0.5 for x in row], dtype=np.float32)


def stored(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read all vectors of an index by id."""
    return {id_: np.frombuffer(raw, np.float32) for id_, (_, raw) in dump(path).items()}


def query(i: int) -> Query:
    """Make a query."""
    return Query(None, f"q{i}", "en", "given", None, None, None, f"q.jsonl:{i + 1}")


class StopError(Exception):
    """Stands for a crash."""


def dying(items: Sequence[Record], after: int) -> Iterator[Record]:
    """Hand out records until it ends badly."""
    yield from items[:after]
    raise StopError


def write(path: Path, lines: Sequence[object]) -> str:
    """Write a corpus."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)
