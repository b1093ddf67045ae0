"""The rule by which a method is recommended, and the frontier of bias against meaning."""

from collections.abc import Sequence

from search.debias.result import Judgement


def choose(judgements: Sequence[Judgement], target_share: float | None) -> int | None:
    """Recommend one of those that pass, or None.

    A candidate passes when its bias falls significantly (the 95 % interval of the paired change
    lies below 0) and no language's own retrieval falls by more than the margin. Of these the one
    that finds most (mAP) is taken; where nothing is known of meanings, the least biased. With a
    target share, bias is the distance from it.
    """
    passing = [number for number, j in enumerate(judgements) if j.passes]
    return min(passing, key=lambda n: _order(judgements[n], target_share), default=None)


def frontier(judgements: Sequence[Judgement], target_share: float | None) -> tuple[int, ...]:
    """List those of which no other has both less bias and more meaning."""
    points = [(_bias(j, target_share), _meaning(j)) for j in judgements]
    return tuple(
        number
        for number, (bias, meaning) in enumerate(points)
        if not any(b <= bias and m >= meaning and (b, m) != (bias, meaning) for b, m in points)
    )


def _order(judgement: Judgement, target_share: float | None) -> tuple[float, float]:
    if judgement.map is None or judgement.map.value is None or target_share is not None:
        return _bias(judgement, target_share), -_meaning(judgement)
    return -judgement.map.value, _bias(judgement, None)


def _bias(judgement: Judgement, target_share: float | None) -> float:
    """How far it is from fair: an index that avoids the query's language is not fair, either."""
    if target_share is not None:
        return abs((judgement.share.value or 0.0) - target_share)
    return abs(judgement.excess.value or 0.0)


def _meaning(judgement: Judgement) -> float:
    found = judgement.map if judgement.map is not None else judgement.own_language
    return found.value or 0.0
