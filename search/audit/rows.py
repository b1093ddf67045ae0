"""What the text reports show of an audit, in which order, and how a cell is written."""

from search.audit.figures import DASH
from search.audit.result import Audit
from search.measures.measure import Measure, Measurement

HEADLINE = (
    "same_language", "excess", "lift", "excess_matched", "strong_auc", "strong_strict",
    "weak_recall", "gap", "map", "rank_distance", "recall_other_language",
    "recall_same_language", "own_language_first", "served_recall", "language_variance",
    "meaning_variance", "language_probe", "cosine_gap", "hub_skew", "truncated",
)  # fmt: skip
"""Measures of the first table, in its order; the others stand in the full one."""


def number(value: float | None, digits: int = 3) -> str:
    """Print a value; a dash where it is undefined, no minus before zero."""
    if value is None:
        return DASH
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def interval(found: Measurement) -> str:
    """Print the 95 % interval; a dash where there is none."""
    if found.low is None or found.high is None:
        return DASH
    return f"{number(found.low)}–{number(found.high)}"


def headline(audit: Audit) -> list[Measure]:
    """List the measures of the first table: those at k neighbours at the k of the matrix."""
    k = audit.matrix.k
    wanted = [
        measure
        for name in HEADLINE
        for measure in (Measure(name, k), Measure(name), Measure(name, 1))
    ]
    found: dict[str, Measure] = {}
    for measure in wanted:
        if measure in audit.overall:
            found.setdefault(measure.name, measure)
    return list(found.values())


def all_measures(audit: Audit) -> list[Measure]:
    """List all measures: the headline's names first, then the others, each k in order."""
    place = {name: i for i, name in enumerate(HEADLINE)}
    return sorted(audit.overall, key=lambda m: (place.get(m.name, len(place)), m.name, m.k or 0))


def observed_over_expected(audit: Audit, asked: str, found: str) -> float | None:
    """How many times as often as by chance a language is among the neighbours of another."""
    expected = audit.matrix.expected.get(asked, {}).get(found)
    observed = audit.matrix.observed.get(asked, {}).get(found)
    if observed is None or not expected:
        return None
    return observed / expected
