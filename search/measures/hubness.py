"""Documents that are everybody's neighbours: how uneven it is, and which languages they are in.

A hub of one language among the neighbours of all looks like a preference for that language
(Radovanovic, Nanopoulos & Ivanovic 2010, "Hubs in Space", JMLR 11). N_k(i) is the number of
documents that have i among their k nearest.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from search.measures.measure import Measurement, Profile
from search.measures.resample import (
    Floats,
    Ints,
    clusters,
    drawn_sums,
    draws,
    measured,
    ratio,
    undefined,
)

_TOP = 0.01
"""Share of the documents that are called hubs."""

_NO_NEIGHBOUR = "no document has a neighbour"
_EVEN = "every document is equally often a neighbour"
_NO_HUB = "no hub is of known language"


@dataclass(frozen=True, slots=True)
class Hubness:
    """Documents of unknown language are documents like others, but of no language's share."""

    skew: Profile
    """Skewness of N_k over the documents; of all languages together."""
    share: Profile
    """Overall: share of all neighbours that are hubs, the hundredth of the documents with the
    largest N_k. By language: share of the hubs that are in it, against its share of the
    documents, both among those of known language; ``n`` is the documents of the language."""


def hubness(
    neighbours: Ints, language: Ints, group: Ints, *, seed: int, replicates: int
) -> Hubness:
    """Measure the hubs of a neighbourhood graph.

    skew = m_3 / m_2^1.5 of N_k with central moments m (Radovanovic et al. 2010). Chance, in closed
    form: if each document drew its k neighbours at random, N_k would be binomial(n - 1,
    k / (n - 1)), and skew (1 - 2p) / sqrt((n - 1) p (1 - p)). Chance of the share, in closed form:
    the expected sum of the largest order statistics of n independent such numbers. Chance of a
    language's share of the hubs, in closed form: its share of the documents.

    Hubs are ceil(n / 100) documents; those that tie for the last places share them, so that the
    order of the documents does not matter. The bootstrap draws documents (by group) with the N_k
    that they have; it does not search again.

    Args:
        neighbours: (n, k) numbers of the documents nearest to each document, -1 past the end; a
            row of -1 for one that was not asked.
        language: (n,) codes, negative for unknown.
        group: (n,) codes, negative for none.
        seed: of the bootstrap over groups.
        replicates: of the bootstrap.
    """
    n = len(language)
    slots = neighbours[neighbours >= 0]
    if not slots.size:
        nothing = undefined(_NO_NEIGHBOUR, n)
        return Hubness(Profile(nothing, {}), Profile(nothing, {}))
    counts = np.bincount(slots, minlength=n).astype(float)
    # Each document can be chosen by all who asked but itself: n - 1 if all did.
    asked = int((neighbours >= 0).any(axis=1).sum())
    trials = max(1, round(asked * (n - 1) / n))
    cluster = clusters(group)
    draw = (min(1.0, slots.size / (n * trials)), trials)
    by_language = _by_language(counts, language, cluster, seed, replicates)
    return Hubness(
        Profile(_skew(counts, draw, cluster, seed, replicates), {}),
        Profile(_share(counts, draw, cluster, seed, replicates), by_language),
    )


def _skew(
    counts: Floats, draw: tuple[float, int], cluster: Ints, seed: int, replicates: int
) -> Measurement:
    p, trials = draw
    if counts.min() == counts.max():
        return undefined(_EVEN, len(counts))
    chance = (1 - 2 * p) / sqrt(trials * p * (1 - p))
    centred = counts - counts.mean()  # so that the third power keeps its digits
    powers = centred[:, None] ** np.arange(4)
    samples = drawn_sums(cluster, powers, seed=seed, replicates=replicates)
    value = float(_skewness(powers.sum(axis=0)[None])[0])
    return measured(value, chance, _skewness(samples), len(counts), int(cluster.max()) + 1)


def _skewness(powers: Floats) -> Floats:
    """(R,) out of (R, 4) sums of x^0 to x^3; NaN where all x are the same."""
    _, mean, square, cube = (powers / powers[:, :1]).T
    variance = square - mean**2
    # Numbers that differ at all have more variance than rounding leaves of equal ones.
    spread = np.where(variance > 1e-12 * square, variance, 0.0)
    return ratio(cube - 3 * mean * square + 2 * mean**3, spread**1.5)


def _share(
    counts: Floats, draw: tuple[float, int], cluster: Ints, seed: int, replicates: int
) -> Measurement:
    n = len(counts)
    order = np.argsort(-counts, kind="stable")
    falling, of = counts[order], cluster[order]
    top = ceil(n * _TOP)

    def held(weights: Floats) -> Floats:
        upto = np.cumsum(weights, axis=1)
        room = upto[:, -1:] * (top / n) - (upto - weights)
        return ratio(np.clip(room, 0, weights) @ falling, weights @ falling)

    value = float(falling[:top].sum() / falling.sum())
    count = int(cluster.max()) + 1
    drawn = [held(w[:, of]) for w in draws(count, seed=seed, replicates=replicates)]
    chance = _largest(top, n, draw) / float(counts.sum())
    return measured(value, chance, np.concatenate([np.empty(0), *drawn]), n, count)


def _largest(top: int, n: int, draw: tuple[float, int]) -> float:
    """Expected sum of the ``top`` largest of n independent binomial numbers.

    The sum is that over t >= 1 of min(top, B_t), B_t the numbers that are at least t: binomial(n,
    P[X >= t]); and E min(m, B) = n S P[binomial(n - 1, S) < m] + m P[B > m].
    """
    from scipy.stats import binom

    p, trials = draw
    last = int(binom.isf(1e-12 / n, trials, p)) + 1
    reach = binom.sf(np.arange(last), trials, p)
    each = n * reach * binom.cdf(top - 1, n - 1, reach) + top * binom.sf(top, n, reach)
    return float(each.sum())


def _by_language(
    counts: Floats, language: Ints, cluster: Ints, seed: int, replicates: int
) -> dict[int, Measurement]:
    """Share of the hubs in each language."""
    known = language >= 0
    codes, place = np.unique(language[known], return_inverse=True)
    each = (place[:, None] == np.arange(len(codes))).astype(float)
    hubs = each * _hubs(counts)[known, None]
    documents, mine = each.sum(axis=0), hubs.sum(axis=0)
    chances = documents / max(1, len(place))
    if not mine.sum():
        columns = zip(codes.tolist(), documents, chances, strict=True)
        return {code: undefined(_NO_HUB, int(n), float(chance)) for code, n, chance in columns}
    cluster = clusters(cluster[known])
    drawn = drawn_sums(cluster, hubs, seed=seed, replicates=replicates)
    samples, count = ratio(drawn, drawn.sum(axis=1, keepdims=True)), int(cluster.max()) + 1
    return {
        code: measured(mine[i] / mine.sum(), chances[i], samples[:, i], int(documents[i]), count)
        for i, code in enumerate(codes.tolist())
    }


def _hubs(counts: Floats) -> Floats:
    """(n,) 1 for a hub, 0 for none, between for those that share the last places."""
    top = ceil(len(counts) * _TOP)
    least = np.partition(counts, -top)[-top]
    hubs: Floats = (counts > least).astype(float)
    tied = counts == least
    hubs[tied] = (top - hubs.sum()) / tied.sum()
    return hubs
