"""The reports in plain text: on a terminal and in Markdown."""

import io
import re
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from search.audit.result import Audit
from search.reports.markdown import render_markdown
from search.reports.terminal import render_audit
from tests.reports.examples import (
    TEXTS,
    groups_audit,
    hostile_audit,
    labels_audit,
    many_languages_audit,
)

AUDITS = [groups_audit, labels_audit, hostile_audit, many_languages_audit]


def drawn(audit: Audit, width: int = 100) -> str:
    """Draw an audit as the command does when its output goes to a file."""
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False, emoji=False)
    console.print(render_audit(audit))
    return out.getvalue()


@pytest.mark.parametrize("make", AUDITS)
@pytest.mark.parametrize("width", [80, 100])
def test_terminal_fits(make: Callable[[], Audit], width: int) -> None:
    """No line is wider than the terminal, in any script."""
    assert max(cell_len(line) for line in drawn(make(), width).splitlines()) <= width


def test_terminal_keeps_right_to_left_texts() -> None:
    """Hebrew and Arabic letters come out in their logical order, unchanged."""
    out = drawn(groups_audit())
    shown = [query.text for query in groups_audit().worst[:3]]
    assert any(text in out for text in shown)
    assert any(text in TEXTS["he"] + TEXTS["ar"] for text in shown)


def test_terminal_is_not_driven_by_a_corpus() -> None:
    """No escape sequence and no bidi override of a text reaches the terminal."""
    out = drawn(hostile_audit())
    assert not set(out) & set("\x1b\x07\x08\u202e\u2066\u2028")


@pytest.mark.parametrize("make", AUDITS)
def test_markdown_has_no_markup_of_the_corpus(make: Callable[[], Audit]) -> None:
    """A parser finds tables and headings, and no tag, link or image."""
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(render_markdown(make()))
    kinds = {t.type for t in tokens} | {c.type for t in tokens for c in t.children or ()}
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}
    assert {"table_open", "heading_open"} <= kinds


@pytest.mark.parametrize("make", AUDITS)
def test_markdown_tables_are_whole(make: Callable[[], Audit]) -> None:
    """Every row of a table has as many cells as its head, whatever the texts hold."""
    cells = 0
    for line in render_markdown(make()).splitlines():
        found = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
        if not line.startswith("|"):
            cells = 0
        elif not cells:
            cells = found
        assert not cells or found == cells
