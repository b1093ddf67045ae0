"""The part of an audit that asks nothing: measures of the vectors themselves."""

from collections.abc import Mapping

import numpy as np

from search.audit.map2d import choose_points
from search.audit.pool import Pool
from search.audit.scoring import nearest
from search.measures.anisotropy import cosines
from search.measures.evidence import NOBODY, Ints
from search.measures.hubness import hubness
from search.measures.measure import Measure, Measurement, Profile
from search.measures.probe import language_probe
from search.measures.truncation import truncated
from search.measures.variance import variance_shares

MOST = 20_000
"""Documents looked at, whole groups first; more would cost memory and tell no more."""

ASKING = 5_000
"""Documents that ask for their neighbours when there are more than MOST, to count the hubs."""

_BLOCK_BYTES = 128 << 20


def measure_vectors(
    pool: Pool, meaning: Ints, k: int, *, grouped: bool, seed: int, replicates: int
) -> dict[Measure, Profile]:
    """Take every measure of the vectors.

    Args:
        pool: the documents.
        meaning: (N,) number of the meaning of each document, NOBODY where unknown.
        k: neighbours that make a hub.
        grouped: whether meanings are known; without them the shares of variance are left out.
        seed: of samples and resampling.
        replicates: bootstrap samples.

    Returns:
        Profiles whose rows are the numbers of the pool's languages.
    """
    some = choose_points(pool, seed, MOST)
    vectors, language, group = pool.vectors[some], pool.language[some], meaning[some]
    draws = {"seed": seed, "replicates": replicates}
    near = cosines(vectors, language, group, **draws)
    hubs = hubness(_neighbours(pool, k, seed), pool.language, meaning, **draws)
    found = {
        Measure("language_probe"): language_probe(vectors, language, group, **draws),
        Measure("anisotropy"): Profile(near.random, {}),
        Measure("cosine_within"): near.within,
        Measure("cosine_across"): near.across,
        Measure("cosine_gap"): near.gap,
        Measure("hub_skew", k): hubs.skew,
        Measure("hub_share", k): hubs.share,
        Measure("truncated"): truncated(pool.tokens_dropped, pool.language, meaning, **draws),
    }
    if grouped:
        shares = variance_shares(vectors, language, group, **draws)
        found |= {
            Measure("language_variance"): Profile(shares.language, {}),
            Measure("meaning_variance"): Profile(shares.meaning, {}),
            Measure("interaction_variance"): Profile(shares.interaction, {}),
        }
    return found


def by_name(
    profile: Profile, names: tuple[str, ...]
) -> tuple[Measurement, Mapping[str, Measurement]]:
    """Name the languages of a profile."""
    return profile.overall, {names[code]: row for code, row in profile.by_language.items()}


def _neighbours(pool: Pool, k: int, seed: int) -> Ints:
    """Find the k nearest documents of each that asks: (N, k), NOBODY for those that do not."""
    found = np.full((len(pool), k), NOBODY, np.int64)
    asking = np.arange(len(pool))
    if len(pool) > MOST:
        asking = np.sort(np.random.default_rng(seed).choice(len(pool), ASKING, replace=False))
    size = max(1, _BLOCK_BYTES // (4 * max(1, len(pool))))
    for start in range(0, len(asking), size):
        rows = asking[start : start + size]
        scores = pool.vectors[rows] @ pool.vectors.T
        scores[np.arange(len(rows)), rows] = -np.inf
        for row, s in zip(rows.tolist(), scores, strict=True):
            places = nearest(s, pool.order, k)
            found[row, : len(places)] = places
    return found
