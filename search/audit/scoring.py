"""From vectors to evidence: every query against every document, a block of queries at a time."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors
from search.audit.merged import Merger
from search.audit.pool import Pool
from search.audit.questions import Questions
from search.measures.evidence import NOBODY, Evidence, Flags, Ints, Pairs
from search.merging import NO_MERGING, Merging

BLOCK_BYTES = 1 << 30
"""Scores held at once: the more queries meet the documents together, the faster they multiply."""

_BLOCK = 512
"""Queries in a block at most: after each one there is news of progress."""

_STRETCH = 500
"""Scores of which only the highest is looked at first."""

_SORTED_FROM = 24
"""Right documents from which one sort is cheaper than a count for each."""

Row = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The evidence of an audit, and whether all queries were asked."""

    evidence: Evidence
    interrupted: bool


def gather(
    pool: Pool,
    questions: Questions,
    k: int,
    *,
    matched: Flags | None = None,
    merging: Merging = NO_MERGING,
    progress: Callable[[int], None] = lambda _done: None,
) -> Gathered:
    """Score all documents for all queries, exactly, and keep what the measures look at.

    Args:
        pool: N documents.
        questions: m queries.
        k: neighbours kept of each query.
        matched: (N,) documents whose meaning exists in every language; None to leave them out.
        merging: the order of documents is that of its keys, which take the place of scores.
        progress: called with the number of queries done.

    Returns:
        The evidence. An interrupt (Ctrl-C) ends it early with what is there.

    Raises:
        KeyboardInterrupt: before any query was done.
    """
    scorer = _Scorer(pool, questions, k, matched, merging)
    size = max(1, min(_BLOCK, BLOCK_BYTES // (4 * max(1, len(pool)))))
    parts: list[Evidence] = []
    interrupted = False
    try:
        with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            for start in range(0, len(questions), size):
                rows = range(start, min(start + size, len(questions)))
                parts.append(scorer.block(rows, threads))
                progress(rows.stop)
    except KeyboardInterrupt:
        if not parts:
            raise
        interrupted = True
    return Gathered(_join(parts), interrupted)


class _Scorer:
    """One query's row of scores after another, the same arrays for all."""

    def __init__(
        self,
        pool: Pool,
        questions: Questions,
        k: int,
        matched: Flags | None,
        merging: Merging,
    ) -> None:
        self._pool, self._questions, self._k = pool, questions, k
        self._merger = None if merging.name == "none" else Merger(pool, merging)
        self._count = len(pool.languages)
        sizes = np.diff(pool.starts)
        self._sizes = sizes
        self._filled = np.flatnonzero(sizes)
        self._unmatched = None if matched is None else np.flatnonzero(~matched[: pool.known])
        self._matched_sizes = (
            None
            if matched is None
            else np.bincount(
                pool.language[: pool.known][matched[: pool.known]], minlength=self._count
            )
        )
        self._matched = matched

    def block(self, rows: range, threads: Executor) -> Evidence:
        """Make the evidence of some queries; their order is kept."""
        scores = self._questions.vectors[rows.start : rows.stop] @ self._pool.vectors.T
        found = _Block(len(rows), self._k, self._count, self._matched is not None)
        found.query[:] = np.arange(rows.start, rows.stop)
        found.language[:] = self._questions.language[rows.start : rows.stop]
        step = -(-len(rows) // (os.cpu_count() or 1))
        work = [
            threads.submit(self._rows, scores, rows, range(at, min(at + step, len(rows))), found)
            for at in range(0, len(rows), step)
        ]
        for part in work:
            part.result()
        return found.evidence()

    def _rows(self, scores: Vectors, rows: range, some: range, found: "_Block") -> None:
        for row in some:
            self._row(scores[row], rows[row], row, found)

    def _row(self, scores: NDArray[np.float32], query: int, row: int, found: "_Block") -> None:
        pool, asked = self._pool, self._questions
        language, right = int(asked.language[query]), asked.right[query]
        itself = asked.itself[query : query + 1]
        out = np.concatenate([itself[itself != NOBODY], asked.duplicates[query]])
        scores[out] = -np.inf
        s: Row = scores
        if self._merger is not None:
            s = self._merger.keys(scores, language)
        near = s[right]
        found.reach[row] = len(s) - len(out)
        found.reach_language[row] = self._sizes - self._by_language(out)
        found.right[row] = self._by_language(right)
        found.strangers[row] = found.reach_language[row] - found.right[row]
        if len(right):
            ranks = _at_least(s, near)
        s[right] = -np.inf
        if len(right):
            self._pairs(s, near, ranks, right, language, row, found)
            self._nearest_right(s, near, right, row, found)
        known = s[: pool.known]
        places = nearest(known, pool.order, self._k)
        found.neighbours[row, : len(places)] = places
        found.neighbour_language[row, : len(places)] = pool.language[places]
        everyone = places if len(known) == len(s) else nearest(s, pool.order, self._k)
        found.neighbours_any[row, : len(everyone)] = everyone
        if self._matched is not None:
            self._matched_row(known, np.concatenate([out, right]), row, found)

    def _by_language(self, places: Ints) -> Ints:
        codes = self._pool.language[places]
        return np.bincount(codes[codes != NOBODY], minlength=self._count)

    def _pairs(
        self, s: Row, near: Row, ranks: Ints, right: Ints, language: int, row: int, found: "_Block"
    ) -> None:
        """Rank the right documents among all, and among the strangers of the query's language."""
        pool = self._pool
        own = np.sort(s[pool.starts[language] : pool.starts[language + 1]])
        gone = int(np.searchsorted(own, -np.inf, side="right"))
        below = np.searchsorted(own, near, side="left")
        found.pairs[row] = (
            np.full(len(right), row),
            pool.language[right],
            ranks,
            _at_least(near, near),
            np.maximum(below - gone, 0),
            np.searchsorted(own, near, side="right") - np.maximum(below, gone),
        )

    def _nearest_right(self, s: Row, near: Row, right: Ints, row: int, found: "_Block") -> None:
        """Hold the nearest right document of each language against the nearest wrong one."""
        pool = self._pool
        wrong = np.full(self._count, -np.inf, s.dtype)
        wrong[self._filled] = np.maximum.reduceat(s[: pool.known], pool.starts[self._filled])
        best = np.full(self._count, -np.inf, s.dtype)
        spoken = pool.language[right] != NOBODY
        np.maximum.at(best, pool.language[right][spoken], near[spoken])
        found.nearest_right[row] = np.where(np.isneginf(best), NOBODY, best > wrong)

    def _matched_row(self, known: Row, gone: Ints, row: int, found: "_Block") -> None:
        """Ask again among the documents whose meaning exists in every language."""
        assert self._matched is not None
        assert self._matched_sizes is not None
        known[self._unmatched] = -np.inf
        places = nearest(known, self._pool.order, self._k)
        found.matched_language[row, : len(places)] = self._pool.language[places]
        found.matched_strangers[row] = self._matched_sizes - self._by_language(
            gone[self._matched[gone]]
        )


class _Block:
    """The evidence of some queries while it is being gathered."""

    def __init__(self, m: int, k: int, languages: int, matched: bool) -> None:
        self.query, self.language, self.reach = (np.zeros(m, np.int64) for _ in range(3))
        self.neighbours, self.neighbours_any = (np.full((m, k), NOBODY, np.int64) for _ in "12")
        self.neighbour_language = np.full((m, k), NOBODY, np.int64)
        self.strangers, self.reach_language, self.right = (
            np.zeros((m, languages), np.int64) for _ in range(3)
        )
        self.nearest_right = np.full((m, languages), NOBODY, np.int64)
        self.pairs: dict[int, tuple[Ints, ...]] = {}
        self.is_matched = matched
        self.matched_language = np.full((m, k if matched else 0), NOBODY, np.int64)
        self.matched_strangers = np.zeros((m, languages), np.int64)

    def evidence(self) -> Evidence:
        rows = [self.pairs[row] for row in sorted(self.pairs)]
        columns = zip(*rows, strict=True) if rows else [[np.empty(0, np.int64)]] * 6
        pairs = [np.concatenate(column).astype(np.int64) for column in columns]
        return Evidence(
            query=self.query,
            language=self.language,
            neighbours=self.neighbours,
            neighbours_any=self.neighbours_any,
            neighbour_language=self.neighbour_language,
            strangers=self.strangers,
            reach=self.reach,
            reach_language=self.reach_language,
            nearest_right=self.nearest_right,
            right=self.right,
            pair=Pairs(*pairs),
            matched_language=self.matched_language if self.is_matched else None,
            matched_strangers=self.matched_strangers if self.is_matched else None,
        )


def _at_least(scores: Row, near: Row) -> Ints:
    """Count for each of ``near`` the scores at least as high."""
    if len(near) < _SORTED_FROM:
        return np.array([np.count_nonzero(scores >= one) for one in near], np.int64)
    return len(scores) - np.searchsorted(np.sort(scores), near, side="left")


def nearest(scores: Row, order: Ints, k: int) -> Ints:
    """Find the places of the k highest scores, highest first, minus infinity never.

    Args:
        scores: (N,)
        order: (N,) breaks ties, lowest first.
        k: how many.
    """
    k = min(k, len(scores))
    if k == 0:
        return np.empty(0, np.int64)
    # Any k of the scores bound the k-th highest from below; the highest of k stretches do it best.
    ends = _highest_of_stretches(scores) if len(scores) > _STRETCH * k else scores
    cut = np.partition(ends, len(ends) - k)[len(ends) - k]
    places = np.flatnonzero(scores >= cut if np.isfinite(cut) else np.isfinite(scores))
    return places[np.lexsort((order[places], -scores[places]))][:k]


def _highest_of_stretches(scores: Row) -> Row:
    """Find the highest of every _STRETCH scores."""
    return np.maximum.reduceat(scores, np.arange(0, len(scores), _STRETCH))


def _join(parts: Sequence[Evidence]) -> Evidence:
    """Put blocks together; pairs learn their new rows."""
    offsets = np.cumsum([0, *(len(p.query) for p in parts[:-1])])
    pair_columns = {
        f.name: np.concatenate([getattr(p.pair, f.name) for p in parts]) for f in fields(Pairs)
    }
    pair_columns["query"] = np.concatenate(
        [p.pair.query + offset for p, offset in zip(parts, offsets, strict=True)]
    )
    columns: dict[str, Any] = {
        f.name: None
        if getattr(parts[0], f.name) is None
        else np.concatenate([getattr(p, f.name) for p in parts])
        for f in fields(Evidence)
        if f.name != "pair"
    }
    return Evidence(pair=Pairs(**pair_columns), **columns)
