"""A sample of texts that mean the same, gathered in one pass, for fits that learn from groups."""

import hashlib
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from indexer.records import UNKNOWN_LANGUAGE, Vectors

ROWS = 1 << 16
"""Vectors kept at most."""


class Rows(NamedTuple):
    """n texts of which each has a translation among the others."""

    vectors: Vectors
    """(n, d) float32."""
    languages: list[str]
    groups: list[int]
    """Numbers of groups, 0 to the number of groups less one."""


class GroupSample:
    """The groups whose names have the lowest hashes, whole, as many as there is room for.

    Which groups are kept depends on their names alone, so that two samples of parts of a corpus
    make the sample of the whole (bottom-k sampling, Cohen & Kaplan 2007).
    """

    def __init__(self, rows: int = ROWS) -> None:
        self._room = rows
        self._held: dict[str, list[tuple[str, Vectors]]] = {}
        self._order: list[tuple[int, str]] = []
        """A heap with the highest hash, negated, first."""
        self._size = 0
        self._limit = 2**64
        """Groups with a hash this high have no room any more."""

    def add(self, vectors: Vectors, languages: Sequence[str], groups: Sequence[str | None]) -> None:
        """Take in more vectors.

        Args:
            vectors: (n, d) float32.
            languages: n language tags; texts of unknown language are passed over.
            groups: n groups; None where none is known.
        """
        for row, (language, group) in enumerate(zip(languages, groups, strict=True)):
            if group is not None and language != UNKNOWN_LANGUAGE:
                self._keep(group, [(language, vectors[row].copy())])

    def merge(self, other: "GroupSample") -> None:
        """Take in what another has gathered of other vectors."""
        self._shrink(other._limit)
        for group, rows in other._held.items():
            self._keep(group, rows)

    def rows(self) -> Rows:
        """Join the groups that hold two languages or more, in the order of their names."""
        kept = sorted(
            (name, rows)
            for name, rows in self._held.items()
            if len({language for language, _ in rows}) > 1
        )
        texts = [(number, *text) for number, (_, rows) in enumerate(kept) for text in rows]
        return Rows(
            np.array([vector for _, _, vector in texts], np.float32),
            [language for _, language, _ in texts],
            [number for number, _, _ in texts],
        )

    def _keep(self, group: str, rows: list[tuple[str, Vectors]]) -> None:
        if group in self._held:
            self._held[group].extend(rows)
        else:
            place = _hash(group)
            if place >= self._limit:
                return
            self._held[group] = list(rows)
            heappush(self._order, (-place, group))
        self._size += len(rows)
        while self._size > self._room and len(self._held) > 1:
            self._shrink(-self._order[0][0])

    def _shrink(self, limit: int) -> None:
        """Let go of the groups whose hashes are no lower than ``limit``."""
        self._limit = min(self._limit, limit)
        while self._order and -self._order[0][0] >= self._limit:
            self._size -= len(self._held.pop(heappop(self._order)[1]))


def _hash(group: str) -> int:
    return int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest())
