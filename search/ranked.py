"""The neighbours of queries in the order in which they are served: merged, where that is asked."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indexer.index import Snapshot
from indexer.nearest import Neighbours
from indexer.records import UNKNOWN_LANGUAGE, Filter, Hit, Vectors
from indexer.vectors import Vids
from search.density import SAMPLE, Crowding, crowding
from search.merging import HEAD, Lists, Merging, merge_keys

_DEEPER = 2
"""CSLS changes the order inside a language: it looks at this many times as many documents."""


def ranked(
    state: Snapshot,
    vectors: Vectors,
    languages: Sequence[str],
    k: int,
    allowed: Filter,
    merging: Merging,
    drop: Sequence[frozenset[str]],
) -> list[list[Hit]]:
    """Find the first documents of each query in the order of a merging.

    Args:
        state: the index.
        vectors: (q, d) float32 unit rows, transformed as the documents are.
        languages: of the q queries.
        k: documents wanted, at least 1.
        allowed: which documents may be found.
        merging: how the lists of the languages become one.
        drop: ids that a query must not get, such as its own; few.

    Returns:
        For each query exactly ``k`` hits as long as there are as many. The score stays the
        cosine, so that only without merging it descends.
    """
    most = max((len(ids) for ids in drop), default=0)
    gone = state.vids(frozenset[str]().union(*drop))
    out = [np.array([gone[id_] for id_ in ids if id_ in gone], np.int64) for ids in drop]
    if merging.name == "none":
        found = state.neighbours(vectors, k + most, allowed)
        return state.hits([_without(f, o, k) for f, o in zip(found, out, strict=True)])
    counts = state.language_counts(allowed)
    depth = max(k, HEAD) * (_DEEPER if merging.name == "csls" else 1)
    lists = {
        name: state.neighbours(vectors, depth + most, replace(allowed, languages=frozenset({name})))
        for name in counts
    }
    crowds = _Crowds(state) if merging.name == "csls" else None
    merged = []
    for query, language in enumerate(languages):
        own = [_without(found[query], out[query], depth) for found in lists.values()]
        merged.append(_merge(own, list(counts), counts, language, merging, crowds, k))
    return state.hits(merged)


def _merge(
    found: Sequence[Neighbours],
    names: Sequence[str],
    counts: dict[str, int],
    language: str,
    merging: Merging,
    crowds: "_Crowds | None",
    k: int,
) -> Neighbours:
    """Put the lists of one query in one order and keep the first ``k``."""
    known = language if language != UNKNOWN_LANGUAGE else None
    lists = Lists(
        scores=[f.scores for f in found],
        sizes=np.array([counts[name] for name in names], np.int64),
        own=names.index(language) if known in names else None,
        crowding=[] if crowds is None else [crowds.of(f, known) for f in found],
    )
    keys = np.concatenate([np.empty(0), *merge_keys(merging, lists)])
    scores = np.concatenate([np.empty(0, np.float32), *(f.scores for f in found)])
    vids = np.concatenate([np.empty(0, np.int64), *(f.vids for f in found)])
    order = np.lexsort((vids, -scores, -keys))[:k]
    return Neighbours(vids[order], scores[order])


def _without(found: Neighbours, out: Vids, k: int) -> Neighbours:
    """Drop some documents and keep the first ``k`` of the others."""
    kept = ~np.isin(found.vids, out)
    return Neighbours(found.vids[kept][:k], found.scores[kept][:k])


class _Crowds:
    """The crowding of candidates, looked up once for each language that asks."""

    def __init__(self, state: Snapshot) -> None:
        self._state = state
        self._samples: dict[str, Vectors] = {}

    def of(self, found: Neighbours, language: str | None) -> Crowding:
        """Crowding with texts of a language; the mean of all languages when it is None."""
        if not len(found.vids):
            return np.empty(0, np.float32)
        order = np.argsort(found.vids)
        vectors = self._state.searched_vectors(found.vids[order])
        known = self._state.language_counts().keys() - {UNKNOWN_LANGUAGE}
        names = [language] if language is not None else sorted(known)
        mean = np.mean([crowding(vectors, self._sample(name)) for name in names], axis=0)
        back = np.empty(len(order), np.float32)
        back[order] = mean
        return back

    def _sample(self, language: str) -> Vectors:
        if language not in self._samples:
            self._samples[language] = self._state.sample(language, SAMPLE)
        return self._samples[language]
