"""Which measures an audit takes, and each one's values query by query."""

from collections.abc import Callable, Mapping, Sequence

from search.measures import alignment, neighbours, ranking
from search.measures.evidence import Evidence, Scores
from search.measures.measure import Measure
from search.measures.peer import peer as peer_p
from search.measures.peer import peer_effect

AT_K: Mapping[str, Callable[[Evidence, int], Scores]] = {
    "same_language": neighbours.same_language,
    "excess": neighbours.excess,
    "lift": neighbours.lift,
    "p_value": neighbours.p_value,
    "significant": neighbours.significant,
}
"""Measures of the k nearest for which languages are enough."""

MEANING_AT_K: Mapping[str, Callable[[Evidence, int], Scores]] = {
    "excess_matched": neighbours.excess_matched,
    "recall_other_language": ranking.recall_other_language,
    "recall_same_language": ranking.recall_same_language,
}
"""Measures of the k nearest that need to know what means the same."""

MEANING: Mapping[str, Callable[[Evidence], Scores]] = {
    "strong_auc": alignment.strong_auc,
    "strong_strict": alignment.strong_strict,
    "gap": alignment.gap,
    "map": ranking.average_precision,
    "rank_distance": ranking.rank_distance,
    "own_language_first": ranking.own_language_first,
}
"""Measures of the whole list that need to know what means the same."""


def score_queries(
    evidence: Evidence, ks: Sequence[int], *, meaning: bool, matched: bool
) -> dict[Measure, Scores]:
    """Take every measure of the nearest that the knowledge at hand allows, query by query.

    Args:
        evidence: what was gathered, exactly or as served.
        ks: numbers of neighbours.
        meaning: whether it is known which documents mean the same.
        matched: whether some meaning exists in every language.
    """
    chosen = dict(AT_K)
    if meaning:
        chosen |= {n: t for n, t in MEANING_AT_K.items() if matched or n != "excess_matched"}
    return {Measure(name, k): take(evidence, k) for name, take in chosen.items() for k in ks}


def score_rankings(evidence: Evidence, *, peer: bool, seed: int) -> dict[Measure, Scores]:
    """Take every measure of the whole, exact list; ``peer`` adds PEER, permuted by ``seed``."""
    found = {Measure(name): take(evidence) for name, take in MEANING.items()}
    found[Measure("weak_recall", 1)] = alignment.weak_recall(evidence, 1)
    if peer:
        found[Measure("peer")] = peer_p(evidence, seed)
        found[Measure("peer_effect")] = peer_effect(evidence)
    return found
