"""An audit on a terminal: one page of at most 100 columns."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.audit.figures import DASH, p_value
from search.audit.result import Audit, WorstQuery
from search.audit.rows import headline, interval, number, observed_over_expected
from search.audit.verdict import Level, verdict
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure
from search.text import printable

_LANGUAGES = 14
"""Languages that the matrix shows; the largest when there are more."""

_WORST, _NEIGHBOURS = 3, 5
_SHOWN_TEXT, _SHOWN_ID, _SHOWN_TAG = 60, 20, 10

_STYLE: dict[Level, str] = {"biased": "bold red", "some": "yellow", "fair": "green", "unclear": ""}


def render_audit(audit: Audit) -> RenderableType:
    """Draw an audit: the verdict, the measures, languages, the worst queries, what to mind."""
    said = verdict(audit)
    notes: list[str] = []
    return Group(
        Text(printable(_title(audit)), style="dim"),
        Text(),
        Text(printable(said.headline), style=_STYLE[said.level]),
        *_bullets(said.findings),
        Text(),
        Text(f"How sure: {printable(said.sureness)}"),
        *(Text(f"To do: {printable(advice)}") for advice in said.advice),
        Text(),
        _measures(audit, notes),
        Text(),
        _languages(audit, notes),
        Text(),
        *_matrix(audit),
        *_worst(audit),
        *_bullets([f"Mind: {warning}" for warning in audit.warnings]),
        *_bullets(_not_measured(audit)),
        *_bullets([f"{DASH} {note}" for note in notes]),
        Text(printable(_method(audit)), style="dim"),
    )


def _title(audit: Audit) -> str:
    queries = audit.queries
    who = (
        "documents asking for their own neighbours" if queries.source == "documents" else "queries"
    )
    sampled = "" if queries.sampled == queries.total else f" of {queries.total}"
    return (
        f"{audit.index.documents} documents in {len(audit.index.languages)} languages, "
        f"{queries.sampled}{sampled} {who}, mode: {audit.mode}"
    )


def _bullets(lines: Iterable[str]) -> list[RenderableType]:
    return [Padding(Text(f"• {printable(line)}"), (0, 0, 0, 1)) for line in lines]


def _measures(audit: Audit, notes: list[str]) -> Table:
    table = _table("measure", "value", "by chance", "95 % interval", "n", "better")
    for measure in headline(audit):
        found = audit.overall[measure]
        known = CATALOGUE.get(measure.name)
        table.add_row(
            str(measure),
            number(found.value),
            number(found.chance),
            interval(found),
            str(found.n),
            "" if known is None or known.better == "neither" else known.better,
        )
        if found.reason:
            notes.append(f"{measure}: {found.reason}")
    return table


def _languages(audit: Audit, notes: list[str]) -> Table:
    """One row a query language."""
    k = audit.matrix.k
    share, excess = Measure("same_language", k), Measure("excess", k)
    columns = (Measure("strong_auc"), Measure("weak_recall", 1), Measure("map"))
    meaning = [measure for measure in columns if measure in audit.overall]
    table = _table(
        "language", "queries", f"same@{k}", "by chance", str(excess), "95 % interval",
        *(str(m) for m in meaning),
    )  # fmt: skip
    for lang, row in audit.by_language.items():
        if excess not in row:
            continue
        table.add_row(
            Text(_tag(lang)),
            str(audit.queries.languages.get(lang, 0)),
            number(row[share].value),
            number(row[share].chance),
            number(row[excess].value),
            interval(row[excess]),
            *(number(row[m].value) if m in row else DASH for m in meaning),
        )
        reason = row[excess].reason
        if reason:
            notes.append(f"{lang}: {reason}")
    return table


def _matrix(audit: Audit) -> list[RenderableType]:
    counts = audit.index.languages
    names = sorted(
        {*audit.matrix.observed, *(x for r in audit.matrix.observed.values() for x in r)}
    )
    shown = sorted(sorted(names, key=lambda lang: (-counts.get(lang, 0), lang))[:_LANGUAGES])
    if len(shown) < 2:
        return []
    head = Text(
        f"Neighbours as a multiple of chance (k = {audit.matrix.k}); rows ask, columns are found"
    )
    table = _table("", *map(_tag, shown))
    for asked in shown:
        if asked in audit.matrix.observed:
            cells = (_times(observed_over_expected(audit, asked, found)) for found in shown)
            table.add_row(Text(_tag(asked)), *cells)
    left = len(names) - len(shown)
    rest = [Text(f"and {left} smaller languages, in the other reports")] if left else []
    return [head, table, *rest, Text()]


def _tag(lang: str) -> str:
    return printable(lang, _SHOWN_TAG)


def _times(value: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def _worst(audit: Audit) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for query in audit.worst[:_WORST]:
        shown += [Text(_worst_head(query)), _neighbours(query), Text()]
    head = "Queries that language misleads most, and their neighbours (= means the same)"
    return [Text(head, style="bold"), *shown] if shown else []


def _worst_head(query: WorstQuery) -> str:
    missed = "" if query.missed is None else f", {query.missed} translations missed"
    return (
        f"{printable(query.text, _SHOWN_TEXT)}\n  ({_tag(query.lang)}, {query.same_language} of "
        f"{query.k} strangers in its language, chance {query.expected:.1f}, "
        f"{p_value(query.p_value)}{missed})"
    )


def _neighbours(query: WorstQuery) -> RenderableType:
    # The text stands last: a right-to-left line may reorder what follows it on a terminal.
    table = Table(box=None, show_header=False, pad_edge=False, show_edge=False)
    for _ in range(3):
        table.add_column()
    table.add_column(max_width=12, no_wrap=True)
    table.add_column()
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for n in query.neighbours[:_NEIGHBOURS]:
        mark = "=" if n.same_meaning else " "
        lang = Text(_tag(n.lang))
        text, id_ = printable(n.text, _SHOWN_TEXT), printable(n.id, _SHOWN_ID)
        table.add_row(str(n.rank), f"{n.score:.3f}", mark, lang, Text(id_), Text(text))
    return Padding(table, (0, 0, 0, 2))


def _not_measured(audit: Audit) -> list[str]:
    """Say what was not measured, measures with one need together."""
    needs: dict[str, list[str]] = {}
    for measure, need in audit.not_measured.items():
        needs.setdefault(need, []).append(measure)
    return [f"Not measured: {', '.join(names)}: needs {need}" for need, names in needs.items()]


def _method(audit: Audit) -> str:
    method = audit.method
    check = ", ".join(f"{name} {number(v, 2)}" for name, v in method.self_check.items())
    return (
        f"{audit.index.encoder} {audit.index.fingerprint[:12]}, documents as {audit.index.role}, "
        f"search {method.search}, seed {method.seed}, {method.replicates} bootstrap samples of "
        f"whole groups; check on planted data: {check}; {method.seconds:.0f} s"
    )


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for position, head in enumerate(heads):
        left = position == 0
        table.add_column(head, justify="left" if left else "right", max_width=26, no_wrap=True)
    return table
