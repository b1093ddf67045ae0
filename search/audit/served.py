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
    lists = _Lists(exact, pool.known)
    width = min(len(pool), exact.neighbours.shape[1] + 1 + _most(questions, exact.query))
    done = 0
    try:
        for start in range(0, len(exact.query), _BLOCK):
            asked = exact.query[start : start + _BLOCK]
            languages = [pool.languages[code] for code in questions.language[asked].tolist()]
            drop = [own_text(pool, questions, query) for query in asked.tolist()]
            answers = ranked(
                state, questions.vectors[asked], languages, width, allowed, merging, drop
            )
            for row, (query, hits) in enumerate(zip(asked.tolist(), answers, strict=True), start):
                served = np.array([places[hit.document.id] for hit in hits], np.int64)
                lists.fill(row, served, questions.right[query])
            done = min(start + _BLOCK, len(exact.query))
            progress(done)
    except KeyboardInterrupt:
        if not done:
            raise
    return first_queries(exact, done), first_queries(lists.evidence(pool.language), done)


class _Lists:
    """The served lists, written row by row over what the exact search found.

    Args:
        exact: the exact evidence.
        known: documents of known language, which are the first of the pool.
    """

    def __init__(self, exact: Evidence, known: int) -> None:
        self._exact, self._known = exact, known
        self._neighbours = np.full_like(exact.neighbours, NOBODY)
        self._anyone = np.full_like(exact.neighbours, NOBODY)
        self._rank = exact.reach[exact.pair.query].copy()
        self._bounds = np.searchsorted(exact.pair.query, np.arange(len(exact.query) + 1))

    def fill(self, row: int, served: Ints, right: Ints) -> None:
        """Write what one query got: places of the pool in their order, some of them right."""
        strangers = served[~np.isin(served, right)]
        most = self._neighbours.shape[1]
        known = strangers[strangers < self._known][:most]
        self._neighbours[row, : len(known)] = known
        self._anyone[row, : len(strangers[:most])] = strangers[:most]
        pairs = slice(self._bounds[row], self._bounds[row + 1])
        self._rank[pairs] = _served_rank(served, right, self._rank[pairs])

    def evidence(self, language: Ints) -> Evidence:
        """Put the evidence together; ``language`` is that of each document of the pool."""
        near = self._neighbours
        return replace(
            self._exact,
            neighbours=near,
            neighbours_any=self._anyone,
            neighbour_language=np.where(near == NOBODY, NOBODY, language[near]),
            pair=replace(self._exact.pair, rank=self._rank),
        )


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
