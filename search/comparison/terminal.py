"""A comparison on a terminal: at most 100 columns."""

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.comparison.numbers import DASH, number, percent, signed
from search.comparison.result import Comparison, Difference, Outcome
from search.comparison.words import (
    by_noise_alone,
    caveats,
    differences_of_audits,
    paired_queries,
    sentence,
)
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure
from search.text import printable

_HEADLINE = ("excess", "strong_auc", "map")
"""Measures that are shown language by language, at the k of the audit's own headline."""

_STYLE: dict[Outcome, str] = {"better": "green", "worse": "bold red", "changed": "yellow"}
_LINE = 200
"""Characters at most of what differs: lists of languages can be long."""


def render_comparison(
    comparison: Comparison, a: str, b: str, *, every: bool = False
) -> RenderableType:
    """Draw a comparison.

    Args:
        comparison: of audit A and audit B.
        a: what the first audit is called.
        b: what the second is called.
        every: whether all its measures are shown language by language, not the headline alone.
    """
    ordered = _ordered(comparison)
    headline = ordered if every else [m for m in ordered if _is_headline(m, comparison)]
    overall = {str(m): comparison.measures[m].overall for m in ordered}
    said = [sentence(m, comparison.measures[m].overall, comparison.level) for m in headline]
    differing = list(differences_of_audits(comparison))
    return Group(
        Text(printable(f"A: {a}"), style="dim"),
        Text(printable(f"B: {b}"), style="dim"),
        Text(f"{paired_queries(comparison)}."),
        Text(),
        Text("What else differs", style="bold"),
        *_bullets(printable(line, _LINE) for line in differing),
        Text(),
        *_bullets(said),
        Text(),
        _table("measure", overall, comparison.level),
        *(part for measure in headline for part in _languages(comparison, measure)),
        Text(),
        *_bullets(_notes(comparison)),
    )


def _ordered(comparison: Comparison) -> list[Measure]:
    """Put the measures in the order of the catalogue, then those it does not know."""
    place = {name: i for i, name in enumerate(CATALOGUE)}
    return sorted(
        comparison.measures, key=lambda m: (place.get(m.name, len(place)), m.name, m.k or 0)
    )


def _is_headline(measure: Measure, comparison: Comparison) -> bool:
    return measure.name in _HEADLINE and measure.k in {None, comparison.headline_k}


def _languages(comparison: Comparison, measure: Measure) -> list[RenderableType]:
    rows = comparison.measures[measure].by_language
    if not rows:
        return []
    head = Text(f"{measure} by language of the query", style="bold")
    return [Text(), head, _table("language", rows, comparison.level)]


def _table(first: str, rows: Mapping[str, Difference], level: float) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column(first, max_width=26, no_wrap=True)
    for head in ("A", "B", "B - A", f"{percent(level)} interval", "p", "n"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name, row in rows.items():
        table.add_row(Text(printable(name, 26)), *_cells(row))
    return table


def _cells(row: Difference) -> Iterable[Text]:
    interval = DASH if row.low is None else f"{signed(row.low)} to {signed(row.high)}"
    for text in (number(row.a), number(row.b), signed(row.difference), interval, _p(row)):
        yield Text(text)
    yield Text(str(row.n))
    yield Text(row.outcome, style=_STYLE.get(row.outcome, "dim"))


def _p(row: Difference) -> str:
    if row.p_adjusted is None:
        return DASH
    return "<.001" if row.p_adjusted < 0.001 else f"{row.p_adjusted:.3f}"


def _notes(comparison: Comparison) -> Iterable[str]:
    yield from (f"mind: {each}" for each in caveats(comparison))
    yield by_noise_alone(comparison)
    correction = "Holm" if comparison.correction == "holm" else "Benjamini-Hochberg"
    flips = "all sign flips" if comparison.exact else f"{comparison.replicates} sign flips"
    yield (
        f"p: {flips} of whole clusters; those of languages corrected after {correction}; "
        f"intervals: {comparison.replicates} bootstrap samples of clusters, seed {comparison.seed}"
    )
    unpaired = [str(m) for m, found in comparison.measures.items() if not found.paired]
    if unpaired:
        yield f"compared value to value, without a test: {', '.join(unpaired)}"
    short = {
        str(m): found.overall for m, found in comparison.measures.items() if found.overall.left_out
    }
    if short:
        yield "queries without a value in A or B: " + ", ".join(
            f"{name} {row.left_out}" for name, row in short.items()
        )


def _bullets(lines: Iterable[str]) -> list[RenderableType]:
    shown = [Padding(Text(f"• {printable(line)}"), (0, 0, 0, 1)) for line in lines]
    return list(shown) or [Padding(Text("• nothing"), (0, 0, 0, 1))]
