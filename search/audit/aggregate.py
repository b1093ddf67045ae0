"""From values of queries to measurements: macro averages with cluster bootstrap intervals."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from search.measures.evidence import Flags, Floats, Ints, Scores
from search.measures.measure import Measurement

LEVEL = 95
"""Per cent of the interval."""

_ROUNDING = 1e-12
"""A chance level below it is the rounding of a difference that is 0."""

_CHUNK = 100
"""Replicates drawn at once."""


class Aggregator:
    """Averages within each query language, their macro average, and intervals.

    The interval is a percentile cluster bootstrap: clusters (a group with all its versions in all
    languages) are drawn with replacement, since versions of one thing are not independent
    (Roy et al. 2020). The same draws serve every measure, so that differences between measures
    are not noise of the resampling.
    """

    def __init__(
        self,
        language: Ints,
        clusters: Sequence[str],
        languages: Sequence[str],
        *,
        seed: int,
        replicates: int,
    ) -> None:
        """Draw the bootstrap samples.

        Args:
            language: (m,) of each query.
            clusters: (m,) of each query.
            languages: names, by number.
            seed: of the draws.
            replicates: how many.
        """
        self._language, self._languages = language, languages
        self._cluster = np.unique(
            np.array(clusters, dtype=object).astype(str), return_inverse=True
        )[1]
        self._clusters = int(self._cluster.max(initial=-1)) + 1
        self._weights = _draws(self._clusters, replicates, seed)

    def measure(
        self, scores: Scores, then: Callable[[Floats, Floats, Floats], Floats] | None = None
    ) -> tuple[Measurement, dict[str, Measurement]]:
        """Average one measure: over languages, and in each language that asks.

        Args:
            scores: of every query.
            then: applied to each language's (mean, chance, number of queries) before the average
                over languages is taken, in the sample and in every draw; its chance is 0.

        Returns:
            The macro average, and the measurement of each language.
        """
        known = ~np.isnan(scores.values)
        tables = [
            self._table(values, known)
            for values in (scores.values, scores.chance, known.astype(np.float64))
        ]
        means, chance, counts = self._means([t.sum(axis=0)[None] for t in tables], then)
        drawn = self._means([self._sums(t) for t in tables], then)[0]
        clusters = tables[2] > 0
        rows = {
            self._languages[code]: _measurement(
                means[0, code],
                chance[0, code],
                drawn[:, code],
                int(counts[0, code]),
                int(clusters[:, code].sum()),
                scores.needs,
            )
            for code in np.unique(self._language).tolist()
        }
        overall = _measurement(
            _mean(means)[0],
            _mean(chance)[0],
            _mean(drawn),
            int(counts.sum()),
            int(clusters.any(axis=1).sum()),
            scores.needs,
        )
        return overall, rows

    def _means(
        self,
        sums: Sequence[Floats],
        then: Callable[[Floats, Floats, Floats], Floats] | None,
    ) -> tuple[Floats, Floats, Floats]:
        """Turn sums of values, chances and counts, (r, L) each, into means; NaN where empty."""
        values, chances, counts = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            means, chance = values / counts, chances / counts
        if then is None:
            return means, chance, counts
        return then(means, chance, counts), np.where(counts > 0, 0.0, np.nan), counts

    def _sums(self, table: Floats) -> Floats:
        """Add up a (C, L) table over the clusters of each draw: (replicates, L)."""
        return (self._weights @ table.astype(np.float32)).astype(np.float64)

    def _table(self, values: Floats, known: Flags) -> Floats:
        """Add values up by cluster and language: (C, L)."""
        size = len(self._languages)
        cells = self._cluster[known] * size + self._language[known]
        flat = np.bincount(cells, weights=values[known], minlength=self._clusters * size)
        return flat.astype(np.float64).reshape(self._clusters, size)


def _draws(clusters: int, replicates: int, seed: int) -> NDArray[np.float32]:
    """How often each cluster is drawn: (replicates, clusters), each row adding up to clusters."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((replicates, clusters), np.float32)
    for start in range(0, replicates if clusters else 0, _CHUNK):
        rows = min(_CHUNK, replicates - start)
        drawn = rng.integers(0, clusters, (rows, clusters))
        flat = (drawn + np.arange(rows)[:, None] * clusters).ravel()
        weights[start : start + rows] = np.bincount(flat, minlength=rows * clusters).reshape(
            rows, clusters
        )
    return weights


def _mean(rows: Floats) -> Floats:
    """Mean of each row over what is defined in it; NaN where nothing is."""
    known = ~np.isnan(rows)
    count = known.sum(axis=1)
    sums = np.where(known, rows, 0).sum(axis=1)
    means: Floats = np.divide(sums, count, out=np.full(len(rows), np.nan), where=count > 0)
    return means


def _measurement(
    value: float, chance: float, drawn: Floats, n: int, clusters: int, needs: str
) -> Measurement:
    """Make one measurement; what is undefined is None, with the reason."""
    if n == 0:
        return Measurement(None, None, None, None, 0, f"no query has {needs}")
    drawn = drawn[~np.isnan(drawn)]
    if abs(chance) < _ROUNDING:
        chance = 0.0
    if clusters < 2 or not len(drawn):
        reason = "no interval: all queries are versions of one"
        return Measurement(float(value), float(chance), None, None, n, reason)
    low, high = np.percentile(drawn, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Measurement(float(value), float(chance), float(low), float(high), n)
