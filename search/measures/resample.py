"""Intervals for measures of the vectors: documents that mean the same are drawn together.

Cluster bootstrap (Davison & Hinkley 1997, Bootstrap Methods and their Application, section 3.8):
translations of one text rise and fall together, so that not documents but their groups are drawn
with replacement; a document without a group is a cluster of its own. The interval is that of the
percentiles.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from search.measures.measure import Measurement, Profile

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_DOCUMENT = "no document of known language"
ONE_CLUSTER = "no interval: all of it is of one group"
NO_REPLICATE = "no interval: no replicate was drawn in which it is defined"

_BLOCK = 4_000_000
"""Numbers of draws held at once: 32 MB."""
_AT_ONCE = 256
"""Replicates held at once, for callers whose sums are long."""


def clusters(group: Ints) -> Ints:
    """Number the clusters.

    Args:
        group: (n,) code of each document's group, negative for none.

    Returns:
        (n,) 0..C-1: equal for documents of one group, of its own for one without.
    """
    own = np.where(group >= 0, group, -1 - np.arange(len(group)))
    return np.unique(own, return_inverse=True)[1].astype(np.int64)


def draws(count: int, *, seed: int, replicates: int) -> Iterator[Floats]:
    """Draw ``count`` of ``count`` clusters with replacement, over and over.

    Yields:
        (b, count) blocks, ``replicates`` rows in all: how often each cluster was drawn. They
        depend on the seed and the count alone.
    """
    rng = np.random.default_rng(seed)
    block = max(1, min(_AT_ONCE, _BLOCK // max(1, count)))
    for start in range(0, replicates, block):
        rows = range(min(block, replicates - start))
        yield np.array(
            [np.bincount(rng.integers(count, size=count), minlength=count) for _ in rows], float
        )


def drawn_sums(cluster: Ints, values: Floats, *, seed: int, replicates: int) -> Floats:
    """Sum the documents of the clusters that each replicate drew.

    Args:
        cluster: (n,) from :func:`clusters`.
        values: (n, m) what to sum.
        seed: of the draws.
        replicates: R.

    Returns:
        (R, m).
    """
    count = int(cluster.max()) + 1
    sums = np.stack([np.bincount(cluster, column, count) for column in values.T], axis=1)
    blocks = [w @ sums for w in draws(count, seed=seed, replicates=replicates)]
    return np.concatenate([np.empty((0, values.shape[1])), *blocks])


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, NaN where nothing is divided by."""
    found = np.full(part.shape, np.nan)
    np.divide(part, whole, out=found, where=whole != 0)
    return found


def macro(values: Floats) -> Floats:
    """Average (..., L) over the languages where it is defined; NaN where it is in none."""
    defined = np.isfinite(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1).astype(float))


def measured(
    value: float, chance: float, samples: Floats, n: int, cluster_count: int
) -> Measurement:
    """Put the interval to a value that is defined.

    Args:
        value: of all the documents.
        chance: its chance level.
        samples: (R,) of the replicates, NaN where undefined.
        n: documents.
        cluster_count: clusters they are of; of one alone there is no interval.
    """
    defined = samples[np.isfinite(samples)]
    reason = ONE_CLUSTER if cluster_count < 2 else NO_REPLICATE if not defined.size else None
    if reason is not None:
        return Measurement(float(value), float(chance), None, None, n, reason)
    low, high = np.quantile(defined, (0.025, 0.975))
    return Measurement(float(value), float(chance), float(low), float(high), n)


def undefined(reason: str, n: int, chance: float | None = None) -> Measurement:
    """No value, and why."""
    return Measurement(None, chance, None, None, n, reason)


def share_profile(
    hits: NDArray[np.bool_],
    language: Ints,
    cluster: Ints,
    chance: float,
    *,
    seed: int,
    replicates: int,
) -> Profile:
    """Share of documents that hit, in each language and averaged over the languages.

    A language that a replicate did not draw has no say in the average of that replicate.

    Args:
        hits: (n,), n at least 1.
        language: (n,) codes, none negative.
        cluster: (n,) from :func:`clusters`.
        chance: level of each language, hence of their average.
        seed: of the bootstrap.
        replicates: of the bootstrap.
    """
    codes, place = np.unique(language, return_inverse=True)
    each = (place[:, None] == np.arange(len(codes))).astype(float)
    both = np.concatenate([each * hits[:, None], each], axis=1)
    sums = drawn_sums(cluster, both, seed=seed, replicates=replicates)
    samples = ratio(*np.split(sums, 2, axis=1))
    shares = ratio(*np.split(both.sum(axis=0), 2))
    by_language = {}
    for i, code in enumerate(codes.tolist()):
        mine = cluster[place == i]
        by_language[code] = measured(
            shares[i], chance, samples[:, i], len(mine), len(np.unique(mine))
        )
    count = len(np.unique(cluster))
    overall = measured(float(macro(shares)), chance, macro(samples), len(hits), count)
    return Profile(overall, by_language)
