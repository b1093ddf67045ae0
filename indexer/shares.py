"""Where an approximate index is searched for the best of every language at once.

A search that a filter narrows looks into the more clusters the fewer documents pass. Were the
lists of all languages found so, each would cost as much as a search of the whole. Here the same
share of every language is looked at, nearest clusters first, and clusters that hold none of it are
passed over, so that the cost does not grow with the number of languages.
"""

import math
import sqlite3
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.clusters import Chosen, Held
from indexer.kinds import default_effort
from indexer.nearest import first_guess
from indexer.records import Filter, Vectors
from indexer.segments import Segments
from indexer.vectors import Positions

_LEAST = 4
"""Rows looked at for each candidate, where a language has as many: small ones miss little."""

_AS_WELL = 4
"""Times the share of a language against what an unmerged search looks at of the whole: what is
near in another language lies in more clusters. docs/log.md has what other shares find."""

_AT_FIRST = 2
"""Clusters that are put in order at first, for each that would be looked into of one language."""


def proposed_by_language(
    conn: sqlite3.Connection,
    segments: Segments,
    queries: Vectors,
    k: int,
    languages: Sequence[Filter],
    allowed: Filter,
) -> list[Sequence[Positions]]:
    """Let FAISS propose the nearest of each language.

    Args:
        conn: a connection inside the transaction that ``segments`` were loaded in.
        segments: what is searched.
        queries: (q, d) float32 unit rows, few.
        k: neighbours wanted of each language.
        languages: filters, each of which lets one language pass.
        allowed: the filter that they divide.

    Returns:
        For each language (q, at least k where it has as many) rows.
    """
    wanted = k if segments.raw else first_guess(segments, k, exact=False)
    found: list[list[Positions]] = [[np.empty((len(queries), 0), np.int64)] for _ in languages]
    passing = [segments.passing(conn, one) for one in languages]
    effort = segments.indexing.effort
    each = zip(segments.starts, segments.all, segments.held(conn, languages, allowed), strict=True)
    for number, (start, segment, held) in enumerate(each):
        looks: Sequence[Chosen | None] = [None] * len(languages)
        if segment.clusters and held is not None:
            scores = segment.clusters.centres(queries)
            tried = (effort or default_effort(segment.factory)) / scores.shape[1]
            looks = _chosen(scores, held, tried * len(segment.vids), _LEAST * wanted)
        for own, some, look in zip(found, passing, looks, strict=True):
            here, most = some[number], min(wanted, some[number].rows)
            if most and segment.clusters and look is not None:
                own.append(start + segment.clusters.probe(queries, most, here, look))
            elif most:
                own.append(start + segment.search(queries, most, here, effort)[1])
    return [list(np.concatenate(own, axis=1)) for own in found]


def _chosen(scores: Vectors, held: Held, looked_at: float, least: int) -> list[Chosen]:
    """Choose the clusters to look into for each language.

    Args:
        scores: (q, nlist) of the queries with all centres.
        held: (L, nlist)
        looked_at: rows that an unmerged search looks at.
        least: rows of a language that are to be looked at, where it has as many.
    """
    nlist, sizes = scores.shape[1], held.sum(axis=1)[:, None, None]
    part = _AS_WELL * looked_at / max(1, int(sizes.sum()))
    shares, least = sizes * part, np.minimum(sizes, least)
    width = math.ceil(_AT_FIRST * part * nlist)
    while True:
        nearest = _nearest(scores, width)
        inside = held.take(nearest, axis=1)  # (L, q, width)
        seen = inside.cumsum(axis=2, dtype=np.int32)
        useful = (inside > 0) & ((seen - inside < least) | (2 * seen - inside < 2 * shares))
        if width >= nlist or (seen[:, :, -1:] >= np.maximum(least, shares)).all():
            near = np.take_along_axis(scores, nearest, axis=1)
            return [_leading(near, nearest, some) for some in useful]
        width *= 4


def _nearest(scores: Vectors, width: int) -> Positions:
    """Number the clusters of the highest scores, (q, at most width), in their order."""
    if width >= scores.shape[1]:
        return np.argsort(-scores, axis=1)
    first = np.argpartition(-scores, width, axis=1)[:, :width]
    order = np.argsort(-np.take_along_axis(scores, first, axis=1), axis=1)
    return np.take_along_axis(first, order, axis=1)


def _leading(scores: Vectors, clusters: Positions, useful: NDArray[np.bool]) -> Chosen:
    """Cut off what lies beyond the last useful cluster of every query."""
    last = int(np.flatnonzero(useful.any(axis=0)).max(initial=-1)) + 1
    return Chosen(np.where(useful, clusters, -1)[:, :last], scores[:, :last])
