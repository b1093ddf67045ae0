"""Merging the lists of the languages: one order of documents out of one list a language.

A score says how near a document is; where one language's scores are higher than another's
whatever the meaning, the lists have to be made comparable before they are merged. Every method
gives each document a key, and the documents are returned in the order of their keys. None of them
changes the order inside a language but CSLS.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray

from indexer.errors import UsageError
from search.density import NEIGHBOURS, Crowding

MergingName = Literal["none", "standardise", "softmax", "round-robin", "quota", "csls"]
NAMES: tuple[MergingName, ...] = get_args(MergingName)
DOES: Mapping[MergingName, str] = {
    "none": "by score",
    "standardise": "by score against the mean and spread of each language's best",
    "softmax": "by score against all of the best of its language",
    "round-robin": "languages take turns",
    "quota": "languages take turns by their share of the index",
    "csls": "by score, less how crowded the document's surroundings are",
}
"""Each in a few words."""

HEAD = 50
"""The best scores of a language from which its level and spread are taken."""

_TEMPERATURE = 0.7
"""Of the softmax, in units of the spread of the heads."""

Keys = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Merging:
    """How the lists of the languages become one.

    ``none``: by score. ``standardise``: by (score - mean) / deviation of the 50 best scores of
    the language. ``softmax``: by the logarithm of the softmax of the score among the 50 best of
    its language (inverted softmax, Smith et al. 2017, arXiv 1702.03859, a language for a
    dictionary); its temperature is 0.7 times the root mean square deviation of these heads.
    ``round-robin``: the best of every language, then the second best of every language, ….
    ``quota``: languages take turns by their share of the index (Sainte-Laguë), or of
    ``target_share``. ``csls``: by 2 s - r(query) - r(document), see :mod:`search.density`
    (Conneau et al. 2018, arXiv 1710.04087, equation 6).

    Raises:
        UsageError: an option that the method does not have, or out of range.
    """

    name: MergingName = "none"
    target_share: float | None = None
    """With ``quota``: share of the answers that are to be in the query's language, in [0, 1]."""
    floor: float | None = None
    """With ``round-robin`` and ``quota``: documents scored lower come after all others."""

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise UsageError(f"no merging {self.name!r}", f"take one of {', '.join(NAMES)}")
        if self.target_share is not None and self.name != "quota":
            raise UsageError(f"{self.name} has no target share", "take the merging quota")
        if self.target_share is not None and not 0 <= self.target_share <= 1:
            raise UsageError(f"a target share of {self.target_share}", "give one from 0 to 1")
        if self.floor is not None and self.name not in {"round-robin", "quota"}:
            raise UsageError(f"{self.name} has no floor", "take round-robin or quota")

    @property
    def takes_turns(self) -> bool:
        """Whether ranks decide, and not scores."""
        return self.name in {"round-robin", "quota"}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """Read what :meth:`to_json` wrote; nothing stands for ``none``."""
        return cls(**values)  # type: ignore[arg-type] # __post_init__ looks at them

    def to_json(self) -> dict[str, object]:
        """Give the values that say something; nothing for ``none``."""
        if self.name == "none":
            return {}
        return {key: value for key, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        share = "" if self.target_share is None else f" to {self.target_share:g}"
        floor = "" if self.floor is None else f" above {self.floor:g}"
        return f"{self.name}{share}{floor}"


NO_MERGING = Merging()


@dataclass(frozen=True, slots=True)
class Lists:
    """The scores of one query, the lists of L languages one after the other, n scores in all."""

    scores: NDArray[np.float32]
    """(n,) minus infinity for a document that is out of reach."""
    bounds: NDArray[np.int64]
    """(L + 1,) list l holds the scores bounds[l] to bounds[l + 1], in any order. One list is that
    of unknown languages."""
    sizes: NDArray[np.int64]
    """(L,) documents of each language, listed or not; the query itself among them, since one
    document less would put its language behind all others of the same size."""
    own: int | None
    """The list in the query's language; None when it has none."""
    crowding: Crowding | None = None
    """(n,) for CSLS: how near the documents are to texts in the query's language."""


def merge_keys(merging: Merging, lists: Lists) -> Keys:
    """Give every document its key, higher is earlier; those out of reach keep -inf.

    Args:
        merging: how.
        lists: of one query. To find the first k documents, lists of the :func:`depth` best of
            each language are enough for every method but CSLS, for which they are nearly so.

    Returns:
        (n,)
    """
    scores = lists.scores.astype(np.float64)
    if merging.name == "none" or not len(scores):
        return scores
    language = np.repeat(np.arange(len(lists.sizes)), np.diff(lists.bounds))
    if merging.takes_turns:
        keys = _in_turn(scores, lists, language, merging)
    else:
        slope, start = scales(merging, lists.scores, lists.bounds)
        keys = slope[language] * scores + start[language]
        keys -= 0 if lists.crowding is None else lists.crowding
    return np.where(np.isneginf(scores), scores, keys)


def scales(
    merging: Merging, scores: NDArray[np.float32], bounds: NDArray[np.int64]
) -> tuple[Keys, Keys]:
    """Say how a score becomes a key where no turns are taken: slope times score plus start.

    Args:
        merging: ``standardise``, ``softmax`` or ``csls``; for the last, crowding comes off.
        scores: of one query, see :class:`Lists`.
        bounds: (L + 1,)

    Returns:
        slope and start, (L,) each.
    """
    heads = _heads(scores.astype(np.float64), bounds)
    if merging.name == "csls":
        return np.full(len(heads), 2.0), -_moments(heads[:, HEAD - NEIGHBOURS :]).mean
    if merging.name == "softmax":
        temperature = _temperature(heads)
        return np.full(len(heads), 1 / temperature), -_log_sum(heads / temperature)
    found = _moments(heads)
    deviation = np.sqrt(found.variance)
    slope = 1 / np.where(deviation > _TIED, deviation, 1.0)
    return slope, -found.mean * slope


def depth(merging: Merging, k: int) -> int:
    """Say how many of the best of each language decide on the first ``k`` documents."""
    if merging.name == "none" or merging.takes_turns:
        return k
    # CSLS changes the order inside a language: it looks at twice as many documents.
    return max(k, HEAD) * (2 if merging.name == "csls" else 1)


def _heads(scores: Keys, bounds: NDArray[np.int64]) -> Keys:
    """Take the HEAD best scores of each list, (L, HEAD) ascending, filled up with -inf in front."""
    sizes = np.diff(bounds)
    width = max(int(sizes.max(initial=0)), HEAD)
    if width * len(sizes) > _SPARSE * len(scores) + _SPARSE * HEAD * len(sizes):
        return np.concatenate(
            [_heads(scores[a:b], np.array([0, b - a])) for a, b in pairwise(bounds)]
        )
    grid = np.full((len(sizes), width), -np.inf)
    grid[np.arange(width) < sizes[:, None]] = scores
    if width > 2 * HEAD:
        grid = np.partition(grid, width - HEAD, axis=1)[:, width - HEAD :]
    grid.sort(axis=1)
    return grid[:, grid.shape[1] - HEAD :]


_SPARSE = 4
"""Lists so much longer than the others are not put into one grid with them."""


class _Moments(NamedTuple):
    """What the numbers of each row of heads are like."""

    n: NDArray[np.int64]
    mean: Keys
    """0 of nothing."""
    variance: Keys
    """0 of nothing."""


def _moments(heads: Keys) -> _Moments:
    there = np.isfinite(heads)
    count = there.sum(axis=1)
    mean = np.where(there, heads, 0.0).sum(axis=1) / count.clip(min=1)
    around = np.where(there, heads - mean[:, None], 0.0)
    return _Moments(count, mean, (around**2).sum(axis=1) / count.clip(min=1))


_TIED = 1e-9
"""A deviation this small is that of equal scores."""


def _temperature(heads: Keys) -> float:
    found = _moments(heads)
    variance = found.variance[found.n > 1]
    temperature = _TEMPERATURE * float(np.sqrt(variance.mean())) if len(variance) else 0.0
    return temperature if temperature > _TIED else 1.0


def _log_sum(values: Keys) -> Keys:
    """Logarithm of the sum of the exponentials of each row; 0 of nothing."""
    top = np.where(np.isfinite(values[:, -1]), values[:, -1], 0.0)
    total: Keys = np.exp(values - top[:, None]).sum(axis=1)
    return top + np.log(np.where(total > 0, total, 1.0))


def _weights(merging: Merging, lists: Lists) -> Keys:
    """Say how often each language is to have its turn."""
    sizes = lists.sizes.astype(np.float64)
    if merging.name == "round-robin":
        return (sizes > 0).astype(np.float64)
    if merging.target_share is None or lists.own is None:
        return sizes
    weights = sizes.copy()
    weights[lists.own] = 0.0
    weights *= (1 - merging.target_share) / max(weights.sum(), 1.0)
    weights[lists.own] = merging.target_share
    return weights


def _in_turn(scores: Keys, lists: Lists, language: NDArray[np.int64], merging: Merging) -> Keys:
    """Let the r-th of a language with weight w have its turn at (r - 1/2) / w.

    The first k are then divided as Sainte-Laguë divides k seats; under a target share between the
    query's language and all others, whose turns say who of them is next. Equal turns go by score;
    a language without weight, and what lies below the floor, comes last, by score.
    """
    weight = _weights(merging, lists)[language]
    late = weight <= 0
    if merging.floor is not None:
        late |= scores < merging.floor
    turn: Keys = (_ranks(scores, lists.bounds, language) - 0.5) / np.maximum(weight, 1e-300)
    turn = np.where(late, np.inf, turn).round(9)
    if merging.target_share is not None and lists.own is not None:
        # All other languages are one party: each of many small ones would wait for longer.
        others = np.flatnonzero((language != lists.own) & ~late)
        ranked = others[np.lexsort((-scores[others], turn[others]))]
        places = np.arange(len(ranked)) + 0.5
        turn[ranked] = (places / max(1 - merging.target_share, 1e-300)).round(9)
    # Turns become whole numbers, so that the score decides among equal ones and nothing else.
    order = np.unique(np.append(turn, np.inf))
    return -np.searchsorted(order, turn) + (scores + 1) / 4


def _ranks(
    scores: Keys, bounds: NDArray[np.int64], language: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Rank of each score in its list, 1 is the best; earlier ones first among equals."""
    falling = scores[1:] <= scores[:-1]
    falling[bounds[1:-1][(bounds[1:-1] > 0) & (bounds[1:-1] < len(scores))] - 1] = True
    rank = np.arange(1, len(scores) + 1)
    if not falling.all():
        order = np.lexsort((-scores, language))
        rank[order] = rank.copy()
    return rank - bounds[language]
