"""The audit of what is served: neighbours as the index itself hands them out."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from indexer.index import Snapshot
from indexer.records import Filter
from search.audit.pool import Pool
from search.audit.questions import Questions, own_text
from search.measures.evidence import (
    NOBODY,
    Evidence,
    Ints,
    Scores,
    first_queries,
    undefined_where,
)
from search.merging import Merging
from search.ranked import ranked

_BLOCK = 256


def served_evidence(
    state: Snapshot,
    pool: Pool,
    questions: Questions,
    exact: Evidence,
    allowed: Filter,
    merging: Merging,
    progress: Callable[[int], None],
) -> tuple[Evidence, Evidence]:
    """Replace the exact neighbours by the served ones.

    Strangers are those of the served list; a right document that is not served has the rank of
    the last document in reach. Enough is asked for that K strangers come back.

    Args:
        state: the index.
        pool: its documents.
        questions: who asked.
        exact: the exact evidence.
        allowed: documents that may be served.
        merging: how the lists of the languages are merged.
        progress: called with the number of queries done.

    Returns:
        The exact evidence and the served one, of the same queries: all, or those that were asked
        before an interrupt (Ctrl-C).

    Raises:
        KeyboardInterrupt: before any query was asked.
    """
    places = {id_: place for place, id_ in enumerate(pool.ids)}
    neighbours = np.full_like(exact.neighbours, NOBODY)
    anyone = np.full_like(exact.neighbours, NOBODY)
    rank = exact.reach[exact.pair.query].copy()
    bounds = np.searchsorted(exact.pair.query, np.arange(len(exact.query) + 1))
    wide = neighbours.shape[1] + 1 + _most(questions, exact.query)
    done = 0
    try:
        for start in range(0, len(exact.query), _BLOCK):
            asked = exact.query[start : start + _BLOCK]
            languages = [pool.languages[code] for code in questions.language[asked].tolist()]
            drop = [own_text(pool, questions, query) for query in asked.tolist()]
            width = min(wide, len(pool))
            answers = ranked(
                state, questions.vectors[asked], languages, width, allowed, merging, drop
            )
            for row, (query, hits) in enumerate(zip(asked.tolist(), answers, strict=True), start):
                served = np.array([places[hit.document.id] for hit in hits], np.int64)
                right = questions.right[query]
                strangers = served[~np.isin(served, right)]
                known = strangers[strangers < pool.known][: neighbours.shape[1]]
                neighbours[row, : len(known)] = known
                some = strangers[: neighbours.shape[1]]
                anyone[row, : len(some)] = some
                pairs = slice(bounds[row], bounds[row + 1])
                rank[pairs] = _served_rank(served, right, rank[pairs])
            done = min(start + _BLOCK, len(exact.query))
            progress(done)
    except KeyboardInterrupt:
        if not done:
            raise
    found = replace(
        exact,
        neighbours=neighbours,
        neighbours_any=anyone,
        neighbour_language=np.where(neighbours == NOBODY, NOBODY, pool.language[neighbours]),
        pair=replace(exact.pair, rank=rank),
    )
    return first_queries(exact, done), first_queries(found, done)


def served_recall(exact: Evidence, served: Evidence, k: int) -> Scores:
    """Share of the k exactly nearest strangers that are served among the k nearest.

    1 for an exact index. Approximate search that loses the neighbours of one language more than
    those of another is a language bias of its own. Chance: k / strangers.
    """
    true, found = exact.neighbours[:, :k], served.neighbours[:, :k]
    hits = ((true[:, :, None] == found[:, None, :]) & (true != NOBODY)[:, :, None]).any(axis=2)
    count = (true != NOBODY).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = hits.sum(axis=1) / count
        chance = count / exact.strangers.sum(axis=1)
    return undefined_where(count == 0, values, chance, "neighbours")


def _most(questions: Questions, asked: Ints) -> int:
    """Most documents of one query that are no strangers."""
    return max(
        (len(questions.duplicates[q]) + len(questions.right[q]) for q in asked.tolist()), default=0
    )


def _served_rank(served: Ints, right: Ints, last: Ints) -> Ints:
    """Rank of each right document in the served list; ``last`` for those not in it."""
    where = {place: number for number, place in enumerate(served.tolist(), start=1)}
    return np.array(
        [where.get(place, end) for place, end in zip(right.tolist(), last.tolist(), strict=True)],
        np.int64,
    )
