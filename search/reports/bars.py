"""Measures by language: bars with intervals and chance, and weak against strong alignment."""

from collections.abc import Sequence
from dataclasses import dataclass

from search.audit.result import Audit
from search.measures.measure import Measure, Measurement
from search.reports.page import Cell, Table, number, text
from search.reports.palette import INK, PAPER, QUIET, SERIES
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
    named,
    pick,
    spoken,
    why_not,
)

_MISSING = Measurement(None, None, None, None, 0, "not measured in this language")

_ROW = 26
"""Height of a bar's place in pixels."""

_PLACE = 0.7
"""Share of a language's row that its bars fill."""

_CORNERS = ("top left", "bottom right", "top right", "bottom left")
"""Where names stand beside points in turn, so that neighbours hide each other less."""


@dataclass(frozen=True, slots=True)
class _Series:
    """One measure in every language."""

    measure: Measure
    languages: tuple[str, ...]
    found: tuple[Measurement, ...]


def excess_plot(audit: Audit) -> Plot:
    """Draw how far each language prefers itself."""
    title = "Bias by language"
    measure = pick(audit, "excess")
    if measure is None or not _defined([_series(audit, measure)]):
        return absent("excess", title, why_not(audit, "excess"))
    reading = (
        f"{measure}: how far queries of a language find their own language more often than chance, "
        "as a share of how far they could. 0 is chance, 1 as biased as possible. Whiskers are 95 % "
        "intervals."
    )
    return _bars("excess", title, reading, [_series(audit, measure)])


def alignment_plot(audit: Audit) -> Plot:
    """Draw strong and weak alignment of each language."""
    title = "Alignment by language"
    measures = [pick(audit, "strong_auc"), pick(audit, "weak_recall", 1)]
    series = [_series(audit, m) for m in measures if m is not None]
    if not _defined(series):
        return absent("alignment", title, why_not(audit, "strong_auc"))
    reading = (
        "Strong alignment (strong_auc): how often a translation is nearer than an unrelated "
        "document of the query's own language. Weak alignment (weak_recall): how often it is the "
        "nearest when its language is searched alone. Higher is fairer; whiskers are 95 % "
        "intervals. Each bar has a chance level of its own."
    )
    return _bars("alignment", title, reading, series)


def scatter_plot(audit: Audit) -> Plot:
    """Draw each language at its weak and its strict strong alignment."""
    title = "Weak against strong alignment"
    weak, strong = pick(audit, "weak_recall", 1), pick(audit, "strong_strict")
    if weak is None or strong is None:
        missing = "weak_recall" if weak is None else "strong_strict"
        return absent("scatter", title, why_not(audit, missing))
    across, up = _series(audit, weak), _series(audit, strong)
    pairs = [
        (lang, a, b)
        for lang, a, b in zip(across.languages, across.found, up.found, strict=True)
        if a.value is not None and b.value is not None
    ]
    if not pairs:
        return absent("scatter", title, "no language has both measures")
    reading = (
        f"Each language at {weak} and {strong}. A language far below the dotted line knows its "
        "translations but hides them behind documents of its own language: taking the language "
        "out of the vectors can help it. One low on both sides needs another encoder."
    )
    figure = Figure(_points(pairs), _square(str(weak), str(strong), _span(pairs)), 320, 620)
    return Plot("scatter", title, reading, (("", figure),), _numbers(title, [across, up]))


def _series(audit: Audit, measure: Measure) -> _Series:
    languages = tuple(sorted(audit.by_language))
    found = tuple(audit.by_language[lang].get(measure, _MISSING) for lang in languages)
    return _Series(measure, languages, found)


def _defined(series: Sequence[_Series]) -> bool:
    return any(each.value is not None for one in series for each in one.found)


def _bars(key: str, title: str, reading: str, series: Sequence[_Series]) -> Plot:
    languages = series[0].languages
    drawn = layout(len(languages) * (_ROW * len(series) + 8) + 120, legend=True)
    lows = [each.low or 0.0 for one in series for each in one.found]
    drawn |= {
        "barmode": "overlay",
        "xaxis": {**axis(""), "range": [min(0.0, *lows) - 0.02, 1.02]},
        "yaxis": named("", languages, downwards=True),
        "annotations": [note for at, one in enumerate(series) for note in _dashes(one, at, series)],
    }
    data = [_bar(one, at, len(series)) for at, one in enumerate(series)]
    data += [_chance(one, at, len(series)) for at, one in enumerate(series)]
    figure = Figure(tuple(data), drawn, 320)
    return Plot(key, title, reading, (("", figure),), _numbers(title, series))


def _bar(series: _Series, at: int, of: int) -> Trace:
    return {
        "type": "bar",
        "orientation": "h",
        "name": label(str(series.measure)),
        "y": [_slot(index, at, of) for index in range(len(series.languages))],
        "width": _PLACE / of * 0.85,
        "x": [each.value for each in series.found],
        "marker": {"color": SERIES[at].pair()},
        "error_x": _whiskers(series.found),
        "hovertext": _hovers(series),
        "hoverinfo": "text",
    }


def _whiskers(found: Sequence[Measurement]) -> Trace:
    """Lengths of the interval on both sides of the value."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [_length(each.value, each.high) for each in found],
        "arrayminus": [_length(each.low, each.value) for each in found],
        "color": INK.pair(),
        "thickness": 1.5,
        "width": 4,
    }


def _length(low: float | None, high: float | None) -> float | None:
    # A percentile interval need not hold the value; a length below 0 would be drawn mirrored.
    return None if low is None or high is None else max(0.0, high - low)


def _chance(series: _Series, at: int, of: int) -> Trace:
    """Mark chance in each bar's place; hollow, so that it shows on bars and beside them."""
    places = [_slot(index, at, of) for index in range(len(series.languages))]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "chance",
        "showlegend": at == 0,
        "x": [each.chance for each in series.found],
        "y": places,
        "marker": {
            "symbol": "diamond",
            "size": 9,
            "color": PAPER.pair(),
            "line": {"width": 2, "color": INK.pair()},
        },
        "hovertext": _hovers(series),
        "hoverinfo": "text",
    }


def _slot(index: int, at: int, of: int) -> float:
    """Middle of a bar on the axis where the name at ``index`` stands at ``index``."""
    return index + _PLACE * ((at + 0.5) / of - 0.5)


def _dashes(series: _Series, at: int, every: Sequence[_Series]) -> list[Trace]:
    """Write a dash where a bar would be if it were defined."""
    return [
        {
            "xref": "x",
            "x": 0,
            "y": _slot(index, at, len(every)),
            "yref": "y",
            "xanchor": "left",
            "text": label(f"– {series.measure} undefined"),
            "font": {"color": QUIET.pair()},
            "showarrow": False,
        }
        for index, each in enumerate(series.found)
        if each.value is None
    ]


def _hovers(series: _Series) -> list[str]:
    return [
        hover((f"{lang}: {series.measure}", spoken(each)))
        for lang, each in zip(series.languages, series.found, strict=True)
    ]


def _points(pairs: Sequence[tuple[str, Measurement, Measurement]]) -> tuple[Trace, ...]:
    return (
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [weak.value for _, weak, _ in pairs],
            "y": [strong.value for _, _, strong in pairs],
            "text": [label(cut(lang)) for lang, _, _ in pairs],
            "textposition": [_CORNERS[at % 4] for at in range(len(pairs))],
            "error_x": {**_whiskers([weak for _, weak, _ in pairs]), "color": QUIET.pair()},
            "error_y": {**_whiskers([strong for _, _, strong in pairs]), "color": QUIET.pair()},
            "marker": {"size": 10, "color": SERIES[0].pair()},
            "hovertext": [
                hover((lang, f"weak {spoken(weak)}", f"strong, strict {spoken(strong)}"))
                for lang, weak, strong in pairs
            ],
            "hoverinfo": "text",
        },
    )


def _span(pairs: Sequence[tuple[str, Measurement, Measurement]]) -> tuple[float, float]:
    """Find one range for both axes that holds every interval: the dotted line is weak = strong."""
    found = [each for _, weak, strong in pairs for each in (weak, strong)]
    ends = [x for each in found for x in (each.value, each.low, each.high) if x is not None]
    margin = max(0.01, 0.1 * (max(ends) - min(ends)))
    return max(-0.4 * margin, min(ends) - margin), min(1 + 0.4 * margin, max(ends) + margin)


def _square(weak: str, strong: str, span: tuple[float, float]) -> Layout:
    drawn = layout(460)
    whole = {"range": list(span)}
    drawn |= {
        "xaxis": {**axis(f"weak: {weak}"), **whole},
        "yaxis": {**axis(f"strong: {strong}"), **whole},
        "shapes": [
            {
                "type": "line",
                "x0": 0,
                "y0": 0,
                "x1": 1,
                "y1": 1,
                "layer": "below",
                "line": {"dash": "dot", "width": 1.5, "color": QUIET.pair()},
            }
        ],
    }
    return drawn


def _numbers(caption: str, series: Sequence[_Series]) -> Table:
    head = ("language", "measure", "value", "chance", "low", "high", "n", "reason")
    rows = tuple(
        (text(lang), text(str(one.measure)), *measured(one.found[index]))
        for index, lang in enumerate(series[0].languages)
        for one in series
    )
    return Table(f"{caption}: values, chance and 95 % intervals", head, rows)


def measured(found: Measurement) -> tuple[Cell, ...]:
    """Make the cells of a measurement: value, chance, low, high, n, reason."""
    numbers = (found.value, found.chance, found.low, found.high, found.n)
    return (*(number(each) for each in numbers), text(found.reason or ""))
