"""The Markdown report: to the letter, and deaf to what its texts would do."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from search.audit.result import AuditNeighbour, Mode, WorstQuery
from search.reports.markdown import code, escape, render_markdown
from tests.reports.audits import small

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = (
    "<script>alert(1)</script>",
    "[a](javascript:x) ![b](http://x.example) <http://y.example>",
    "a | b \\| c `code` ``d`` \\",
    "# head\n\n- item\n<b>bold</b>",
    "www.example.com https://example.com @someone *em* __st__ ~~no~~",
    "`",
    "",
)


def tokens(text: str) -> list[Token]:
    """Parse, and flatten."""

    def walk(found: Iterable[Token]) -> Iterable[Token]:
        for token in found:
            yield token
            yield from walk(token.children or [])

    return list(walk(MarkdownIt("commonmark").enable("table").parse(text)))


@pytest.mark.parametrize("mode", ["labels", "groups", "judgements"])
def test_report_to_the_letter(mode: Mode) -> None:
    """Each mode gives its golden file."""
    assert render_markdown(small(mode)) == (GOLDEN / f"{mode}.md").read_text(encoding="utf-8")


def test_hostile_texts_stay_texts() -> None:
    """No HTML, link, image or emphasis comes out of ids, texts, tags and warnings."""
    rich, safe = small("groups"), small("groups")
    near = tuple(AuditNeighbour(i, t, t, 0.5, t, None) for i, t in enumerate(HOSTILE))
    audit = replace(
        rich,
        worst=tuple(WorstQuery(t, t, t, 1, 2, 0.5, 0.5, None, near) for t in HOSTILE),
        warnings=HOSTILE,
        by_language=dict.fromkeys(HOSTILE, rich.by_language["he"]),
        index=replace(rich.index, encoder=" ".join(HOSTILE)),
    )
    kinds = {token.type for token in tokens(render_markdown(audit))}
    assert kinds == {token.type for token in tokens(render_markdown(safe))}
    assert not {"html_inline", "html_block", "link_open", "image", "em_open"} & kinds


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_stays_one_cell(text: str) -> None:
    """Whatever a text holds, the row keeps its three cells."""
    for written in (code(text), escape(text)):
        row = f"| a | b | c |\n| --- | --- | --- |\n| x | {written} | y |\n"
        cells = [token for token in tokens(row) if token.type == "td_open"]
        assert len(cells) == 3
        inline = [token.content for token in tokens(row) if token.type == "inline"]
        assert inline[-1] == "y"


def test_escapes_by_hand() -> None:
    """Prose loses every opening character; a backslash cannot undo the escape of a pipe."""
    assert escape("a <b> & c|d") == r"a &lt;b&gt; &amp; c\|d"
    assert code("a\\|b") == r"`a\ \|b`"
    assert code("a`b") == "`` a`b ``"
