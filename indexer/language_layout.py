"""The rows of an index by language, so that the best of all languages are found at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors
from indexer.vectors import Positions

Codes = NDArray[np.int64]
"""(n,) int64, numbers of languages in :attr:`LanguageLayout.names`."""

_PADDING = 2
"""Languages share a grid while the largest has at most so many times the rows of the smallest."""


class Grid(NamedTuple):
    """Languages of about the same size, a row each, filled up with the number of no row."""

    languages: Codes
    """(g,)"""
    positions: Positions
    """(g, w)"""


@dataclass(frozen=True, slots=True)
class LanguageLayout:
    """Rows that a filter lets pass, by language."""

    names: tuple[str, ...]
    """The L languages, in order."""
    grids: tuple[Grid, ...]

    @classmethod
    def of(cls, positions: Positions, languages: Mapping[str, int], rows: int) -> Self:
        """Lay out rows.

        Args:
            positions: (n,) numbers of rows, language by language.
            languages: how many of them each language has, in that order.
            rows: the number that stands for no row.
        """
        sizes = np.array(list(languages.values()), np.int64)
        parts = np.split(positions, np.cumsum(sizes)[:-1]) if len(sizes) else []
        grids: list[Grid] = []
        some: list[int] = []
        for code in np.argsort(sizes, kind="stable").tolist():
            if some and sizes[code] > _PADDING * sizes[some[0]]:
                grids.append(_grid(some, parts, rows))
                some = []
            some.append(code)
        if some:
            grids.append(_grid(some, parts, rows))
        return cls(tuple(languages), tuple(grids))

    def best(self, scores: Vectors, depth: int, margin: float) -> tuple[Positions, Codes]:
        """Find the rows that may be among the best of their language.

        Args:
            scores: (rows + 1,) of one query, each off by less than half of ``margin``; minus
                infinity, as that of no row, is never found.
            depth: how many of each language are wanted, at least 1.
            margin: rows that score so much below the last of those are found as well.

        Returns:
            n rows and their languages, ascending.
        """
        found: list[tuple[Positions, Codes]] = []
        for codes, positions in self.grids:
            here = scores.take(positions)
            width = here.shape[1]
            if depth < width:
                last = np.partition(here, width - depth, axis=1)[:, width - depth]
                least = np.maximum(last - np.float32(margin), np.finfo(np.float32).min)
            else:
                least = np.full(len(here), np.finfo(np.float32).min)
            flat = np.flatnonzero(here >= least[:, None])
            found.append((positions.ravel().take(flat), codes.take(flat // width)))
        if len(found) == 1:
            return found[0]
        nothing = np.empty(0, np.int64)
        rows = np.concatenate([nothing, *(rows for rows, _ in found)])
        languages = np.concatenate([nothing, *(codes for _, codes in found)])
        order = np.argsort(languages, kind="stable")
        return rows[order], languages[order]


def _grid(codes: list[int], parts: list[Positions], rows: int) -> Grid:
    """Put some languages into one grid."""
    positions = np.full((len(codes), max(len(parts[code]) for code in codes)), rows, np.int64)
    for row, code in enumerate(sorted(codes)):
        positions[row, : len(parts[code])] = parts[code]
    return Grid(np.array(sorted(codes), np.int64), positions)
