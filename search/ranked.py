"""The neighbours of queries in the order in which they are served: merged, where that is asked."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from indexer.by_language import Candidates, Scored
from indexer.index import Snapshot
from indexer.nearest import Neighbours
from indexer.records import UNKNOWN_LANGUAGE, Filter, Hit, Vectors
from indexer.vectors import Positions, Vids
from search.density import SAMPLE, Crowding, crowding
from search.merging import Keys, Lists, Merging, depth, merge_keys, scales

_ALL_AT_ONCE = 50_000
"""Rows whose crowding takes half a second."""


def ranked(
    state: Snapshot,
    vectors: Vectors,
    languages: Sequence[str],
    k: int,
    allowed: Filter,
    merging: Merging,
    drop: Sequence[frozenset[str]],
    exact: bool = False,
) -> list[list[Hit]]:
    """Find the first documents of each query in the order of a merging, see below."""
    return state.hits(nearest_of(state, vectors, languages, k, allowed, merging, drop, exact))


def nearest_of(
    state: Snapshot,
    vectors: Vectors,
    languages: Sequence[str],
    k: int,
    allowed: Filter,
    merging: Merging,
    drop: Sequence[frozenset[str]],
    exact: bool = False,
) -> list[Neighbours]:
    """Find the first documents of each query in the order of a merging.

    Args:
        state: the index.
        vectors: (q, d) float32 unit rows, transformed as the documents are.
        languages: of the q queries.
        k: documents wanted, at least 1.
        allowed: which documents may be found.
        merging: how the lists of the languages become one.
        drop: ids that a query must not get, such as its own; few.
        exact: miss nothing, whatever the kind of the index.

    Returns:
        For each query exactly ``k`` as long as there are as many. The score stays the cosine, so
        that only without merging it descends.
    """
    gone = state.vids(frozenset[str]().union(*drop))
    out = [np.array([gone[id_] for id_ in ids if id_ in gone], np.int64) for ids in drop]
    if merging.name == "none":
        most = max((len(ids) for ids in drop), default=0)
        found = state.neighbours(vectors, k + most, allowed, exact=exact)
        return [_without(f, o, k) for f, o in zip(found, out, strict=True)]
    counts = state.language_counts(allowed)
    names, found_by = state.candidates_by_language(
        vectors, depth(merging, k), allowed, out, exact=exact
    )
    sizes = np.array([counts.get(name, 0) for name in names], np.int64)
    merged = []
    for candidates, language in zip(found_by, languages, strict=True):
        if merging.takes_turns:
            own = names.index(language) if language in names else None
            own = None if language == UNKNOWN_LANGUAGE else own
            merged.append(_in_turn(candidates, sizes, own, merging, k))
        else:
            crowds = None
            if merging.name == "csls":
                crowds = _crowding(state, candidates.positions, language)
            merged.append(_by_scale(candidates, len(names), crowds, merging, k))
    return merged


def _in_turn(
    candidates: Candidates, sizes: NDArray[np.int64], own: int | None, merging: Merging, k: int
) -> Neighbours:
    """Let the languages take turns: all candidates are scored exactly, since ranks decide."""
    scored = candidates.exact(np.arange(len(candidates.positions)))
    order = np.lexsort((scored.ties, -scored.scores, candidates.languages))
    scored = Scored(scored.vids[order], scored.scores[order], scored.ties[order])
    bounds = np.searchsorted(candidates.languages, np.arange(len(sizes) + 1))
    keys = merge_keys(merging, Lists(scored.scores, bounds, sizes, own))
    return _first(scored, keys, k)


def _by_scale(
    candidates: Candidates, languages: int, crowds: Crowding | None, merging: Merging, k: int
) -> Neighbours:
    """Move the scores of each language to one scale, and score exactly what may be first there."""
    if not len(candidates.positions):
        return Neighbours(np.empty(0, np.int64), np.empty(0, np.float32))
    bounds = np.searchsorted(candidates.languages, np.arange(languages + 1))
    slopes, starts = scales(merging, candidates.near, bounds)
    slope, start = slopes[candidates.languages], starts[candidates.languages]
    start = start if crowds is None else start - crowds
    near, error = slope * candidates.near + start, slope * candidates.error
    chosen = np.arange(len(near))
    if len(near) > k:
        surely = near - error
        least = np.partition(surely, len(near) - k)[len(near) - k]
        chosen = np.flatnonzero(near + error >= least)
    scored = candidates.exact(chosen)
    return _first(scored, slope[chosen] * scored.scores.astype(np.float64) + start[chosen], k)


def _first(scored: Scored, keys: Keys, k: int) -> Neighbours:
    """Keep the first ``k`` in the order of (-key, -score, id)."""
    order = np.lexsort((scored.ties, -scored.scores, -keys))[:k]
    return Neighbours(scored.vids[order], scored.scores[order])


def _without(found: Neighbours, out: Vids, k: int) -> Neighbours:
    """Drop some documents and keep the first ``k`` of the others."""
    kept = ~np.isin(found.vids, out)
    return Neighbours(found.vids[kept][:k], found.scores[kept][:k])


def _crowding(state: Snapshot, positions: Positions, language: str) -> Crowding:
    """Crowding of rows with texts of a language; the mean of all languages when it is unknown.

    What is worked out is remembered, in an index of moderate size for all rows at the first query
    in the language, so that the queries after it cost nothing.
    """
    names = [language]
    if language == UNKNOWN_LANGUAGE:
        names = sorted(state.language_counts().keys() - {UNKNOWN_LANGUAGE})
    rows = state.segments.rows
    means = [np.zeros(len(positions), np.float32)] if not names else []
    for name in names:
        sample = state.remembered(("sample", name), partial(_sample, state, name))
        known = state.remembered(("crowding", name), lambda: np.full(rows, np.nan, np.float32))
        lacking = positions[np.isnan(known[positions])]
        if len(lacking) and rows <= _ALL_AT_ONCE:
            lacking = state.segments.living
        known[lacking] = crowding(state.rows_at(lacking), sample)
        means.append(known[positions])
    mean: Crowding = np.mean(means, axis=0)
    return mean


def _sample(state: Snapshot, language: str) -> Vectors:
    """Read the vectors that crowding is measured with."""
    return state.searched_vectors(state.sample(language, SAMPLE))
