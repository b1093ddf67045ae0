"""How neighbours are found: by vectors, by shared terms, or by both."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from indexer.corpus import Query
from indexer.errors import UsageError
from indexer.index import Snapshot
from indexer.nearest import Neighbours
from indexer.records import Filter, Vectors
from search.fusion import DEPTH, fuse
from search.merging import Merging
from search.ranked import nearest_of

Mode = Literal["dense", "lexical", "hybrid"]


def found_by(  # noqa: PLR0913, PLR0917 - each is a part of the question
    mode: Mode,
    state: Snapshot,
    queries: Sequence[Query],
    vectors: Vectors | None,
    k: int,
    allowed: Filter,
    merging: Merging | None,
    drop: Sequence[frozenset[str]],
    exact: bool = False,
) -> list[Neighbours]:
    """Find the neighbours of queries.

    Args:
        mode: how. ``dense``: the score is the cosine. ``lexical``: BM25 over shared terms.
            ``hybrid``: the sum of reciprocal ranks in both, see :mod:`search.fusion`.
        state: the index.
        queries: q of them.
        vectors: (q, d) float32 unit rows, raw, as encoded; None in mode ``lexical``.
        k: neighbours wanted, at least 1.
        allowed: documents that may be found.
        merging: how the lists of the languages of the dense search become one; as the index says
            when None.
        drop: ids that a query must not get, such as its own; few.
        exact: of vectors, miss nothing, whatever the kind of the index.

    Raises:
        UsageError: a text is missing, or a lexical search is to be merged.
    """
    if mode == "dense":
        return _dense(state, queries, vectors, k, allowed, merging, drop, exact)
    if mode == "lexical" and merging is not None and merging.name != "none":
        raise UsageError(
            f"no merging {merging.name} in mode lexical: its scores are not made of vectors",
            "leave the merging out, or search in mode hybrid, which merges its dense half",
        )
    if any(not query.text for query in queries):
        raise UsageError(
            f"mode {mode} looks for words, and a query has none", "give its text beside its vector"
        )
    depth = k if mode == "lexical" else max(k, DEPTH)
    filters = [replace(allowed, exclude=allowed.exclude | ids) for ids in drop]
    lexical = state.lexical([query.text for query in queries], depth, filters)
    if mode == "lexical":
        return lexical
    dense = _dense(state, queries, vectors, depth, allowed, merging, drop, exact)
    return [fuse(lists, k) for lists in zip(dense, lexical, strict=True)]


def _dense(
    state: Snapshot,
    queries: Sequence[Query],
    vectors: Vectors | None,
    k: int,
    allowed: Filter,
    merging: Merging | None,
    drop: Sequence[frozenset[str]],
    exact: bool,
) -> list[Neighbours]:
    """Find neighbours by vectors, transformed and merged as the index or the caller says."""
    assert vectors is not None
    languages = [query.lang for query in queries]
    return nearest_of(
        state,
        state.debiasing.apply(vectors, languages),
        languages,
        k,
        allowed,
        merging or Merging.from_json(state.debiasing.merging),
        drop,
        exact,
    )
