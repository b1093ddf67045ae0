"""How many of the nearest strangers share the query's language, against chance.

For a query of language l let h of its m nearest strangers (m = k, or all there are) be in l, out
of n strangers of which n_l are in l. By chance h is hypergeometric with mean m b, b = n_l / n.
Undefined where no other share is possible: none of the strangers, or all of them, are in l, or
all were returned.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from search.measures.evidence import NOBODY, Evidence, Flags, Floats, Ints, Scores, undefined_where

SIGNIFICANT = 0.05

_LIMIT = SIGNIFICANT * (1 + 1e-9)
"""A p of exactly 0.05 counts, whatever the last digits of its computation."""

_NEEDS = "neighbours that could be of its language and could be of another"


class Draw(NamedTuple):
    """What was drawn, (m,) each."""

    hits: Ints
    """h, neighbours of the query's language."""
    drawn: Ints
    """m"""
    same: Ints
    """n_l, strangers of the language."""
    total: Ints
    """n, strangers."""

    @property
    def undefined(self) -> Flags:
        """Whether no other share was possible."""
        return np.asarray(
            (self.drawn == 0)
            | (self.same == 0)
            | (self.same == self.total)
            | (self.drawn == self.total)
        )


def draw(evidence: Evidence, k: int) -> Draw:
    """Count the k nearest strangers."""
    return _draw(evidence.neighbour_language, evidence.strangers, evidence.language, k)


def same_language(evidence: Evidence, k: int) -> Scores:
    """SL@k = h / m in [0, 1]; chance b."""
    return _share(draw(evidence, k))


def excess(evidence: Evidence, k: int) -> Scores:
    """E@k = (h/m - b) / (M - b) with M = min(m, n_l)/m the largest share possible; chance 0.

    At most 1; below 0 for a query that avoids its language.
    """
    return _excess(draw(evidence, k))


def excess_matched(evidence: Evidence, k: int) -> Scores:
    """E@k among the strangers whose meaning exists in every language: topic-matched control.

    Where every document is matched already it is :func:`excess`.
    """
    if evidence.matched_language is None or evidence.matched_strangers is None:
        return excess(evidence, k)
    return _excess(
        _draw(evidence.matched_language, evidence.matched_strangers, evidence.language, k)
    )


def log_odds(share: Floats, chance: Floats, drawn: Floats) -> Floats:
    """Log-odds of neighbours in the query's language over the odds by chance; chance 0.

    ln((H + 1/2) / (D - H + 1/2)) - ln(b / (1 - b)) for H hits among the D neighbours of all
    queries of a language; the halves (Haldane 1956) keep 0 and D finite. Taken on languages, not
    on single queries, where the halves would outweigh the data.

    Args:
        share: H / D.
        chance: b.
        drawn: D.
    """
    hits = share * drawn
    with np.errstate(divide="ignore", invalid="ignore"):
        odds: Floats = np.log((hits + 0.5) / (drawn - hits + 0.5)) - np.log(chance / (1 - chance))
    return odds


def lift(evidence: Evidence, k: int) -> Scores:
    """SL@k / b, 0 and up; chance 1. Saturates for a majority language: at most 1/b."""
    d, share = draw(evidence, k), same_language(evidence, k)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = share.values / share.chance
    return undefined_where(d.undefined, ratio, np.ones(len(ratio)), _NEEDS)


def p_value(evidence: Evidence, k: int) -> Scores:
    """P[X >= h] for X hypergeometric, in (0, 1]: the exact p of each query.

    Chance is its exact expectation, which lies above 0.5 because the distribution is discrete.
    """
    d = draw(evidence, k)
    return undefined_where(d.undefined, _tails(d), _expectation(d, lambda tail: tail), _NEEDS)


def significant(evidence: Evidence, k: int) -> Scores:
    """Share of queries with p <= 0.05; chance is the exact probability of such a p.

    The test is discrete, so that probability is below 0.05, often far below.
    """
    d = draw(evidence, k)
    chance = _expectation(d, lambda tail: (tail <= _LIMIT).astype(np.float64))
    return undefined_where(d.undefined, (_tails(d) <= _LIMIT).astype(np.float64), chance, _NEEDS)


def _draw(neighbours: Ints, strangers: Ints, language: Ints, k: int) -> Draw:
    near = neighbours[:, :k]
    return Draw(
        hits=(near == language[:, None]).sum(axis=1),
        drawn=(near != NOBODY).sum(axis=1),
        same=np.take_along_axis(strangers, language[:, None], axis=1)[:, 0],
        total=strangers.sum(axis=1),
    )


def _share(d: Draw) -> Scores:
    with np.errstate(divide="ignore", invalid="ignore"):
        return undefined_where(d.undefined, d.hits / d.drawn, d.same / d.total, _NEEDS)


def _excess(d: Draw) -> Scores:
    share = _share(d)
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.minimum(d.drawn, d.same) / d.drawn
        values = (share.values - share.chance) / (largest - share.chance)
    return undefined_where(d.undefined, values, np.zeros(len(values)), _NEEDS)


def _tails(d: Draw) -> Floats:
    """(m,) P[X >= h], 1 where nothing was drawn; each distinct draw is worked out once."""
    from scipy.stats import hypergeom

    kinds, which = np.unique(np.stack(d, axis=1), axis=0, return_inverse=True)
    hits, drawn, same, total = kinds.T
    tails = np.asarray(hypergeom.sf(hits - 1, total, same, drawn), dtype=np.float64)
    return tails[which.reshape(-1)]


def _expectation(d: Draw, statistic: Callable[[Floats], Floats]) -> Floats:
    """(m,) expectation of a statistic of P[X >= h] if h is drawn by chance.

    Queries of one language mostly share their distribution, so each is worked out once.
    """
    from scipy.stats import hypergeom

    kinds, which = np.unique(np.stack(d[1:], axis=1), axis=0, return_inverse=True)
    means = np.empty(len(kinds))
    for row, (drawn, same, total) in enumerate(kinds.tolist()):
        hits = np.arange(drawn + 1)
        tails = statistic(hypergeom.sf(hits - 1, total, same, drawn))
        means[row] = (hypergeom.pmf(hits, total, same, drawn) * tails).sum()
    return means[which.reshape(-1)]
