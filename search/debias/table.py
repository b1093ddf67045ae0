"""An evaluation as a table for a terminal and in Markdown."""

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from indexer.nouns import counted
from search.debias.result import Evaluation, Judgement
from search.measures.measure import Measurement

_COLUMNS = (
    "method",
    "",
    "mAP",
    "share@10",
    "excess@10",
    "own",
    "worst",
    "fit",
    "memory of the fit",
    "stored",
    "query",
)
_ON_A_TERMINAL = 7
"""Columns that 100 characters have room for; the others are in Markdown and JSON."""


def render_evaluation(found: Evaluation) -> RenderableType:
    """Draw the table, the best first, and what is recommended."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS[:_ON_A_TERMINAL]:
        left = name in {"method", ""}
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for number in _order(found):
        table.add_row(*_cells(found, number, found.judgements[number], _short)[:_ON_A_TERMINAL])
    return Group(table, Text(), *map(Text, explain(found)))


def evaluation_markdown(found: Evaluation) -> str:
    """Write the same as a Markdown table."""
    rows = [_COLUMNS, tuple("---" for _ in _COLUMNS)]
    rows += [_cells(found, n, found.judgements[n], _interval) for n in _order(found)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    said = "\n\n".join(explain(found))
    return (
        f"# Ways to take the language bias out\n\n{table}\n\n{said}\n\n"
        f"## By language\n\nexcess@10 untouched, then of the frontier and the recommended one; "
        f"below it the change of the guard.\n\n{_by_language(found)}\n"
    )


def _by_language(found: Evaluation) -> str:
    """Lay out excess and guard by language, before and after."""
    shown = sorted({0, *found.frontier, *([found.chosen] if found.chosen is not None else [])})
    judgements = [found.judgements[number] for number in shown]
    rows = [("language", *(str(j.candidate) for j in judgements))]
    rows.append(tuple("---" for _ in rows[0]))
    for lang in sorted(found.judgements[0].excess_by_language):
        cells = [_interval(j.excess_by_language.get(lang)) for j in judgements]
        changes = [_change(j.own_change_by_language.get(lang)) for j in judgements]
        rows.append((lang, *(f"{c}<br>{d}" for c, d in zip(cells, changes, strict=True))))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _change(m: Measurement | None) -> str:
    return "" if m is None or m.value is None else f"{m.value:+.3f}"


def explain(found: Evaluation) -> list[str]:
    """Say in sentences how the table came about, what it means, and what to do."""
    chance = found.judgements[0].share.chance
    by_chance = "" if chance is None else f"; by chance {chance:.3f}"
    how = (
        f"{counted(found.queries, 'query', 'queries')} asked "
        f"{counted(found.documents, 'document')}; every method was fitted on "
        "one half and judged on the other, which shares no meaning with it."
    )
    what = (
        "share@10: documents in the query's language among its first 10, right answers left in"
        f"{by_chance}. excess@10: the same without right answers, 0 by chance, 1 at most. own: "
        f"{found.guard} inside the query's own language; worst: its largest fall in a "
        f"language, of which {found.margin:g} is allowed. * on the frontier: nothing else has both "
        "less bias and more meaning."
    )
    lines = [how, what]
    if found.target_share is not None:
        lines.append(f"Bias is the distance of share@10 from the target of {found.target_share:g}.")
    if found.chosen is None:
        lines.append(
            "Nothing passes: no method lowers the bias significantly without a language's own "
            "retrieval falling by more than the margin. Leave the index as it is, or widen "
            "--margin if that price is worth it."
        )
        return lines
    best = found.judgements[found.chosen]
    lines.append(f"Recommended: {best.candidate}. Apply it with {command(best)}.")
    return lines


def command(judgement: Judgement) -> str:
    """Write the options that apply a candidate."""
    candidate = judgement.candidate
    parts = [f"`interlingua debias --index DIR --method {candidate.method}"]
    if candidate.merging.name != "none":
        parts.append(f"--merge {candidate.merging.name}")
    if candidate.merging.target_share is not None:
        parts.append(f"--target-share {candidate.merging.target_share:g}")
    return " ".join(parts) + "`"


def _order(found: Evaluation) -> list[int]:
    def key(number: int) -> tuple[bool, float]:
        j = found.judgements[number]
        meaning = j.map.value if j.map is not None else None
        value = -(meaning or 0.0) if meaning is not None else abs(j.excess.value or 0.0)
        return (number != 0, value)

    return sorted(range(len(found.judgements)), key=key)


def _cells(
    found: Evaluation,
    number: int,
    j: Judgement,
    measured: Callable[[Measurement | None], str],
) -> tuple[str, ...]:
    changes = [m.value for m in j.own_change_by_language.values() if m.value is not None]
    marks = ["*"] if number in found.frontier else []
    if number == found.chosen:
        marks.append("recommended")
    elif number and not j.less_biased:
        marks.append("not less biased")
    elif number and not j.passes_guard:
        marks.append("guard fails")
    return (
        str(j.candidate),
        " ".join(marks),
        measured(j.map),
        "" if j.share.value is None else f"{j.share.value:.3f}",
        measured(j.excess),
        "" if j.own_language.value is None else f"{j.own_language.value:.3f}",
        f"{min(changes):+.3f}" if number and changes else "",
        f"{j.fit_seconds:.2f} s" if j.fit_seconds else "",
        f"{j.fit_bytes / 1e6:.1f} MB" if j.fit_bytes else "",
        f"{j.bytes / 1e6:.2f} MB" if j.bytes else "",
        f"{j.query_milliseconds:.1f} ms",
    )


def _short(m: Measurement | None) -> str:
    if m is None or m.value is None:
        return "-"
    if m.low is None or m.high is None:
        return f"{m.value:.3f}"
    return f"{m.value:.3f} ±{max(m.high - m.value, m.value - m.low):.3f}"


def _interval(m: Measurement | None) -> str:
    if m is None or m.value is None:
        return "-"
    if m.low is None or m.high is None:
        return f"{m.value:.3f}"
    return f"{m.value:.3f} ({m.low:.3f} to {m.high:.3f})"
