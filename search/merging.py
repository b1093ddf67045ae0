"""Merging the lists of the languages: one order of documents out of one list a language.

A score says how near a document is; where one language's scores are higher than another's
whatever the meaning, the lists have to be made comparable before they are merged. Every method
gives each document a key, and the documents are returned in the order of their keys. None of them
changes the order inside a language but CSLS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from indexer.errors import UsageError
from search.density import NEIGHBOURS, Crowding

MergingName = Literal["none", "standardise", "softmax", "round-robin", "quota", "csls"]
NAMES: tuple[MergingName, ...] = get_args(MergingName)

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
    """The scores of one query, a list for each language; one of them for unknown languages."""

    scores: Sequence[NDArray[np.float32]]
    """(n_l,) each, in any order, minus infinity for a document that is out of reach."""
    sizes: NDArray[np.int64]
    """(L,) documents of each language, listed or not; the query itself among them, since one
    document less would put its language behind all others of the same size."""
    own: int | None
    """The list in the query's language; None when it has none."""
    crowding: Sequence[Crowding] = ()
    """(n_l,) each, for CSLS: how near the documents are to texts in the query's language."""


def merge_keys(merging: Merging, lists: Lists) -> list[Keys]:
    """Give every document of every list its key, higher is earlier; those out of reach keep -inf.

    Args:
        merging: how.
        lists: of one query. To find the first k documents, lists of the ``max(k, HEAD)`` best of
            each language are enough for every method but CSLS, for which they are nearly so.
    """
    scores = [np.asarray(s, np.float64) for s in lists.scores]
    if merging.name == "standardise":
        keys = [_standardised(s) for s in scores]
    elif merging.name == "softmax":
        keys = _softmax(scores)
    elif merging.name in {"round-robin", "quota"}:
        keys = _in_turn(scores, _weights(merging, lists), merging.floor)
    elif merging.name == "csls":
        keys = _csls(scores, lists)
    else:
        return scores
    return [np.where(np.isneginf(s), s, key) for s, key in zip(scores, keys, strict=True)]


def _head(scores: Keys) -> Keys:
    """Take the HEAD best scores, in any order, those out of reach left out."""
    n = min(HEAD, len(scores))
    best = np.partition(scores, len(scores) - n)[len(scores) - n :]
    return best[np.isfinite(best)]


def _standardised(scores: Keys) -> Keys:
    head = _head(scores)
    if not len(head):
        return scores
    deviation = float(head.std())
    keys: Keys = (scores - head.mean()) / (deviation if deviation > _TIED else 1.0)
    return keys


_TIED = 1e-9
"""A deviation this small is that of equal scores."""


def _softmax(scores: Sequence[Keys]) -> list[Keys]:
    heads = [_head(s) for s in scores]
    spread = [float(head.var()) for head in heads if len(head) > 1]
    temperature = _TEMPERATURE * float(np.sqrt(np.mean(spread))) if spread else 0.0
    temperature = temperature if temperature > _TIED else 1.0
    return [
        (s - _log_sum(head / temperature) * temperature) / temperature if len(head) else s
        for s, head in zip(scores, heads, strict=True)
    ]


def _log_sum(values: Keys) -> float:
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))


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


def _in_turn(scores: Sequence[Keys], weights: Keys, floor: float | None) -> list[Keys]:
    """Let the r-th of a language with weight w have its turn at (r - 1/2) / w.

    The first k are then divided as Sainte-Laguë divides k seats. Equal turns go by score; a
    language without weight, and what lies below the floor, comes last, by score.
    """
    keys = []
    for s, weight in zip(scores, weights, strict=True):
        rank = np.empty(len(s))
        rank[np.argsort(-s, kind="stable")] = np.arange(1, len(s) + 1)
        late = np.full(len(s), weight <= 0) if floor is None else (s < floor) | (weight <= 0)
        turn = np.where(late, np.inf, (rank - 0.5) / max(weight, 1e-300))
        keys.append(turn)
    # Turns become whole numbers, so that the score decides among equal ones and nothing else.
    order = np.unique(np.round(np.concatenate([*keys, [np.inf]]), 9))
    return [
        -np.searchsorted(order, np.round(turn, 9)) + (s + 1) / 4
        for turn, s in zip(keys, scores, strict=True)
    ]


def _csls(scores: Sequence[Keys], lists: Lists) -> list[Keys]:
    keys = []
    for s, crowding in zip(scores, lists.crowding, strict=True):
        best = np.sort(_head(s))[-NEIGHBOURS:]
        around = float(best.mean()) if len(best) else 0.0
        keys.append(2 * s - around - crowding)
    return keys
