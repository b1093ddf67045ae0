"""HTML out of text and numbers: every string is escaped here, and nowhere else.

``Html`` is markup that is safe to put into the page. Only this module makes it out of text, so
that the type checker sees a text that was forgotten.
"""

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NewType

from indexer.records import UNKNOWN_LANGUAGE
from search.text import printable

Html = NewType("Html", str)

DASH = "–"
"""Stands where a value is undefined."""

_NONE: Mapping[str, str] = {}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    content: Html
    kind: Literal["text", "number"] = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of data; the first cell of a row is its head."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def escape(raw: str) -> Html:
    """Make text safe as content and as a quoted attribute; control characters become U+FFFD."""
    return Html(html.escape(printable(raw), quote=True))


def element(name: str, content: Html, attributes: Mapping[str, str] = _NONE) -> Html:
    """Wrap content in an element; attribute values are escaped."""
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{written}>{content}</{name}>")


def join(parts: Iterable[Html]) -> Html:
    """Put pieces of markup one after another, a line each."""
    return Html("\n".join(parts))


def paragraph(raw: str, attributes: Mapping[str, str] = _NONE) -> Html:
    """Make a paragraph of plain text."""
    return element("p", escape(raw), attributes)


def items(texts: Iterable[str], attributes: Mapping[str, str] = _NONE) -> Html:
    """Make a list of plain texts."""
    return element("ul", join(element("li", escape(each)) for each in texts), attributes)


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """Make a list of names and what they are."""
    rows = (element("dt", escape(name)) + element("dd", escape(value)) for name, value in pairs)
    return element("dl", join(Html(row) for row in rows))


def corpus(raw: str, lang: str) -> Html:
    """Mark up a text out of the corpus: its own writing direction and, where known, language."""
    known = lang != UNKNOWN_LANGUAGE and _LANGUAGE.fullmatch(lang)
    attributes = {"dir": "auto", **({"lang": lang} if known else {})}
    return element("bdi", escape(raw), attributes)


def isolated(raw: str) -> Html:
    """Mark up a name that may run from the right, so that it does not turn what is around it."""
    return element("bdi", escape(raw), {"dir": "auto"})


def text(raw: str) -> Cell:
    """Make a cell of plain text."""
    return Cell(isolated(raw) if raw else Html(""))


def number(value: float | None) -> Cell:
    """Make a cell of a number, or of a dash where there is none."""
    return Cell(escape(decimal(value)), "number")


def decimal(value: float | None) -> str:
    """Write a number with three decimals, a whole one without, a tiny one in powers of ten."""
    if value is None:
        return DASH
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    size = abs(value)
    if 0 < size < 0.0005 or size >= 1e6:
        return f"{'−' if value < 0 else ''}{size:.1e}"
    return f"{value:,.3f}".replace("-", "−")


def table(data: Table) -> Html:
    """Draw a table inside a box that scrolls by itself, so that the page never does."""
    numbers = {at for row in data.rows for at, cell in enumerate(row) if cell.kind == "number"}
    head = join(
        element("th", escape(name), {"scope": "col", **_aligned(at in numbers)})
        for at, name in enumerate(data.head)
    )
    body = join(element("tr", _row(row)) for row in data.rows)
    whole = join(
        (
            element("caption", escape(data.caption)),
            element("thead", element("tr", head)),
            element("tbody", body),
        )
    )
    return scroller(element("table", whole), data.caption)


def blocks(data: Table, most: int = 8) -> tuple[Table, ...]:
    """Split a table that is too wide for paper into tables of columns, the first in each.

    Args:
        data: the table.
        most: columns of one block beside the first.
    """
    count = max(1, math.ceil((len(data.head) - 1) / most))
    cuts = [1 + at * (len(data.head) - 1) // count for at in range(count + 1)]
    if count == 1:
        return (data,)
    return tuple(
        Table(
            f"{data.caption} Part {part} of {count}.",
            (data.head[0], *data.head[start:end]),
            tuple((row[0], *row[start:end]) for row in data.rows),
        )
        for part, (start, end) in enumerate(pairwise(cuts), start=1)
    )


def scroller(content: Html, name: str) -> Html:
    """Make a box that scrolls sideways and that a keyboard reaches."""
    attributes = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": name}
    return element("div", content, attributes)


def folded(summary: Html, content: Html, *, is_open: bool = False, printed: bool = True) -> Html:
    """Make a part that unfolds; on paper it is unfolded unless it is too long to print."""
    attributes = {} if printed else {"class": "unprinted"}
    if is_open:
        attributes["open"] = ""
    return element("details", join((element("summary", summary), content)), attributes)


def section(anchor: str, title: str, parts: Sequence[Html]) -> Html:
    """Make a section of the report under a heading of the second level."""
    heading = element("h2", escape(title), {"id": f"{anchor}-title"})
    attributes = {"id": anchor, "aria-labelledby": f"{anchor}-title"}
    return element("section", join((heading, *parts)), attributes)


def _row(cells: Sequence[Cell]) -> Html:
    first, *rest = cells
    return join(
        (
            element("th", first.content, {"scope": "row", **_aligned(first.kind == "number")}),
            *(element("td", cell.content, _aligned(cell.kind == "number")) for cell in rest),
        )
    )


def _aligned(is_number: bool) -> Mapping[str, str]:
    return {"class": "number"} if is_number else {}
