"""What a fit knows of the vectors: sums by language, gathered in one pass, that can be added."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.records import UNKNOWN_LANGUAGE, Vectors

Floats = NDArray[np.float64]

_ROWS = 8192
"""Rows whose products are added up in float32 before they join the float64 sums."""


class Moments:
    """Count, sum and sum of outer products of the vectors of each language.

    The order in which vectors come changes nothing but the last digits.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._count: dict[str, int] = {}
        self._sum: dict[str, Floats] = {}
        self._products: dict[str, Floats] = {}

    def add(self, vectors: Vectors, languages: Sequence[str]) -> None:
        """Take in more vectors.

        Args:
            vectors: (n, d) float32.
            languages: n language tags; ``und`` counts for all documents and for no language.
        """
        spoken = np.array(languages)
        for name in dict.fromkeys(languages):
            rows = vectors[spoken == name]
            for start in range(0, len(rows), _ROWS):
                part = rows[start : start + _ROWS]
                products = (part.T @ part).astype(np.float64)
                self._add(name, len(part), part.sum(axis=0, dtype=np.float64), products)

    def merge(self, other: "Moments") -> None:
        """Take in what another has gathered of other vectors."""
        for name, count in other._count.items():
            self._add(name, count, other._sum[name], other._products[name])

    @property
    def languages(self) -> tuple[str, ...]:
        """The L known languages, in order."""
        return tuple(sorted(name for name in self._count if name != UNKNOWN_LANGUAGE))

    @property
    def total(self) -> int:
        """All vectors, those of unknown language among them."""
        return sum(self._count.values())

    def count(self) -> Floats:
        """(L,) vectors of each language."""
        return np.array([self._count[name] for name in self.languages], np.float64)

    def means(self) -> Floats:
        """(L, d) mean of each language."""
        names = self.languages
        return np.array([self._sum[n] / self._count[n] for n in names]).reshape(-1, self.dim)

    def mean(self) -> Floats:
        """(d,) mean of all vectors."""
        total: Floats = np.sum(list(self._sum.values()), axis=0) / self.total
        return total

    def products(self, language: str) -> Floats:
        """(d, d) mean outer product of a language's vectors, nothing subtracted."""
        return self._products[language] / self._count[language]

    def all_products(self) -> Floats:
        """(d, d) mean outer product of all vectors, nothing subtracted."""
        total: Floats = np.sum(list(self._products.values()), axis=0) / self.total
        return total

    def covariance(self) -> Floats:
        """(d, d) covariance of all vectors around their mean."""
        return self.all_products() - np.outer(self.mean(), self.mean())

    def within(self) -> Floats:
        """(d, d) covariance of the vectors of known language around their language's mean."""
        counts, means = self.count(), self.means()
        products = np.sum([self._products[name] for name in self.languages], axis=0)
        inside: Floats = products / counts.sum() - (means.T * (counts / counts.sum())) @ means
        return inside

    def _add(self, name: str, count: int, total: Floats, products: Floats) -> None:
        self._count[name] = self._count.get(name, 0) + count
        self._sum[name] = self._sum.get(name, 0.0) + total
        self._products[name] = self._products.get(name, 0.0) + products
