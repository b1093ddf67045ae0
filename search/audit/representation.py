"""The part of an audit that asks nothing: measures of the vectors themselves."""

from collections.abc import Mapping

import numpy as np

from indexer.records import Vectors
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
"""Documents looked at, whole groups first: more would cost memory and tell no more. Hubs are then
those of the documents looked at, among themselves."""

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
    hubs = hubness(_neighbours(vectors, pool.order[some], k), language, group, **draws)
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


def _neighbours(vectors: Vectors, order: Ints, k: int) -> Ints:
    """Find the k nearest others of each of n documents: (n, k), NOBODY past the end."""
    found = np.full((len(vectors), k), NOBODY, np.int64)
    size = max(1, _BLOCK_BYTES // (4 * max(1, len(vectors))))
    for start in range(0, len(vectors), size):
        scores = vectors[start : start + size] @ vectors.T
        for row, s in enumerate(scores, start):
            s[row] = -np.inf
            places = nearest(s, order, k)
            found[row, : len(places)] = places
    return found
