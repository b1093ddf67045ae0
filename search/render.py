"""Answers as people read them on a terminal and as programs read them in JSON."""

from collections.abc import Mapping
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from indexer.records import UNKNOWN_LANGUAGE
from search.answer import Answer
from search.explain import explain
from search.options import Mode
from search.text import printable

SEARCH_SCHEMA = "interlingua.search/1"

# Neighbouring sums of reciprocal ranks differ in the fourth digit.
_DIGITS: Mapping[Mode, int] = {"dense": 3, "lexical": 2, "hybrid": 5}
_SHOWN_ID = 20
_SHOWN_TEXT = 400
"""Characters of a text that a table shows."""


def answer_json(answer: Answer) -> dict[str, object]:
    """Make the ``interlingua.search/1`` document of one answer; see docs/formats.md."""
    query = answer.query
    return {
        "schema": SEARCH_SCHEMA,
        "mode": answer.mode,
        "query": {
            "id": query.id,
            "text": query.text,
            "lang": query.lang,
            "lang_source": query.lang_source,
            "lang_probability": query.lang_probability,
            "group": query.group,
            "fitted": answer.fitted,
        },
        "hits": [
            {
                "rank": m.rank,
                "id": m.document.id,
                "document": m.whole,
                "score": m.score,
                "lang": m.document.lang,
                "group": m.document.group,
                "text": m.document.text,
                "metadata": dict(m.document.metadata),
                "same_language": m.same_language,
                "same_meaning": m.same_meaning,
                "duplicate": m.duplicate,
            }
            for m in answer.hits
        ],
        "language_report": asdict(answer.report),
    }


def render_answer(answer: Answer) -> RenderableType:
    """Draw one answer: the query, its neighbours, and what they say about language."""
    query = answer.query
    source = query.lang
    if query.lang_source == "detected" and query.lang_probability is not None:
        source = f"{query.lang}, detected, p = {query.lang_probability:.2f}"
    head = Text.assemble(
        ("Query ", "bold"), (f"({source})  ", "dim"), printable(query.text, _SHOWN_TEXT)
    )
    if not answer.hits and answer.mode == "lexical":
        return Group(head, Text(), Text("No document in reach shares a word with it."))
    report = Text(explain(answer.report, query.lang, answer.mode))
    return Group(head, Text(), _hits_table(answer), Text(), report)


def _hits_table(answer: Answer) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("score", justify="right")
    table.add_column("id", max_width=_SHOWN_ID, no_wrap=True)
    table.add_column("lang")
    table.add_column("same\nlanguage", justify="center")
    table.add_column("same\nmeaning", justify="center")
    # The text stands last: a right-to-left line may reorder what follows it on a terminal.
    table.add_column("\ntext", overflow="fold")
    lang = answer.query.lang
    for m in answer.hits:
        note = "  (the query's own text)" if m.duplicate else ""
        table.add_row(
            str(m.rank),
            f"{m.score:.{_DIGITS[answer.mode]}f}",
            Text(printable(m.document.id)),
            m.document.lang,
            _mark(None if UNKNOWN_LANGUAGE in {lang, m.document.lang} else m.same_language),
            _mark(m.same_meaning),
            Text(printable(m.document.text, _SHOWN_TEXT) + note),
        )
    return table


def _mark(shared: bool | None) -> str:
    return "?" if shared is None else "✓" if shared else "·"
