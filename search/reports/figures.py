"""Numbers of an audit as they stand in text: always with chance, interval and n beside them."""

from search.measures.measure import Measure, Measurement, Measurements

DASH = "-"
"""Stands for what is undefined."""

_NOTHING = 1e-9
"""Below this a number is the rounding of a sum that ought to be 0."""


def pick(found: Measurements, name: str, k: int | None = None) -> Measure | None:
    """Find a measure by name, at the number of neighbours nearest to ``k``; None without one."""
    named = [measure for measure in found if measure.name == name]
    return min(named, key=lambda m: (abs((m.k or 0) - (k or 0)), m.k or 0), default=None)


def figure(value: float | None) -> str:
    """Write a fraction with three decimals, a small one with two digits, None as a dash."""
    if value is None:
        return DASH
    if abs(value) < _NOTHING:
        return "0.000"
    return f"{value:.2g}" if abs(value) < 0.01 else f"{value:,.3f}"


def interval(found: Measurement) -> str:
    """Write the 95 % interval, or a dash."""
    if found.low is None or found.high is None:
        return DASH
    return f"{figure(found.low)} to {figure(found.high)}"


def beside(found: Measurement) -> str:
    """Write what belongs beside a value: chance, interval and n."""
    known = (
        f"chance {figure(found.chance)}" if found.chance is not None else "",
        "no interval" if found.low is None else f"95 % interval {interval(found)}",
        f"n {found.n:,}",
    )
    return ", ".join(part for part in known if part)


def stated(measure: Measure, found: Measurement) -> str:
    """Write a measure in full: ``excess@10 0.817 (chance 0.000, 95 % interval ..., n ...)``."""
    return f"{measure} {figure(found.value)} ({beside(found)})"


def p_value(p: float) -> str:
    """Write a probability under chance."""
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"
