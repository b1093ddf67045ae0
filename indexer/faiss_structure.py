"""What a FAISS file is made of, looked at before FAISS does.

FAISS picks the class to build by codes of four letters, and some classes open further files that
the index names. Here a file is walked from part to part, without FAISS, and refused unless every
part is one that we write.
"""

import struct
from collections.abc import Callable

_HEADER = struct.Struct("<iq16x?i")
_INNER_PRODUCT = 0
_CODES = {"Flat": b"IxFI", "SQ": b"IxSQ", "PQ": b"IxPq"}
_WALKS = {"Flat": b"IHNf", "SQ": b"IHNs", "PQ": b"IHNp"}
_CLUSTERS = {"Flat": b"IwFl", "SQ": b"IwSq", "PQ": b"IwPQ"}

_VECTORS_OF_A_GRAPH = (8, 4, 4, 8, 4)
"""Sizes of the numbers in its five vectors: probabilities, neighbours a level, levels, offsets, and
neighbours."""

_NUMBERS_OF_A_GRAPH = 5
"""Entry point, highest level, and three that say how to search."""


class StructureError(Exception):
    """A file is not made as it should be."""


class _Walk:
    """A place in a file, moved forwards."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self._at = 0

    def code(self) -> bytes:
        """Read a code of four letters."""
        return bytes(self.take(4))

    def number(self) -> int:
        """Read 8 bytes."""
        return int.from_bytes(self.take(8), "little")

    def vector(self, width: int) -> None:
        """Pass over a vector of numbers of some bytes each."""
        self.skip(width * self.number())

    def skip(self, n: int) -> None:
        """Pass over some bytes."""
        if n < 0 or self._at + n > len(self._data):
            raise StructureError
        self._at += n

    def take(self, n: int) -> bytes | memoryview:
        """Read some bytes."""
        start = self._at
        self.skip(n)
        return self._data[start : start + n]

    @property
    def done(self) -> bool:
        """Whether it is the end."""
        return self._at == len(self._data)


def check_structure(data: bytes | memoryview, factory: str, rows: int, dim: int) -> None:
    """Check that a file is what :mod:`indexer.kinds` calls ``factory``, part by part.

    Args:
        data: the file.
        factory: FAISS's name of the index inside the ``IndexIDMap``.
        rows: the number of vectors.
        dim: their length.

    Raises:
        StructureError: it is not.
    """
    walk = _Walk(data)
    _expect(walk, b"IxMp", dim, rows)
    first, _, last = factory.rpartition(",")
    codes = next((name for name in _CODES if last.startswith(name)), "Flat")
    if first.startswith("HNSW"):
        _graph(walk, codes, dim, rows)
    elif first.startswith("IVF"):
        _clusters(walk, codes, dim, rows)
    else:
        _codes(walk, codes, dim, rows)
    walk.vector(8)
    if not walk.done:
        raise StructureError


def _expect(walk: _Walk, code: bytes, dim: int, rows: int) -> None:
    if walk.code() != code:
        raise StructureError
    if _HEADER.unpack(walk.take(_HEADER.size)) != (dim, rows, True, _INNER_PRODUCT):
        raise StructureError


def _codes(walk: _Walk, codes: str, dim: int, rows: int) -> None:
    """All vectors, one after the other."""
    _expect(walk, _CODES[codes], dim, rows)
    _PARAMETERS[codes](walk)
    walk.vector(4 if codes == "Flat" else 1)
    if codes == "PQ":
        walk.skip(9)


def _graph(walk: _Walk, codes: str, dim: int, rows: int) -> None:
    _expect(walk, _WALKS[codes], dim, rows)
    for width in _VECTORS_OF_A_GRAPH:
        walk.vector(width)
    walk.skip(4 * _NUMBERS_OF_A_GRAPH)
    _codes(walk, codes, dim, rows)


def _clusters(walk: _Walk, codes: str, dim: int, rows: int) -> None:
    _expect(walk, _CLUSTERS[codes], dim, rows)
    lists = walk.number()
    walk.skip(8)
    _codes(walk, "Flat", dim, lists)
    if walk.take(1) != b"\1":  # which cluster holds a row is kept in an array
        raise StructureError
    walk.vector(8)
    if codes == "PQ":
        walk.skip(9)
    _PARAMETERS[codes](walk)
    if codes == "SQ":
        walk.skip(9)
    _lists(walk, lists)


def _lists(walk: _Walk, lists: int) -> None:
    """The codes and numbers of each cluster, in this file and no other."""
    if walk.code() != b"ilar" or walk.number() != lists:
        raise StructureError
    width = walk.number()
    form = walk.code()
    if form == b"full":
        n = walk.number()
        if n != lists:
            raise StructureError
        sizes = struct.unpack(f"<{n}Q", walk.take(8 * n))
    elif form == b"sprs":
        n = walk.number()
        sizes = struct.unpack(f"<{n}Q", walk.take(8 * n))[1::2]
    else:
        raise StructureError
    walk.skip(sum(sizes) * (width + 8))


def _scalar(walk: _Walk) -> None:
    walk.skip(4 + 4 + 4 + 8 + 8)
    walk.vector(4)


def _product(walk: _Walk) -> None:
    walk.skip(24)
    walk.vector(4)


_PARAMETERS: dict[str, Callable[[_Walk], None]] = {
    "Flat": lambda _walk: None,
    "SQ": _scalar,
    "PQ": _product,
}
