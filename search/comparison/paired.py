"""Paired tests over clusters: the bootstrap of a difference, and the sign-flip test of it.

Both take whole clusters, over all languages at once: translations of one text rise and fall
together. The interval is a percentile cluster bootstrap (Davison & Hinkley 1997, section 3.8);
the test is Fisher's randomisation test (Smucker et al. 2007 on its use in retrieval): were the
two audits interchangeable, the difference of each cluster could as well have the other sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from search.measures.evidence import Flags, Floats, Ints
from search.measures.resample import draws, macro, ratio

_BLOCK = 4_000_000
"""Signs held at once: 32 MB."""

_CELLS = 16_000_000
"""Numbers in the tables that are summed at once: 128 MB. Wide tables multiply faster."""

_ROUNDING = 1e-12
"""Sums as near as this to the observed one, as a share of all that is summed, are ties."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One measure, tested; each (L + 1,), the macro average last. NaN where undefined."""

    a: Floats
    b: Floats
    low: Floats
    high: Floats
    p: Floats
    n: Ints
    clusters: Ints


class _Table:
    """The differences of one measure, added up by cluster and language."""

    def __init__(
        self, a: Floats, b: Floats, language: Ints, cluster: Ints, shape: tuple[int, int]
    ) -> None:
        self._known: Flags = ~(np.isnan(a) | np.isnan(b))
        self._cells = (cluster * shape[1] + language)[self._known]
        self._shape = shape
        self._a, self._b = a[self._known], b[self._known]

    def differences(self) -> Floats:
        """(C, L) sums of b - a."""
        return self._sum(self._b - self._a)

    def counts(self) -> Floats:
        """(C, L) queries that count."""
        return self._sum(np.ones(len(self._cells)))

    def means(self) -> tuple[Floats, Floats]:
        """Means of a and of b: (L + 1,) each."""
        counts = self.counts().sum(axis=0)
        a, b = (with_macro(ratio(self._sum(x).sum(axis=0), counts)) for x in (self._a, self._b))
        return a, b

    def effects(self) -> Floats:
        """What each cluster adds to the difference of the means: (C, L + 1), 0 if undefined.

        The last column is that of the macro average but for a factor, the same for all clusters.
        """
        counts = self.counts().sum(axis=0)
        found = np.nan_to_num(ratio(self.differences(), np.broadcast_to(counts, self._shape)))
        return np.concatenate([found, found.sum(axis=1, keepdims=True)], axis=1)

    def sizes(self) -> tuple[Ints, Ints]:
        """Queries and clusters that count: (L + 1,) each."""
        counts = self.counts()
        n, there = counts.sum(axis=0), counts > 0
        return (
            np.append(n, n.sum()).astype(np.int64),
            np.append(there.sum(axis=0), there.any(axis=1).sum()).astype(np.int64),
        )

    def _sum(self, values: Floats) -> Floats:
        size = self._shape[0] * self._shape[1]
        return np.bincount(self._cells, values, size).astype(np.float64).reshape(self._shape)


def resample_pairs(
    values: Sequence[tuple[Floats, Floats]],
    language: Ints,
    cluster: Ints,
    *,
    level: float,
    seed: int,
    replicates: int,
) -> list[Tested]:
    """Test the differences of several measures on the same draws.

    Args:
        values: of each measure, (n,) of the first audit and (n,) of the second; NaN undefined.
            A query counts where both are defined.
        language: (n,) 0..L-1, each at least once.
        cluster: (n,) 0..C-1, each at least once.
        level: of the intervals, in (0, 1).
        seed: of the draws.
        replicates: bootstrap samples, and sign flips at most.

    Returns:
        One result a measure. Interval and p are NaN where fewer than two clusters count.
    """
    shape = int(cluster.max()) + 1, int(language.max()) + 1
    tables = [_Table(a, b, language, cluster, shape) for a, b in values]
    width = max(1, _CELLS // (shape[0] * shape[1]))
    results = []
    for start in range(0, len(tables), width):
        some = tables[start : start + width]
        lows, highs = _bootstrap(some, shape, level, seed, replicates)
        ps = _sign_flip(some, shape, seed, replicates)
        results += [_tested(*each) for each in zip(some, lows, highs, ps, strict=True)]
    return results


def _tested(table: _Table, low: Floats, high: Floats, p: Floats) -> Tested:
    """Put a result together; one cluster alone can tell nothing."""
    (a, b), (n, clusters) = table.means(), table.sizes()
    alone = clusters < 2
    low, high, p = (np.where(alone, np.nan, each) for each in (low, high, p))
    return Tested(a, b, low, high, p, n, clusters)


def exact(clusters: int, replicates: int) -> bool:
    """Whether all ways to flip signs are few enough to try every one."""
    return clusters < 63 and 2**clusters <= replicates


def with_macro(by_language: Floats) -> Floats:
    """Put the macro average after (..., L) values of languages."""
    return np.concatenate([by_language, macro(by_language)[..., None]], axis=-1)


def _bootstrap(
    tables: Sequence[_Table], shape: tuple[int, int], level: float, seed: int, replicates: int
) -> tuple[Floats, Floats]:
    """Bounds of the intervals of t measures: (t, L + 1) each."""
    sums = np.concatenate([table.differences() for table in tables], axis=1)
    counts = np.concatenate([table.counts() for table in tables], axis=1)
    # Most measures are defined for the same queries: their counts are drawn once.
    kinds, kind = np.unique(counts, axis=1, return_inverse=True)
    parts = []
    for drawn in draws(shape[0], seed=seed, replicates=replicates):
        means = ratio(drawn @ sums, (drawn @ kinds)[:, kind.ravel()])
        parts.append(with_macro(means.reshape(len(drawn), len(tables), shape[1])))
    means = np.concatenate(parts)
    bounds = (1 - level) / 2, (1 + level) / 2
    low, high = np.full((2, *means.shape[1:]), np.nan)
    for place in np.ndindex(*means.shape[1:]):
        defined = means[:, place[0], place[1]]
        defined = defined[~np.isnan(defined)]
        if len(defined):
            low[place], high[place] = np.quantile(defined, bounds)
    return low, high


def _sign_flip(
    tables: Sequence[_Table], shape: tuple[int, int], seed: int, replicates: int
) -> Floats:
    """Two-sided p of t measures: (t, L + 1). Monte Carlo counts the observed signs as one."""
    effects = np.concatenate([table.effects() for table in tables], axis=1)
    limit = np.abs(effects.sum(axis=0)) - _ROUNDING * np.abs(effects).sum(axis=0)
    beyond, tried = np.zeros(effects.shape[1], np.int64), 0
    for signs in _signs(shape[0], seed, replicates):
        beyond += (np.abs(signs @ effects) >= limit).sum(axis=0)
        tried += len(signs)
    own = 0 if exact(shape[0], replicates) else 1
    p: Floats = (beyond + own) / (tried + own)
    return p.reshape(len(tables), shape[1] + 1)


def _signs(clusters: int, seed: int, replicates: int) -> Iterator[Floats]:
    """Yield (rows, C) blocks of 1 and -1: all there are, or ``replicates`` random ones."""
    if exact(clusters, replicates):
        every = np.arange(2**clusters)[:, None] >> np.arange(clusters)
        yield _as_signs(every & 1)
        return
    rng = np.random.default_rng([seed, 1])  # not the draws of the bootstrap
    block = max(1, min(256, _BLOCK // clusters))
    for start in range(0, replicates, block):
        rows = min(block, replicates - start)
        yield _as_signs(rng.integers(0, 2, (rows, clusters)))


def _as_signs(bits: Ints) -> Floats:
    return np.where(bits, -1.0, 1.0)
