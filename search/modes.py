"""How neighbours are found: by vectors, by shared terms, or by both."""

from collections.abc import Sequence
from dataclasses import replace

from indexer.corpus import Query
from indexer.errors import UsageError
from indexer.index import Snapshot
from indexer.nearest import Neighbours
from indexer.records import Vectors
from search.fusion import DEPTH, fuse
from search.merging import Merging
from search.options import SearchOptions
from search.ranked import nearest_of


def found_by(
    state: Snapshot,
    queries: Sequence[Query],
    vectors: Vectors | None,
    options: SearchOptions,
    drop: Sequence[frozenset[str]],
) -> list[Neighbours]:
    """Find the neighbours of queries, row by row: chunks are not put together here.

    Args:
        state: the index.
        queries: q of them.
        vectors: (q, d) float32 unit rows, raw, as encoded; None in mode ``lexical``.
        options: what is wanted; a merging is of the dense lists.
        drop: ids that a query must not get, such as its own; few.

    Raises:
        UsageError: a text is missing, or a lexical search is to be merged.
        IncompatibleError: the index is of a format without lexical search.
    """
    mode, k, merging = options.mode, options.k, options.merging
    if mode == "dense":
        return _dense(state, queries, vectors, k, options, drop)
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
    allowed = options.allowed
    filters = [replace(allowed, exclude=allowed.exclude | ids) for ids in drop]
    lexical = state.lexical([query.text for query in queries], depth, filters)
    if mode == "lexical":
        return lexical
    dense = _dense(state, queries, vectors, depth, options, drop)
    return [fuse(lists, k) for lists in zip(dense, lexical, strict=True)]


def _dense(
    state: Snapshot,
    queries: Sequence[Query],
    vectors: Vectors | None,
    k: int,
    options: SearchOptions,
    drop: Sequence[frozenset[str]],
) -> list[Neighbours]:
    """Find ``k`` by vectors, transformed and merged as the index or the caller says."""
    assert vectors is not None
    languages = [query.lang for query in queries]
    return nearest_of(
        state,
        state.debiasing.apply(vectors, languages),
        languages,
        k,
        options.allowed,
        options.merging or Merging.from_json(state.debiasing.merging),
        drop,
        options.exact,
    )
