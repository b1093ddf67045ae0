"""What tuning found, as JSON and as a table."""

from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.measures.measure import Measurement
from search.tuning import Tuning


def tuning_json(found: Tuning) -> dict[str, object]:
    """Make the ``interlingua.tune/1`` document, see docs/formats.md."""
    return {
        "schema": "interlingua.tune/1",
        "k": found.k,
        "wanted": found.wanted,
        "reached": found.reached,
        "effort": found.effort,
        "refine": found.refine,
        "overall": _fields(found.overall),
        "by_language": {lang: _fields(m) for lang, m in found.by_language.items()},
        "spread": {**_fields(found.spread), "p": found.spread_p},
        "losing": list(found.losing),
    }


def tuning_table(found: Tuning) -> RenderableType:
    """Make a table for a person."""
    table = Table(title=f"recall@{found.k} of the exact neighbours", title_justify="left")
    for name in ("language", "recall", "95 % interval", "chance", "n"):
        table.add_column(name, justify="left" if name == "language" else "right")
    ordered = sorted(found.by_language.items(), key=lambda item: item[1].value or 0.0)
    for lang, m in (*ordered, ("mean of languages", found.overall)):
        table.add_row(lang, f"{m.value:.3f}", _interval(m), f"{m.chance:.4f}", str(m.n))
    return Group(table, Text("\n".join(_sentences(found))))


def _sentences(found: Tuning) -> list[str]:
    spread = found.spread
    effort = [] if found.effort is None else [f"effort {found.effort}"]
    effort += [] if found.refine is None else [f"{found.refine} candidates a neighbour"]
    lines = [f"saved: {', '.join(effort)}"]
    if not found.reached:
        lines.append(f"the recall of {found.wanted:g} is out of reach: take another kind of index")
    lines.append(
        f"between languages: {spread.value:.3f} ({_interval(spread)}), by chance "
        f"{spread.chance:.3f}, p {found.spread_p:.3g}, n {spread.n}"
    )
    if found.losing:
        lose = "loses more of its" if len(found.losing) == 1 else "lose more of their"
        lines.append(
            f"language bias of the index: {', '.join(found.losing)} {lose} neighbours than others; "
            "a higher --recall lessens it, `search --exact` has none"
        )
    else:
        lines.append("no language loses significantly more of its neighbours than others")
    return lines


def _interval(m: Measurement) -> str:
    return f"{m.low:.3f} to {m.high:.3f}"


def _fields(m: Measurement) -> dict[str, object]:
    return {name: value for name, value in asdict(m).items() if name != "reason"}
