"""The two heatmaps: neighbours by language against chance, and what one answer is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from search.audit.result import Audit
from search.reports.page import DASH, Cell, Table, decimal, escape, number, text
from search.reports.palette import DIVERGING, INK, SEQUENTIAL, Shade, on, scale
from search.reports.plots import Figure, Plot, Trace, absent, hover, layout, named, why_not

_FARTHEST = 4.0
"""Log2 beyond which a colour grows no stronger: 16 times chance."""

_CELL = 36
"""Height and least width of a cell in pixels."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """One cell of a heatmap."""

    colour: float | None
    """On the colour axis; None leaves the cell empty."""
    shown: str
    hover: str


@dataclass(frozen=True, slots=True)
class _Axis:
    """How a number becomes a colour, and how the bar beside it is written."""

    title: str
    stops: tuple[Shade, ...]
    low: float
    high: float
    ticks: Sequence[float]
    names: Sequence[str]


def matrix_plot(audit: Audit) -> Plot:
    """Draw observed over expected, language by language, on a scale of doublings."""
    title = "Who finds whom"
    observed, expected = audit.matrix.observed, audit.matrix.expected
    rows = sorted({*observed, *expected})
    columns = sorted(
        {code for table in (observed, expected) for row in table.values() for code in row}
    )
    if not rows or not columns:
        return absent("matrix", title, "no query of a known language has a neighbour to count")
    shares = [
        [(observed.get(r, {}).get(c), expected.get(r, {}).get(c)) for c in columns] for r in rows
    ]
    ratios = [[_ratio(*pair) for pair in row] for row in shares]
    logs = [abs(math.log2(ratio)) for row in ratios for ratio in row if ratio]
    reach = min(max([1.0, *logs]), _FARTHEST)
    tiles = [
        [_share_tile(r, c, *pair, reach) for c, pair in zip(columns, row, strict=True)]
        for r, row in zip(rows, shares, strict=True)
    ]
    ticks = range(-math.floor(reach), math.floor(reach) + 1)
    colours = _Axis(
        "observed / expected",
        DIVERGING,
        -reach,
        reach,
        ticks,
        [f"1/{2**-t}" if t < 0 else f"{2**t}" for t in ticks],
    )
    figure = _heatmap(rows, columns, tiles, colours, ("queries", "neighbours"))
    reading = (
        f"How many of the {audit.matrix.k} nearest neighbours are in each language (columns) when "
        "a query of each language asks (rows), over how many chance would put there: 1 is chance, "
        "2 twice as many. A fair index shows 1 everywhere; a diagonal of high numbers is bias."
    )
    return Plot("matrix", title, reading, (("", figure),), _share_table(rows, columns, shares))


def leave_one_out_plot(audit: Audit) -> Plot:
    """Draw the fall of the mean average precision when the answer in one language is gone."""
    title = "What one answer is worth"
    found = audit.leave_one_out
    if not found:
        return absent("leave-one-out", title, why_not(audit, "map"))
    rows = sorted(found)
    columns = sorted({code for row in found.values() for code in row})
    values = [[found[r].get(c) for c in columns] for r in rows]
    reach = max([v for row in values for v in row if v is not None], default=0.0)
    reach = reach if reach > 0 else 1.0
    digits = max(2, 1 - math.floor(math.log10(reach)))
    tiles = [
        [_fall_tile(r, c, v, reach, digits) for c, v in zip(columns, row, strict=True)]
        for r, row in zip(rows, values, strict=True)
    ]
    ticks = [0.0, reach / 2, reach]
    names = [_rounded(tick, digits) for tick in ticks]
    colours = _Axis("fall of mAP", SEQUENTIAL, 0.0, reach, ticks, names)
    figure = _heatmap(rows, columns, tiles, colours, ("queries", "answer taken away"))
    reading = (
        "How far the mean average precision falls when the right answer in one language "
        "(columns) is taken away from queries of a language (rows). Rows are even where languages "
        "are treated alike; a high diagonal says that answers in the query's own language carry "
        "the score."
    )
    return Plot(
        "leave-one-out", title, reading, (("", figure),), _fall_table(rows, columns, values)
    )


def _heatmap(
    rows: Sequence[str],
    columns: Sequence[str],
    tiles: Sequence[Sequence[_Tile]],
    colours: _Axis,
    titles: tuple[str, str],
) -> Figure:
    """Draw tiles with their numbers; plotly's own numbers may be too faint on their colour."""
    flat = [(x, y, tile) for y, row in enumerate(tiles) for x, tile in enumerate(row)]
    small = len(columns) > 12
    numbers = {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _ in flat],
        "y": [y for _, y, _ in flat],
        "text": [tile.shown for _, _, tile in flat],
        "textfont": {"size": 10 if small else 13, "color": [_ink(t, colours) for _, _, t in flat]},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    drawn = layout(_CELL * len(rows) + 130)
    drawn |= {
        "xaxis": {**named(titles[1], columns, downwards=False), "side": "top"},
        "yaxis": named(titles[0], rows, downwards=True),
    }
    least = 110 + _CELL * len(columns)
    return Figure((_tiles(tiles, colours), numbers), drawn, least, max(560, 2 * least))


def _tiles(tiles: Sequence[Sequence[_Tile]], colours: _Axis) -> Trace:
    return {
        "type": "heatmap",
        "z": [[tile.colour for tile in row] for row in tiles],
        "hovertext": [[tile.hover for tile in row] for row in tiles],
        "hoverinfo": "text",
        "hoverongaps": True,
        "xgap": 2,
        "ygap": 2,
        "zmin": colours.low,
        "zmax": colours.high,
        "colorscale": scale(colours.stops),
        "colorbar": {
            "orientation": "h",
            "y": -0.02,
            "yanchor": "top",
            "thickness": 10,
            "lenmode": "pixels",
            "len": 240,
            "outlinewidth": 0,
            "title": {"text": colours.title, "side": "top", "font": {"size": 13}},
            "tickvals": list(colours.ticks),
            "ticktext": list(colours.names),
        },
    }


def _ink(tile: _Tile, colours: _Axis) -> dict[str, str]:
    if tile.colour is None:
        return INK.pair()
    return on(colours.stops, (tile.colour - colours.low) / (colours.high - colours.low))


def _ratio(observed: float | None, expected: float | None) -> float | None:
    """Observed over expected; None where chance expects nothing or a share is not known."""
    return observed / expected if observed is not None and expected else None


def _share_tile(
    row: str, column: str, observed: float | None, expected: float | None, reach: float
) -> _Tile:
    ratio = _ratio(observed, expected)
    head = f"queries in {row}, neighbours in {column}"
    if ratio is None:
        return _Tile(None, DASH, hover((head, _why_no_ratio(observed))))
    colour = max(-reach, min(reach, math.log2(ratio))) if ratio else -reach
    found = f"observed {decimal(observed)}, expected {decimal(expected)}: {_short(ratio)} times"
    return _Tile(colour, _short(ratio), hover((head, found)))


def _why_no_ratio(observed: float | None) -> str:
    if observed is None:
        return "undefined: no query was counted"
    return "undefined: no document of the language is in reach"


def _fall_tile(row: str, column: str, fall: float | None, reach: float, digits: int) -> _Tile:
    head = f"queries in {row}, answer in {column} taken away"
    if fall is None:
        return _Tile(None, DASH, hover((head, "undefined: no query has such an answer")))
    colour = max(0.0, min(reach, fall))
    said = f"mAP falls by {decimal(fall)}"
    return _Tile(colour, _rounded(fall, digits), hover((head, said)))


def _rounded(value: float, digits: int) -> str:
    """Round; what is left of a tiny negative number has no sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _short(ratio: float) -> str:
    digits = 0 if ratio >= 10 or ratio == 0 else 1 if ratio >= 1 else 2
    return f"{ratio:.{digits}f}"


def _share_table(
    rows: Sequence[str],
    columns: Sequence[str],
    shares: Sequence[Sequence[tuple[float | None, float | None]]],
) -> Table:
    caption = (
        "Observed over expected neighbours; below it the two shares. Rows: language of the query, "
        "columns: of the neighbours. A dash: no query was counted or no document is in reach."
    )
    body = tuple(
        (text(row), *(_share_cell(*pair) for pair in found))
        for row, found in zip(rows, shares, strict=True)
    )
    return Table(caption, ("query", *columns), body)


def _share_cell(observed: float | None, expected: float | None) -> Cell:
    ratio = _ratio(observed, expected)
    shown = DASH if ratio is None else _short(ratio)
    both = escape(f"{decimal(observed)} / {decimal(expected)}")
    return Cell(type(both)(f"{escape(shown)}<small>{both}</small>"), "number")


def _fall_table(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]]
) -> Table:
    caption = (
        "Fall of the mean average precision. Rows: language of the query, columns: of the answer "
        "taken away. A dash: no query has such an answer."
    )
    body = tuple(
        (text(row), *(number(value) for value in found))
        for row, found in zip(rows, values, strict=True)
    )
    return Table(caption, ("query", *columns), body)
