"""What every plot of the report has in common: a figure, its reading, the same numbers in a table.

Figures are plain dictionaries as plotly's JavaScript takes them, with a pair of colours wherever
one depends on the reader's scheme; nothing here imports plotly.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.audit.result import Audit
from search.measures.measure import Measure, Measurement
from search.reports.page import Table
from search.reports.palette import GRID, INK, PAPER, QUIET
from search.text import printable

Layout = dict[str, Any]
Trace = dict[str, Any]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
CLEAR = "rgba(0,0,0,0)"

_WRAP = 48
"""Characters of a line in a hover label."""


_ISOLATE, _END = "\u2068", "\u2069"
"""An SVG text has no dir="auto"; these characters are its counterpart."""

_NAME = 18
"""Characters of a name beside an axis or in a legend."""

_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One drawing."""

    data: Sequence[Trace]
    layout: Layout
    min_width: int
    """Pixels below which it scrolls instead of shrinking."""
    max_width: int = 960
    tools: bool = False
    """Whether a reader can zoom into it."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot of the report; without figures it is the reason why there are none."""

    key: str
    title: str
    reading: str
    """How to read it."""
    figures: tuple[tuple[str, Figure], ...]
    """Views by the name of the switch that shows them; the first is shown at first."""
    table: Table | None
    reason: str | None = None
    long: bool = False
    """Whether the table is too long for paper."""


def absent(key: str, title: str, reason: str) -> Plot:
    """Make a plot that there is no data for."""
    return Plot(key, title, "", (), None, reason)


def label(raw: str) -> str:
    """Write corpus text so that plotly shows it and reads no markup in it.

    Plotly takes ``<b>``, ``<a href>`` and the like in every text as markup, ``$x$`` as TeX, and
    resolves character references once: what all of these begin with is therefore referred to.
    """
    return "".join(_REFERENCES.get(character, character) for character in printable(raw))


def cut(name: str) -> str:
    """Shorten a name that a plot has no room for; hover labels and tables have it whole."""
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def hover(lines: Sequence[str]) -> str:
    """Write the lines of a hover label, long ones broken, each in the direction of its script."""
    broken = (part for line in lines for part in textwrap.wrap(printable(line), _WRAP))
    return "<br>".join(f"{_ISOLATE}{label(part)}{_END}" for part in broken)


def pick(audit: Audit, name: str, k: int | None = None) -> Measure | None:
    """Find a measure of the audit by name, at the k nearest to the one wanted.

    Args:
        audit: where to look.
        name: as in the catalogue.
        k: wanted number of neighbours; that of the matrix when None.

    Returns:
        The measure, or None when the audit has it at no k.
    """
    wanted = audit.matrix.k if k is None else k
    everywhere = {*audit.overall, *(m for found in audit.by_language.values() for m in found)}
    found = [measure for measure in everywhere if measure.name == name]
    return min(found, key=lambda m: (abs((m.k or 0) - wanted), m.k or 0), default=None)


def why_not(audit: Audit, name: str) -> str:
    """Say why an audit holds nothing of a measure."""
    for missing, needs in audit.not_measured.items():
        if missing.partition("@")[0] == name:
            return f"{missing} was not measured: {needs}"
    for measure, found in audit.overall.items():
        if measure.name == name and found.reason:
            return f"{measure} is undefined: {found.reason}"
    return f"{name} is not in this audit"


def spoken(measurement: Measurement) -> str:
    """Write a measurement in one line: value, interval, chance, n, or the reason."""
    if measurement.value is None:
        return f"undefined: {measurement.reason or 'no reason given'}"
    interval, chance = "no interval", "unknown"
    if measurement.low is not None and measurement.high is not None:
        interval = f"{measurement.low:.3f} to {measurement.high:.3f}"
    if measurement.chance is not None:
        chance = f"{measurement.chance:.3f}"
    why = f" ({measurement.reason})" if measurement.reason else ""
    return f"{measurement.value:.3f} ({interval}), chance {chance}, n = {measurement.n:,}{why}"


def layout(height: int, *, legend: bool = False) -> Layout:
    """Start a layout: the page shows through, nothing moves, text is in the page's ink."""
    return {
        "height": height,
        "autosize": False,
        "font": {"family": FONT, "size": 13, "color": INK.pair()},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {"l": 12, "r": 16, "t": 16, "b": 12},
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": PAPER.pair(),
            "bordercolor": QUIET.pair(),
            "font": {"family": FONT, "size": 13, "color": INK.pair()},
            "align": "left",
        },
        "modebar": {
            "orientation": "v",
            "bgcolor": CLEAR,
            "color": QUIET.pair(),
            "activecolor": INK.pair(),
        },
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.01,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
            "bgcolor": CLEAR,
        },
    }


def axis(title: str) -> dict[str, Any]:
    """Start an axis that stays where it is."""
    return {
        "title": {"text": label(title), "standoff": 10, "font": {"size": 13}},
        "automargin": True,
        "fixedrange": True,
        "gridcolor": GRID.pair(),
        "linecolor": GRID.pair(),
        "zerolinecolor": QUIET.pair(),
        "zerolinewidth": 1,
    }


def named(title: str, names: Sequence[str], *, downwards: bool) -> dict[str, Any]:
    """Start an axis on which the i-th name stands at i.

    Numbers with names, not categories: marks can stand between them, two names that look alike
    when shortened stay two, and none is read as a date.
    """
    span = [-0.5, len(names) - 0.5]
    return {
        **axis(title),
        "range": span[::-1] if downwards else span,
        "tickvals": list(range(len(names))),
        "ticktext": [label(cut(name)) for name in names],
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
    }
