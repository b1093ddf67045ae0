"""When a limit is kept, when it is broken, and when nobody can tell."""

from search.comparison.numbers import p_text, percent, signed
from search.comparison.result import Difference
from search.gate.finding import Status
from search.measures.measure import Measurement

_ROUNDING = 1e-9
"""What is beyond a limit by less is on it: 0.62 - 0.6 is not more than 0.02."""


def value_status(found: Measurement, limit: str, allowed: float, few: int) -> tuple[Status, str]:
    """Judge a value: fail when its whole interval is beyond, doubt when the value alone is.

    Args:
        found: value and interval.
        limit: ``max_value`` or ``min_value``.
        allowed: the limit.
        few: below so many queries nothing is said.

    Returns:
        The status and why.
    """
    if found.value is None:
        return "inconclusive", found.reason or "undefined"
    if found.n < few:
        return "inconclusive", _too_few(found.n, few)
    sign = 1 if limit == "max_value" else -1
    edge = allowed * sign + _ROUNDING
    if found.value * sign <= edge:
        return "pass", "within the limit"
    if found.low is None or found.high is None:
        return "inconclusive", f"beyond the limit, but without an interval: {found.reason}"
    if min(found.low * sign, found.high * sign) > edge:
        return "fail", "beyond the limit, with its whole 95 % interval"
    return "inconclusive", "beyond the limit, but its 95 % interval reaches back within"


def change_status(
    found: Difference, limit: str, allowed: float, few: int, alpha: float
) -> tuple[Status, str]:
    """Judge a change: fail when too much and no noise, pass when too much can be excluded.

    Args:
        found: the change.
        limit: ``max_increase`` or ``max_decrease``.
        allowed: the limit, 0 or more.
        few: below so many queries nothing is said.
        alpha: a p of at most this is no noise; ``found`` holds the interval of level 1 - alpha.

    Returns:
        The status and why.
    """
    if found.n < few and found.difference is not None:
        return "inconclusive", _too_few(found.n, few)
    if None in {found.difference, found.low, found.high, found.p_adjusted}:
        return "inconclusive", found.reason or "undefined"
    return _judge_change(found, limit, allowed, alpha)


def _judge_change(
    found: Difference, limit: str, allowed: float, alpha: float
) -> tuple[Status, str]:
    assert found.difference is not None
    assert found.low is not None
    assert found.high is not None
    assert found.p_adjusted is not None
    up = limit == "max_increase"
    worse, most = (found.difference, found.high) if up else (-found.difference, -found.low)
    if worse > allowed + _ROUNDING and found.p_adjusted <= alpha:
        return "fail", f"worse by more than allowed, and no noise ({p_text(found.p_adjusted)})"
    if most <= allowed + _ROUNDING:
        return "pass", "no worsening beyond what is allowed"
    if worse > allowed + _ROUNDING:
        return "inconclusive", (
            f"worse by more than allowed, but it may be noise ({p_text(found.p_adjusted)})"
        )
    return "inconclusive", (
        f"a change of {signed(most if up else -most)}, within the {percent(1 - alpha)} interval, "
        "would be too much"
    )


def _too_few(n: int, few: int) -> str:
    return f"too little data: n = {n}, fewer than min_queries = {few}"
