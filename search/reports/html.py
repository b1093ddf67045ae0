"""An audit as one HTML file that needs nothing else: no server, no network, no other file."""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib.resources import files

from indexer.errors import UsageError
from indexer.nouns import counted
from search.audit.result import Audit
from search.reports.bars import alignment_plot, excess_plot, scatter_plot
from search.reports.heatmaps import leave_one_out_plot, matrix_plot
from search.reports.page import (
    Html,
    blocks,
    element,
    escape,
    folded,
    join,
    paragraph,
    scroller,
    section,
    table,
)
from search.reports.plots import Plot
from search.reports.scattermap import map_plot
from search.reports.sections import (
    definitions_section,
    measures_section,
    method_section,
    noise_section,
    not_measured_section,
    verdict_section,
    warnings_section,
    worst_section,
)
from search.reports.verdict import verdict

_CONTENTS = {
    "verdict": "Verdict",
    "warnings": "Warnings",
    "bias": "Bias",
    "alignment": "Alignment",
    "map": "Map",
    "worst": "Worst queries",
    "measures": "All measures",
    "noise": "Label noise",
    "not-measured": "Not measured",
    "method": "Method",
    "definitions": "Definitions",
}


def render_html(audit: Audit) -> str:
    """Write the report of an audit.

    A pure function of the audit: the same audit gives the same bytes, with one version of plotly.

    Returns:
        An HTML document in UTF-8 text that runs no script but its own, asks for nothing outside
        and can be read without scripts, its tables then standing for the plots.

    Raises:
        UsageError: plotly is not installed.
    """
    scripts = (_plotly(), _asset("report.js"))
    bias = (matrix_plot(audit), excess_plot(audit))
    alignment = (alignment_plot(audit), scatter_plot(audit), leave_one_out_plot(audit))
    vectors = (map_plot(audit),)
    body = join(
        (
            verdict_section(audit, verdict(audit)),
            warnings_section(audit),
            section("bias", "Bias", [_drawn(plot) for plot in bias]),
            section("alignment", "Alignment", [_drawn(plot) for plot in alignment]),
            section("map", "Map", [_drawn(plot) for plot in vectors]),
            worst_section(audit),
            measures_section(audit),
            noise_section(audit),
            not_measured_section(audit),
            method_section(audit),
            definitions_section(),
        )
    )
    return _document(audit, body, _data((*bias, *alignment, *vectors)), scripts)


def _document(audit: Audit, body: Html, data: str, scripts: tuple[str, ...]) -> str:
    title = f"Language bias audit: {audit.index.encoder}"
    head = join(
        (
            Html('<meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html('<meta name="color-scheme" content="light dark">'),
            Html('<meta name="referrer" content="no-referrer">'),
            Html('<link rel="icon" href="data:,">'),  # else a browser asks a server for one
            element("title", escape(title)),
            Html(f"<style>\n{_asset('report.css')}</style>"),
        )
    )
    page = join(
        (
            Html('<a class="skip" href="#verdict">Skip to the verdict</a>'),
            element("header", _top(audit)),
            element("main", body),
            Html(f'<script type="application/json" id="figures">{data}</script>'),
            *(Html(f"<script>{script}</script>") for script in scripts),
        )
    )
    whole = join((element("head", head), element("body", page)))
    return f"<!doctype html>\n{element('html', whole, {'lang': 'en'})}\n"


def _top(audit: Audit) -> Html:
    index, queries = audit.index, audit.queries
    size = (
        f"{counted(index.documents, 'document')} in {counted(len(index.languages), 'language')}, "
        f"{counted(queries.sampled, 'query', 'queries')}, encoder {index.encoder}"
    )
    parts = [
        element("h1", escape("Language bias audit")),
        paragraph(f"{size}."),
        paragraph(f"Made {audit.method.created}."),
    ]
    if audit.interrupted:
        stopped = "Stopped before all queries were asked: the values are of those that were."
        parts.append(paragraph(stopped, {"class": "notice", "role": "note"}))
    links = (
        element("li", element("a", escape(name), {"href": f"#{anchor}"}))
        for anchor, name in _CONTENTS.items()
    )
    parts.append(element("nav", element("ul", join(links)), {"aria-label": "Contents"}))
    unscripted = paragraph("The plots need JavaScript; the tables hold the same numbers.")
    parts.append(element("noscript", unscripted))
    return join(parts)


def _drawn(plot: Plot) -> Html:
    """Make the place of a plot, its switch and its table."""
    heading = element("h3", escape(plot.title), {"id": f"{plot.key}-plot-title"})
    if not plot.figures:
        return join((heading, paragraph(f"Not drawn: {plot.reason}.", {"class": "absent"})))
    caption = element("figcaption", escape(plot.reading))
    views = plot.figures
    attributes = {
        "class": "plot",
        "data-plot": plot.key,
        "role": "group" if views[0][1].tools else "img",
        "aria-label": f"{plot.title}; the numbers are in the table below",
    }
    parts = [caption]
    if len(views) > 1:
        parts.append(_switch(plot))
    parts.append(scroller(element("div", Html(""), attributes), f"Plot: {plot.title}"))
    parts.extend(_numbers(plot))
    return join((heading, element("figure", join(parts))))


def _switch(plot: Plot) -> Html:
    choices = (
        f'<label><input type="radio" name="{plot.key}-view" value="{at}"'
        f"{' checked' if at == 0 else ''}> {escape(name)}</label>"
        for at, (name, _) in enumerate(plot.figures)
    )
    legend = element("legend", escape("Colour by"))
    attributes = {"class": "switch", "data-switch": plot.key}
    return element("fieldset", join((legend, *(Html(each) for each in choices))), attributes)


def _numbers(plot: Plot) -> Iterable[Html]:
    if plot.table is None:
        return
    numbers = join(table(block) for block in blocks(plot.table))
    yield folded(escape("The numbers"), numbers, printed=not plot.long)
    if plot.long:
        rows = len(plot.table.rows)
        left_out = f"The table of {rows:,} rows is left out on paper; the page has it."
        yield paragraph(left_out, {"class": "on-paper"})


def _data(plots: Iterable[Plot]) -> str:
    """Write the figures as JSON that no parser of HTML can leave early."""
    figures = {
        plot.key: [asdict(figure) for _, figure in plot.figures] for plot in plots if plot.figures
    }
    written = json.dumps(figures, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def _policy(scripts: Iterable[str]) -> str:
    """Allow these scripts by hash, and nothing from anywhere else.

    Styles may stand in the page because plotly sets them one by one; with no address to load
    from, they can fetch nothing.
    """
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _asset(name: str) -> str:
    return files("search.reports").joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    """Read plotly's JavaScript out of its package.

    Raises:
        UsageError: plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise UsageError(
            "the HTML report needs plotly, which is not installed",
            "pip install 'interlingua[html]'",
        ) from error
    return str(get_plotlyjs())
