"""Documents found by their best chunks."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from indexer.chunking import MARK, whole_id
from indexer.records import Hit

_MORE = 4
"""Chunks that are asked for at first, for each document wanted; and how many more each time."""


def best_chunks(
    ask: Callable[[int], list[list[Hit]]], k: int, itself: Sequence[str | None]
) -> list[list[Hit]]:
    """Keep the best chunk of each document, until there are ``k`` documents or no more chunks.

    Args:
        ask: finds so many chunks for each of q queries, best first.
        k: documents wanted.
        itself: for each query the chunk that it is; its document is not found.

    Returns:
        For each query exactly ``k`` as long as there are as many documents; ranks from 1.
    """
    depth = _MORE * k
    while True:
        found = ask(depth)
        best = [_first_of_each(hits, k, own) for hits, own in zip(found, itself, strict=True)]
        pairs = zip(found, best, strict=True)
        if all(len(kept) == k or len(hits) < depth for hits, kept in pairs):
            return best
        depth *= _MORE


def first_chunk(id: str) -> str:  # noqa: A002 - the field's name
    """Return the id of the first chunk of a chunk's document."""
    return f"{whole_id(id)}{MARK}0"


def _first_of_each(hits: Sequence[Hit], k: int, itself: str | None) -> list[Hit]:
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(whole_id(hit.document.id), hit)
    if itself is not None:
        best.pop(whole_id(itself), None)
    kept = list(best.values())[:k]
    return [replace(hit, rank=rank) for rank, hit in enumerate(kept, start=1)]
