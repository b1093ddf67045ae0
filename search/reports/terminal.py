"""An audit on one page of a terminal, from 80 columns on."""

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from indexer.nouns import counted
from search.audit.result import Audit, WorstQuery
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measurement
from search.reports.figures import DASH, figure, interval, p_value, pick
from search.reports.verdict import verdict
from search.text import printable

KEY = (
    "excess", "excess_matched", "same_language", "lift", "strong_auc", "strong_strict",
    "weak_recall", "gap", "map",
)  # fmt: skip
"""Measures of the first table."""

_LANGUAGES, _WORST, _TAG, _ID, _TEXT = 12, 3, 10, 18, 120
_NEIGHBOURS = 5
"""Neighbours shown of each of the worst queries; the other reports show all."""

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class _Notes:
    """Reasons, numbered as they come up."""

    def __init__(self) -> None:
        self.reasons: dict[str, int] = {}

    def value(self, found: Measurement | None) -> str:
        """Write a value, or a dash that points to the reason."""
        if found is None:
            return DASH
        return self._or_reason(figure(found.value), found)

    def interval(self, found: Measurement | None) -> str:
        """Write an interval, or a dash that points to the reason."""
        if found is None:
            return DASH
        return self._or_reason(interval(found), found)

    def _or_reason(self, written: str, found: Measurement) -> str:
        if written != DASH or not found.reason:
            return written
        number = self.reasons.setdefault(found.reason, len(self.reasons) + 1)
        return DASH + str(number).translate(_RAISED)

    def lines(self) -> list[Text]:
        return [
            _line(f"{str(number).translate(_RAISED)} {reason}")
            for reason, number in self.reasons.items()
        ]


def render_audit(audit: Audit) -> RenderableType:
    """Draw the verdict, the numbers it rests on and how they were got.

    Texts of the corpus are shown as plain text, without control characters.
    """
    notes = _Notes()
    parts: list[RenderableType] = [*_verdict(audit), _measures(audit, notes)]
    parts += [Text(), _by_language(audit, notes), *notes.lines()]
    parts += [Text(), *_matrix(audit)]
    parts += [Text(), *_worst(audit)]
    parts += _listed("Warnings", audit.warnings)
    parts += _listed(
        "Not measured", (f"{name}: needs {need}" for name, need in _needs(audit).items())
    )
    return Group(*parts, Text(), _method(audit))


def _verdict(audit: Audit) -> list[RenderableType]:
    found = verdict(audit)
    return [
        Text(printable(f"{found.level.upper()}. {found.headline}"), style="bold"),
        *_items(found.findings),
        _line(found.sureness),
        *_listed("What to do", found.advice),
        Text(),
    ]


def _measures(audit: Audit, notes: _Notes) -> Table:
    table = _table("measure", "", "value", "chance", "95 % interval", "n", left=2)
    for name in KEY:
        measure = pick(audit.overall, name, audit.matrix.k)
        if measure is not None:
            m = audit.overall[measure]
            title = CATALOGUE[name].title
            cells = notes.value(m), figure(m.chance), notes.interval(m), f"{m.n:,}"
            table.add_row(str(measure), title, *cells)
    return table


def _by_language(audit: Audit, notes: _Notes) -> Table:
    k = audit.matrix.k
    names = ("same_language", "excess", "strong_auc", "weak_recall", "map")
    shown = [n for n in names if any(pick(row, n, k) for row in audit.by_language.values())]
    heads = {"same_language": ("same", "chance"), "excess": ("excess", "95 % interval")}
    short = {"strong_auc": ("strong",), "weak_recall": ("weak",), "map": ("mAP",)}
    columns = [head for name in shown for head in {**heads, **short}[name]]
    table = _table("lang", "queries", *columns, left=1)
    for lang, row in sorted(audit.by_language.items()):
        cells = []
        for name in shown:
            measure = pick(row, name, k)
            found = None if measure is None else row[measure]
            cells.append(notes.value(found))
            if name == "same_language":
                cells.append(figure(found.chance if found else None))
            elif name == "excess":
                cells.append(notes.interval(found))
        table.add_row(_cut(lang, _TAG), f"{audit.queries.languages.get(lang, 0):,}", *cells)
    return table


def _matrix(audit: Audit) -> list[RenderableType]:
    """Draw observed over expected for the largest languages."""
    matrix, size = audit.matrix, audit.index.languages
    all_ = sorted({*matrix.observed, *(d for row in matrix.observed.values() for d in row)})
    chosen = sorted(sorted(all_, key=lambda lang: (-size.get(lang, 0), lang))[:_LANGUAGES])
    table = _table("", *(_cut(lang, 4) for lang in chosen), left=1)
    for lang in chosen:
        if lang in matrix.observed:
            mine, chance = matrix.observed[lang], matrix.expected.get(lang, {})
            cells = (_ratio(mine.get(d), chance.get(d)) for d in chosen)
            table.add_row(_cut(lang, 8), *cells)
    head = (
        f"Neighbours among the {matrix.k} nearest, as a multiple of chance: language of the query "
        "by row, of the neighbour by column"
    )
    left = len(all_) - len(chosen)
    more = [_line(f"{left} smaller languages are left out here.")] if left else []
    return [_line(head), table, *more]


def _ratio(observed: float | None, expected: float | None) -> str:
    if observed is None or not expected:
        return DASH
    ratio = observed / expected
    return f"{ratio:.1f}" if ratio < 99.95 else f"{ratio:.0f}"


def _worst(audit: Audit) -> Iterable[RenderableType]:
    if not audit.worst:
        return [_line("Worst queries: none has more of its language than chance.")]
    out: list[RenderableType] = [_line("Worst queries, each with its nearest documents")]
    for query in audit.worst[:_WORST]:
        out += _query(query)
    return out


def _query(query: WorstQuery) -> Iterable[RenderableType]:
    missed = "" if query.missed is None else f", {query.missed} translations missed"
    yield _line(
        f"{_cut(query.id, _ID)} ({_cut(query.lang, _TAG)}): {query.same_language} of {query.k} in "
        f"its language, {query.expected:.1f} by chance, {p_value(query.p_value)}{missed}"
    )
    # Texts stand last: one from right to left may reorder what follows it on a terminal.
    yield _row(f"   {printable(query.text, _TEXT)}")
    for each in query.neighbours[:_NEIGHBOURS]:
        meaning = {True: "same meaning", False: "other meaning", None: ""}[each.same_meaning]
        yield _row(
            f"   {each.rank:>2} {each.score:.3f} {_cut(each.lang, 8)} {_cut(each.id, _ID)} "
            f"{meaning} {printable(each.text, _TEXT)}"
        )


def _needs(audit: Audit) -> Mapping[str, str]:
    """Join measures that need the same."""
    by_need: dict[str, list[str]] = {}
    for name, need in audit.not_measured.items():
        by_need.setdefault(need, []).append(name)
    return {", ".join(names): need for need, names in by_need.items()}


def _method(audit: Audit) -> Text:
    index, method = audit.index, audit.method
    transform = f", transform {index.transform}" if index.transform else ""
    return _line(
        f"{counted(index.documents, 'document')}, {audit.queries.sampled:,} of "
        f"{counted(audit.queries.total, 'query', 'queries')}; {index.encoder} "
        f"({index.fingerprint[:12]}, {index.role}{transform}), "
        f"search {method.search}, {method.arithmetic}; seed {method.seed}, {method.replicates:,} "
        f"replicates, {'no sample' if method.sample is None else f'sample {method.sample:,}'}."
    )


def _table(*heads: str, left: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for at, head in enumerate(heads):
        table.add_column(Text(head), justify="left" if at < left else "right", no_wrap=True)
    return table


def _listed(title: str, texts: Iterable[str]) -> list[RenderableType]:
    items = _items(texts)
    return [_line(title), *items] if items else []


def _items(texts: Iterable[str]) -> list[RenderableType]:
    return [_line(f"- {each}") for each in texts]


def _line(raw: str) -> Text:
    return Text(printable(raw), overflow="fold")


def _row(raw: str) -> Text:
    return Text(raw, no_wrap=True, overflow="ellipsis")


def _cut(raw: str, cells: int) -> str:
    text = Text(printable(raw))
    text.truncate(cells, overflow="ellipsis")
    return text.plain
