"""Mean cosine of documents that do not mean the same: within a language and across languages.

Where all cosines are high (mBERT, E5: Ethayarajh 2019, "How Contextual are Contextualized Word
Representations?"), a high one says little; what counts is how much higher they are within a
language. No pair is ever looked at: the cosines of all pairs of two sets of unit vectors add up
to the product of their sums, and what documents of one cluster have among themselves is taken
off again, exactly.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from indexer.records import Vectors
from search.measures.measure import Measurement, Profile
from search.measures.resample import (
    NO_DOCUMENT,
    Floats,
    Ints,
    clusters,
    draws,
    macro,
    measured,
    ratio,
    undefined,
)

_NO_PAIR = "no two documents of different meaning to compare"


@dataclass(frozen=True, slots=True)
class Cosines:
    """Of pairs of documents that are not of one group; cosines, in [-1, 1]."""

    random: Measurement
    """Of any two documents; chance 0, as for directions that prefer nothing."""
    within: Profile
    """Of two documents of one language; overall: averaged over the languages."""
    across: Profile
    """Of a document of the language and one of another."""
    gap: Profile
    """``within`` less ``across``; chance 0."""


class _Cells(NamedTuple):
    """The clusters that have documents of one language: c of them."""

    cluster: Ints
    sums: Floats
    """(c, d) of the unit vectors of each cell."""
    documents: Floats
    """(c,)"""
    own: Floats
    """(c,) cosines within the cell added up, each document with itself as well."""
    other: Floats
    """(c,) cosines of the cell with the rest of its cluster added up."""
    other_pairs: Floats
    """(c,)"""


class _Means(NamedTuple):
    """R replicates, L languages; NaN where there is no pair."""

    random: Floats
    """(R,)"""
    within: Floats
    """(R, L)"""
    across: Floats
    """(R, L)"""


def cosines(
    vectors: Vectors, language: Ints, group: Ints, *, seed: int, replicates: int
) -> Cosines:
    """Mean cosines of pairs that do not mean the same.

    For unit vectors with sums S_l over the documents of language l and s_cl over those of
    cluster c among them: within(l) = (|S_l|^2 - sum_c |s_cl|^2) / (n_l^2 - sum_c n_cl^2), and
    across(l) = (S_l . (S - S_l) - sum_c s_cl . (s_c - s_cl)) / (the same of the counts). A
    document without a group is a cluster of its own. Chance of ``within`` and ``across``, in
    closed form: the mean of all pairs, as the labels would have it if they were dealt at random;
    of the gap: 0.

    Args:
        vectors: (n, d) float32 of any length; zero vectors have no cosine and are left out.
        language: (n,) codes; negative for unknown, which leaves the document out.
        group: (n,) codes, negative for none.
        seed: of the bootstrap over groups.
        replicates: of the bootstrap; two draws of one group count as one group.
    """
    length = np.linalg.norm(vectors, axis=1)
    kept = (language >= 0) & (length > 0)
    codes, place = np.unique(language[kept], return_inverse=True)
    if not len(codes):
        nothing = undefined(NO_DOCUMENT, 0)
        return Cosines(nothing, *[Profile(nothing, {})] * 3)
    cluster = clusters(group[kept])
    unit = vectors[kept] / length[kept, None].astype(float)
    count = int(cluster.max()) + 1
    cells = _cells(unit, place, cluster)
    actual = _means(cells, np.ones((1, count)))
    blocks = [_means(cells, w) for w in draws(count, seed=seed, replicates=replicates)]
    samples = _Means(*(np.concatenate(part) for part in zip(*blocks, strict=True)))
    return _summary(codes.tolist(), cells, actual, samples)


def _cells(unit: Floats, place: Ints, cluster: Ints) -> list[_Cells]:
    """Sum up the documents of each cluster, by language."""
    languages = int(place.max()) + 1
    order = np.argsort(cluster * languages + place, kind="stable")
    key, first, count = np.unique(
        cluster[order] * languages + place[order], return_index=True, return_counts=True
    )
    sums = np.add.reduceat(unit[order], first, axis=0)
    of, lang = np.divmod(key, languages)
    start = np.unique(of, return_index=True)[1]
    rest = np.add.reduceat(sums, start, axis=0)[of] - sums
    rest_count = np.add.reduceat(count, start)[of] - count
    own = np.einsum("cd,cd->c", sums, sums)
    other = np.einsum("cd,cd->c", sums, rest)
    columns = (of, sums, count.astype(float), own, other, (count * rest_count).astype(float))
    return [_Cells(*(column[lang == i] for column in columns)) for i in range(languages)]


def _means(cells: list[_Cells], weights: Floats) -> _Means:
    """Average the cosines when cluster c is there ``weights[:, c]`` times: (R, C)."""
    sums = np.stack([weights[:, each.cluster] @ each.sums for each in cells], axis=1)
    count = np.stack([weights[:, each.cluster] @ each.documents for each in cells], axis=1)
    square = weights**2
    taken = [
        square[:, each.cluster]
        @ np.stack([each.own, each.documents**2, each.other, each.other_pairs], axis=1)
        for each in cells
    ]
    own, own_pairs, other, other_pairs = np.stack(taken, axis=1).transpose(2, 0, 1)
    whole, all_count = sums.sum(axis=1, keepdims=True), count.sum(axis=1, keepdims=True)
    within = np.einsum("rld,rld->rl", sums, sums) - own
    across = np.einsum("rld,rld->rl", sums, whole - sums) - other
    pairs, across_pairs = count**2 - own_pairs, count * (all_count - count) - other_pairs
    everything = (within + across).sum(axis=1), (pairs + across_pairs).sum(axis=1)
    return _Means(ratio(*everything), ratio(within, pairs), ratio(across, across_pairs))


def _summary(codes: list[int], cells: list[_Cells], actual: _Means, samples: _Means) -> Cosines:
    """Put values and intervals together."""
    chance = float(actual.random[0])
    documents = [int(each.documents.sum()) for each in cells]
    held = [len(each.cluster) for each in cells]
    count = len(np.unique(np.concatenate([each.cluster for each in cells])))

    def one(value: float, level: float, drawn: Floats, n: int, of: int) -> Measurement:
        if np.isnan(value):
            return undefined(_NO_PAIR, n)
        return measured(value, level, drawn, n, of)

    def profile(values: Floats, level: float, drawn: Floats) -> Profile:
        by_language = {
            code: one(values[0, i], level, drawn[:, i], documents[i], held[i])
            for i, code in enumerate(codes)
        }
        overall = one(float(macro(values)[0]), level, macro(drawn), sum(documents), count)
        return Profile(overall, by_language)

    return Cosines(
        one(chance, 0.0, samples.random, sum(documents), count),
        profile(actual.within, chance, samples.within),
        profile(actual.across, chance, samples.across),
        profile(actual.within - actual.across, 0.0, samples.within - samples.across),
    )
