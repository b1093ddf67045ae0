"""How hard an approximate index has to try, and which languages lose what it misses.

Documents of every language ask for their nearest neighbours, once of the exact search and then of
the approximate one, with more and more effort, until the share of the exact neighbours that is
found reaches what is wanted. Whatever one language loses more than another is a language bias of
its own, which no encoder is to blame for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import UsageError
from indexer.index import IndexReader, IndexWriter, Snapshot
from indexer.records import UNKNOWN_LANGUAGE, Vectors
from search.measures.measure import Measurement

_REPLICATES = 2000
_REFINE = (1, 2, 4, 10, 30, 100)
_LARGEST_WALK = 4096


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was found."""

    effort: int | None
    """Clusters looked into, or candidates of the walk; None where everything is looked at."""
    refine: int | None
    """Candidates for each neighbour that are scored exactly; None where FAISS holds the vectors."""
    k: int
    wanted: float
    overall: Measurement
    """Recall, the mean over languages."""
    by_language: Mapping[str, Measurement]
    spread: Measurement
    """Best language less worst; chance: what it would be if languages had no part in it."""
    spread_p: float
    """Probability of such a spread by chance."""

    @property
    def reached(self) -> bool:
        """Whether the recall is what was wanted."""
        return self.overall.value is not None and self.overall.value >= self.wanted

    @property
    def losing(self) -> tuple[str, ...]:
        """Languages whose interval lies below the mean of all, where the spread is no chance."""
        mean = self.overall.value or 0.0
        if self.spread_p >= 0.05:
            return ()
        return tuple(
            lang for lang, m in self.by_language.items() if m.high is not None and m.high < mean
        )


def tune(
    path: Path,
    *,
    recall: float = 0.95,
    k: int = 10,
    sample: int = 1000,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Tuning:
    """Find the least effort that reaches a recall, and save it in the index.

    Args:
        path: the index directory.
        recall: share of the exact neighbours that is to be found, in (0, 1].
        k: neighbours asked for.
        sample: queries, evenly by language.
        seed: of the resampling.
        progress: called with the number of searches of the sample that are done.

    Raises:
        UsageError: the index is exact, or an argument cannot be meant.
        LockedError: another process writes to it.
    """
    if not 0 < recall <= 1 or k < 1 or sample < 1:
        raise UsageError(f"recall {recall}, k {k}, sample {sample}", "give a recall up to 1")
    with IndexWriter.open(path) as writer, IndexReader.open(path) as reader:
        with reader.snapshot() as state:
            if state.segments.exact:
                raise UsageError(
                    f"{path}: this index is exact, so that there is nothing to tune",
                    "make it another kind with `interlingua reindex --index-kind ivf`",
                )
            found = _Trial(state, k, sample, seed, progress).least(recall)
        writer.ask_for(
            replace(writer.indexing, effort=found.effort, refine=found.refine, tuned=_record(found))
        )
    return found


class _Trial:
    """A sample of queries with their exact neighbours."""

    def __init__(
        self, state: Snapshot, k: int, sample: int, seed: int, progress: Callable[[int], None]
    ) -> None:
        self._state, self._k, self._seed, self._progress = state, k, seed, progress
        self._done = 0
        counts = state.language_counts()
        self._documents = sum(counts.values())
        names = [name for name in counts if name != UNKNOWN_LANGUAGE] or list(counts)
        each = max(1, sample // max(1, len(names)))
        drawn = [state.sample(name, each) for name in names]
        self._names = names
        self._language = np.repeat(np.arange(len(names)), [len(vids) for vids in drawn])
        self._vids = np.concatenate([np.empty(0, np.int64), *drawn])
        self._vectors: Vectors = state.searched_vectors(self._vids)
        self._truth = self._ask(None, None, exact=True)

    def least(self, wanted: float) -> Tuning:
        """Find the least that reaches a recall, or else the most that can be done."""
        refine = None
        if not self._state.segments.raw:
            refine = _least(_REFINE, lambda n: self._mean(self._most, n) >= wanted)
        effort = None
        if self._efforts:
            effort = _least(self._efforts, lambda n: self._mean(n, refine) >= wanted)
        return self._measured(effort, refine, wanted)

    @property
    def _efforts(self) -> tuple[int, ...]:
        """Efforts that may be tried, ascending."""
        segments = self._state.segments
        return () if segments.kind == "flat" else _ladder(segments.most_effort or _LARGEST_WALK)

    @property
    def _most(self) -> int | None:
        return self._efforts[-1] if self._efforts else None

    def _ask(
        self, effort: int | None, refine: int | None, exact: bool = False
    ) -> list[NDArray[np.int64]]:
        """Find the neighbours of all queries, themselves left out."""
        found = self._state.neighbours(
            self._vectors, self._k + 1, exact=exact, effort=effort, refine=refine
        )
        self._done += 1
        self._progress(self._done)
        return [f.vids[f.vids != own][: self._k] for f, own in zip(found, self._vids, strict=True)]

    def _recalls(self, effort: int | None, refine: int | None) -> NDArray[np.float64]:
        found = self._ask(effort, refine)
        return np.array(
            [
                np.isin(true, some).mean() if len(true) else 1.0
                for true, some in zip(self._truth, found, strict=True)
            ]
        )

    def _mean(self, effort: int | None, refine: int | None) -> float:
        """Mean over languages of the mean recall of their queries."""
        return float(self._means(self._recalls(effort, refine)[None])[0].mean())

    def _means(self, recalls: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean recall by language: (r, q) to (r, L)."""
        parts = [recalls[:, self._language == code] for code in range(len(self._names))]
        return np.stack([part.mean(axis=1) for part in parts], axis=1)

    def _measured(self, effort: int | None, refine: int | None, wanted: float) -> Tuning:
        """Measure what was chosen, with intervals over the queries of each language."""
        recalls = self._recalls(effort, refine)
        rng = np.random.default_rng(self._seed)
        again = np.empty((_REPLICATES, len(recalls)))
        for code in range(len(self._names)):
            mine = np.flatnonzero(self._language == code)
            again[:, mine] = recalls[mine[rng.integers(0, len(mine), (_REPLICATES, len(mine)))]]
        drawn, means = self._means(again), self._means(recalls[None])[0]
        chance = min(1.0, self._k / max(1, self._documents - 1))
        counts = np.bincount(self._language, minlength=len(self._names)).tolist()
        shuffled = self._means(rng.permuted(np.tile(recalls, (_REPLICATES, 1)), axis=1))
        spread = float(np.ptp(means))
        by_chance = np.ptp(shuffled, axis=1)
        return Tuning(
            effort=effort,
            refine=refine,
            k=self._k,
            wanted=wanted,
            overall=_measurement(float(means.mean()), chance, drawn.mean(axis=1), len(recalls)),
            by_language={
                name: _measurement(float(means[code]), chance, drawn[:, code], counts[code])
                for code, name in enumerate(self._names)
            },
            spread=_measurement(
                spread, float(by_chance.mean()), np.ptp(drawn, axis=1), len(recalls)
            ),
            spread_p=float((1 + (by_chance >= spread - 1e-12).sum()) / (1 + _REPLICATES)),
        )


def _measurement(value: float, chance: float, drawn: NDArray[np.float64], n: int) -> Measurement:
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Measurement(value, chance, low, high, n)


def _least(choices: tuple[int, ...], enough: Callable[[int], bool]) -> int:
    """Find the first choice that is enough, by halving; the last one when none is."""
    low, high = 0, len(choices) - 1
    while low < high:
        middle = (low + high) // 2
        if enough(choices[middle]):
            high = middle
        else:
            low = middle + 1
    return choices[low]


def _ladder(most: int) -> tuple[int, ...]:
    """Whole numbers to ``most``, each about a tenth above the one before."""
    steps = [1]
    while steps[-1] < most:
        steps.append(min(most, max(steps[-1] + 1, steps[-1] * 11 // 10)))
    return tuple(steps)


def _record(found: Tuning) -> dict[str, object]:
    """What the index keeps of it."""
    return {
        "recall": found.overall.value,
        "wanted": found.wanted,
        "k": found.k,
        "queries": found.overall.n,
        "by_language": {lang: m.value for lang, m in found.by_language.items()},
    }
