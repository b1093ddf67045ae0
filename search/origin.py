"""The question that interlingua came from: is a translation nearer than a stranger?

A pure function on the distances between a handful of sentences in two languages or more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan, nan
from statistics import fmean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors

Kind = Literal["translation", "same language", "other language", "paraphrase"]
"""Same meaning in another language; another meaning in the same or in another language; same
meaning in the same language."""

Distances = NDArray[np.float64]
"""(n, n) cosine distances in [0, 2], symmetric; NaN where one is not known."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the question."""

    id: str
    lang: str
    group: str
    """Sentences of one group mean the same."""
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences and how far apart they lie."""

    a: str
    b: str
    kind: Kind
    distance: float
    """Cosine distance in [0, 2]."""
    published: float | None
    """What somebody else found for the pair; None where nothing is published."""

    @property
    def difference(self) -> float | None:
        """Ours less the published one."""
        return None if self.published is None else self.distance - self.published


@dataclass(frozen=True, slots=True)
class Score:
    """A share in [0, 1], what chance would give, and what it is a mean over."""

    value: float | None
    """None where there is nothing to compare."""
    chance: float | None
    n: int


@dataclass(frozen=True, slots=True)
class OriginReport:
    """What the distances say."""

    pairs: tuple[Pair, ...]
    """All of them: translations first, then those of one language."""
    strong: Score
    """Probability that a translation is nearer than another meaning in the query's language."""
    weak: Score
    """Share of the queries whose nearest sentence in another language is a translation."""
    published_strong: Score
    """``strong`` of the published distances."""


def cosine_distances(vectors: Vectors) -> Distances:
    """(n, n) cosine distances of (n, d) vectors of any length but zero, computed in float64."""
    exact = vectors.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    return np.clip(1.0 - exact @ exact.T, 0.0, 2.0)


def origin_report(
    sentences: Sequence[Sentence],
    distances: Distances,
    published: Mapping[frozenset[str], float],
) -> OriginReport:
    """Report on the distances between sentences.

    Args:
        sentences: n of them, ids unique.
        distances: (n, n), in the order of the sentences, none NaN.
        published: the two ids of a pair to its published distance; may be empty.

    Returns:
        Every pair beside its published distance, and the scores of both.
    """
    order: list[Kind] = ["translation", "same language", "other language", "paraphrase"]
    others = np.full_like(distances, nan)
    pairs = []
    for i, j in combinations(range(len(sentences)), 2):
        a, b = sentences[i], sentences[j]
        found = published.get(frozenset((a.id, b.id)))
        if found is not None:
            others[i, j] = others[j, i] = found
        pairs.append(Pair(a.id, b.id, kind_of(a, b), float(distances[i, j]), found))
    return OriginReport(
        pairs=tuple(sorted(pairs, key=lambda pair: order.index(pair.kind))),
        strong=strong_alignment(sentences, distances),
        weak=weak_alignment(sentences, distances),
        published_strong=strong_alignment(sentences, others),
    )


def kind_of(a: Sentence, b: Sentence) -> Kind:
    """What two sentences share."""
    if a.group == b.group:
        return "paraphrase" if a.lang == b.lang else "translation"
    return "same language" if a.lang == b.lang else "other language"


def strong_alignment(sentences: Sequence[Sentence], distances: Distances) -> Score:
    """P[d(query, translation) < d(query, another meaning in the query's language)], ties half.

    The area under the ROC curve that tells translations from strangers of the query's language:
    the mean over all (query, translation, stranger) whose two distances are known. Strong
    alignment in the sense of Roy et al. 2020 (LAReQA), on pairs instead of whole rankings.
    """
    outcomes = []
    for query, row in zip(sentences, distances.tolist(), strict=True):
        kinds = [kind_of(query, other) for other in sentences]
        near = [d for d, kind in zip(row, kinds, strict=True) if kind == "translation"]
        far = [d for d, kind in zip(row, kinds, strict=True) if kind == "same language"]
        outcomes += [float(t < s) + 0.5 * (t == s) for t in near for s in far if not isnan(t + s)]
    return Score(fmean(outcomes) if outcomes else None, 0.5, len(outcomes))


def weak_alignment(sentences: Sequence[Sentence], distances: Distances) -> Score:
    """How often the nearest sentence of another language is a translation; ties share.

    The mean over all queries and all languages that hold a translation of the query; chance is
    the share of translations among the sentences of that language.
    """
    outcomes, chances = [], []
    for i, query in enumerate(sentences):
        for lang in sorted({s.lang for s in sentences} - {query.lang}):
            there = [j for j, s in enumerate(sentences) if s.lang == lang]
            right = {j for j in there if sentences[j].group == query.group}
            if right:
                least = min(distances[i, j] for j in there)
                nearest = [j for j in there if distances[i, j] == least]
                outcomes.append(fmean(j in right for j in nearest))
                chances.append(len(right) / len(there))
    if not outcomes:
        return Score(None, None, 0)
    return Score(fmean(outcomes), fmean(chances), len(outcomes))
