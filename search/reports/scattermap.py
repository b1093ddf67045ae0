"""The two-dimensional map of the vectors, coloured by language or by meaning."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from indexer.nouns import counted
from search.audit.result import Audit, MapPoint, VectorMap
from search.reports.page import DASH, Cell, Table, corpus, number, text
from search.reports.palette import REST, SERIES, SYMBOLS, Shade
from search.reports.plots import (
    Figure,
    Layout,
    Plot,
    Trace,
    absent,
    axis,
    cut,
    hover,
    label,
    layout,
)

_LANGUAGES = len(SERIES) * len(SYMBOLS)
"""Languages that get a colour and a shape of their own."""

_GROUPS = 20
"""Meanings that get one; more cannot be told apart."""

_PRINTABLE = 60
"""Rows of the table that go on paper."""


def map_plot(audit: Audit) -> Plot:
    """Draw the documents where the map has them."""
    title = "Map of the vectors"
    found = audit.map2d
    if found is None or not found.points:
        return absent("map", title, "the audit made no map, or no vector could be placed")
    views = [("language", _figure(found, lambda p: p.lang, _LANGUAGES))]
    if any(point.group is not None for point in found.points):
        views.append(("meaning", _figure(found, lambda p: p.group, _GROUPS)))
    shares = " and ".join(f"{share:.1%}".replace("%", " %") for share in found.explained)
    reading = (
        f"{counted(len(found.points), 'document')} in two dimensions ({found.method}), which hold "
        f"{shares} "
        "of the variance; distances in all dimensions may differ. Where language rules, colours "
        "lie apart; where meaning rules, they mix, and translations lie together."
    )
    table = Table(
        "Documents on the map",
        ("id", "language", "meaning", "x", "y", "text"),
        tuple(_row(point) for point in found.points),
    )
    return Plot("map", title, reading, tuple(views), table, long=len(found.points) > _PRINTABLE)


def _figure(found: VectorMap, key: Callable[[MapPoint], str | None], most: int) -> Figure:
    """Draw one trace a name; the commonest names get a colour, the rest share a grey."""
    counts = Counter(name for point in found.points if (name := key(point)) is not None)
    named = sorted(sorted(counts), key=lambda name: -counts[name])[:most]
    members: dict[str | None, list[MapPoint]] = defaultdict(list)
    for point in found.points:
        name = key(point)
        members[name if name in named else None].append(point)
    # The grey goes first, so that it lies below.
    data = [
        _trace(f"others ({len(rest)})", rest, REST, "circle") for rest in [members[None]] if rest
    ]
    data += [
        _trace(cut(name), members[name], SERIES[at % len(SERIES)], SYMBOLS[at % len(SYMBOLS)])
        for at, name in enumerate(named)
    ]
    return Figure(tuple(data), _layout(found, len(data)), 320, tools=True)


def _trace(name: str, points: Sequence[MapPoint], shade: Shade, symbol: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": label(name),
        "x": [point.x for point in points],
        "y": [point.y for point in points],
        "marker": {"color": shade.pair(), "symbol": symbol, "size": 7, "opacity": 0.85},
        "hovertext": [_hover(point) for point in points],
        "hoverinfo": "text",
    }


def _hover(point: MapPoint) -> str:
    meaning = "no group" if point.group is None else f"group {point.group}"
    return hover((point.id, point.lang, meaning, point.text))


def _layout(found: VectorMap, names: int) -> Layout:
    drawn = layout(480 + 12 * names, legend=True)
    quiet = {"showticklabels": False, "fixedrange": False, "zeroline": False}
    first, second = (f"{share:.1%}".replace("%", " %") for share in found.explained)
    drawn |= {
        "margin": {**drawn["margin"], "r": 48},
        "xaxis": {**axis(f"first axis, {first} of the variance"), **quiet},
        "yaxis": {**axis(f"second axis, {second}"), **quiet, "scaleanchor": "x"},
    }
    return drawn


def _row(point: MapPoint) -> tuple[Cell, ...]:
    meaning = text(DASH if point.group is None else point.group)
    place = (number(point.x), number(point.y))
    return (text(point.id), text(point.lang), meaning, *place, Cell(corpus(point.text, point.lang)))
