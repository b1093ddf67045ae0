"""The bench on which every candidate answers the same questions."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from indexer.records import Vectors
from indexer.transforms import NONE, Statistics, Transform, fit_transform
from search.audit.aggregate import Aggregator
from search.audit.matched import meanings
from search.audit.pool import Pool
from search.audit.questions import Questions
from search.audit.scoring import gather
from search.debias.candidates import UNTOUCHED, Candidate
from search.debias.cost import Cost, measured
from search.debias.folds import Folds
from search.debias.judge import Judged, K, judge, own_neighbours, own_overlap
from search.debias.options import EvaluationOptions
from search.debias.result import Judgement
from search.measures.evidence import NOBODY, Evidence, Ints, Scores
from search.measures.measure import Measurement


class Bench:
    """What all candidates are judged on; the untouched index is judged when it is made."""

    def __init__(
        self,
        pool: Pool,
        questions: Questions,
        folds: Folds,
        options: EvaluationOptions,
        fitted_on: Statistics | None = None,
    ) -> None:
        """Judge the untouched index.

        Args:
            pool: the documents, their vectors raw.
            questions: who asks, their vectors raw.
            folds: the halves.
            options: how.
            fitted_on: other documents to fit on; each half of the pool's in turn when None.
        """
        self._pool, self._questions, self._folds = pool, questions, folds
        self._options = options
        self._spoken = _names(pool, pool.language.tolist())
        self._asked = _names(pool, questions.language.tolist())
        groups = meanings(pool, questions)
        self._groups = [None if g == NOBODY else str(g) for g in groups.tolist()]
        self._fitted: dict[str, tuple[list[tuple[Vectors, Vectors]], Cost, int]] = {}
        self._near = own_neighbours(pool, questions, pool.vectors, questions.vectors)
        self._aggregator = Aggregator(
            questions.language,
            questions.clusters,
            pool.languages,
            seed=options.seed,
            replicates=options.replicates,
        )
        self._statistics = (
            [self._gather_statistics(half) for half in (0, 1)]
            if fitted_on is None
            else [fitted_on] * 2
        )
        self._base = self._judge(UNTOUCHED)[0]

    @property
    def grouped(self) -> bool:
        """Whether both halves have translations to learn from."""
        return all(s.parallel.rows().groups for s in self._statistics)

    @property
    def guard_is_overlap(self) -> bool:
        """Whether the guard is the overlap of neighbours, for want of right documents."""
        return self._base.guard_is_overlap

    def judgement(self, candidate: Candidate) -> Judgement:
        """Fit, judge and compare with the untouched index."""
        found, milliseconds = self._judge(candidate)
        cost, size = (Cost(0.0, 0), 0)
        if candidate.method != NONE:
            _, cost, size = self._fitted[candidate.method]
        own, own_by = self._compare(found.own_language, self._base.own_language)
        target = self._options.target_share
        bias = (found.excess, self._base.excess)
        if target is not None:
            bias = (_distance(found.share, target), _distance(self._base.share, target))
        excess, by_language = self._aggregator.measure(found.excess)
        precision = found.average_precision
        return Judgement(
            candidate=candidate,
            excess=excess,
            share=self._aggregator.measure(found.share)[0],
            map=None if precision is None else self._aggregator.measure(precision)[0],
            own_language=self._aggregator.measure(found.own_language)[0],
            bias_change=self._compare(*bias)[0],
            own_change=own,
            own_change_by_language=own_by,
            excess_by_language=by_language,
            nearer=_size(bias[0]) < _size(bias[1]),
            passes_guard=self._guarded(own_by),
            fit_seconds=cost.seconds,
            fit_bytes=cost.peak,
            bytes=size,
            query_milliseconds=milliseconds,
        )

    def _judge(self, candidate: Candidate) -> tuple[Judged, float]:
        """Answer all questions, each with the method fitted on the other half."""
        parts: list[tuple[Ints, Judged]] = []
        seconds = 0.0
        for half, (vectors, asked) in enumerate(self._vectors(candidate.method)):
            rows = np.flatnonzero(self._folds.queries == half)
            some = _some(self._questions, rows, asked)
            pool = replace(self._pool, vectors=vectors)
            start = time.perf_counter()
            evidence = _ordered(gather(pool, some, K, merging=candidate.merging).evidence)
            seconds += time.perf_counter() - start
            near = own_neighbours(pool, some, vectors, some.vectors)
            sizes = np.diff(pool.starts)[some.language]
            overlap = own_overlap(self._near[rows], near, sizes)
            parts.append((rows, judge(evidence, some, overlap)))
        return _join(parts, len(self._questions)), 1000 * seconds / len(self._questions)

    def _vectors(self, method: str) -> list[tuple[Vectors, Vectors]]:
        """Documents and questions as a method makes them that was fitted without each half."""
        if method == NONE:
            return [(self._pool.vectors, self._questions.vectors)] * 2
        if method not in self._fitted:
            fits = [
                measured(partial(fit_transform, method, self._statistics[1 - half]))
                for half in (0, 1)
            ]
            made = [self._apply(transform) for transform, _ in fits]
            costs = [cost for _, cost in fits]
            cost = Cost(sum(c.seconds for c in costs) / 2, max(c.peak for c in costs))
            self._fitted.clear()  # the vectors of one method at a time
            self._fitted[method] = (made, cost, len(fits[0][0].to_bytes()))
        return self._fitted[method][0]

    def _apply(self, transform: Transform) -> tuple[Vectors, Vectors]:
        return (
            transform.apply(self._pool.vectors, self._spoken),
            transform.apply(self._questions.vectors, self._asked),
        )

    def _gather_statistics(self, half: int) -> Statistics:
        rows = np.flatnonzero(self._folds.documents == half)
        found = Statistics(self._pool.vectors.shape[1])
        found.add(
            self._pool.vectors[rows],
            [self._spoken[i] for i in rows],
            [self._groups[i] for i in rows],
        )
        return found

    def _compare(self, after: Scores, before: Scores) -> tuple[Measurement, dict[str, Measurement]]:
        """Measure the mean difference over the same queries, with its interval."""
        difference = after.values - before.values
        zero = np.where(np.isnan(difference), np.nan, 0.0)
        return self._aggregator.measure(Scores(difference, zero, after.needs))

    def _guarded(self, by_language: dict[str, Measurement]) -> bool:
        margin = self._options.margin
        if self.guard_is_overlap:
            margin = self._options.overlap_margin
        return all(m.value is None or m.value >= -margin for m in by_language.values())


def _names(pool: Pool, codes: Sequence[int]) -> list[str]:
    names = (*pool.languages, "und")
    return [names[code] for code in codes]


def _some(questions: Questions, rows: Ints, vectors: Vectors) -> Questions:
    """Keep some questions, with other vectors."""
    chosen = rows.tolist()
    return replace(
        questions,
        ids=tuple(questions.ids[i] for i in chosen),
        place=questions.place[rows],
        vectors=vectors[rows],
        language=questions.language[rows],
        uncertain=questions.uncertain[rows],
        clusters=tuple(questions.clusters[i] for i in chosen),
        itself=questions.itself[rows],
        duplicates=tuple(questions.duplicates[i] for i in chosen),
        right=tuple(questions.right[i] for i in chosen),
    )


def _ordered(evidence: Evidence) -> Evidence:
    assert (np.diff(evidence.query) > 0).all()
    return evidence


def _distance(share: Scores, target: float) -> Scores:
    return Scores(np.abs(share.values - target), np.abs(share.chance - target), share.needs)


def _size(scores: Scores) -> float:
    """How much bias there is in all: the mean distance, or the distance of the mean from 0."""
    return abs(float(np.nanmean(scores.values)))


def _join(parts: Sequence[tuple[Ints, Judged]], m: int) -> Judged:
    """Put the halves together in the order of the questions."""

    def join(scores: Sequence[Scores | None]) -> Scores:
        values, chance = np.full(m, np.nan), np.full(m, np.nan)
        needs = ""
        for (rows, _), part in zip(parts, scores, strict=True):
            assert part is not None
            values[rows], chance[rows], needs = part.values, part.chance, part.needs
        return Scores(values, chance, needs)

    halves = [judged for _, judged in parts]
    precise = all(j.average_precision is not None for j in halves)
    return Judged(
        excess=join([j.excess for j in halves]),
        share=join([j.share for j in halves]),
        average_precision=join([j.average_precision for j in halves]) if precise else None,
        own_language=join([j.own_language for j in halves]),
        guard_is_overlap=any(j.guard_is_overlap for j in halves),
    )
