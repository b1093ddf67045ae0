"""The page of a terminal: to the letter, and within its width."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from search.audit.result import Audit, AuditNeighbour, Matrix, Mode, WorstQuery
from search.reports.terminal import render_audit
from tests.reports.audits import small

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "[bold]x[/bold] \x1b[31m \u202eevil עברית 漢字 " * 9


def draw(audit: Audit, width: int) -> str:
    """Render as the command line does."""
    file = StringIO()
    console = Console(file=file, width=width, markup=False, highlight=False, emoji=False)
    console.print(render_audit(audit))
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


@pytest.mark.parametrize("mode", ["labels", "groups", "judgements"])
def test_page_to_the_letter(mode: Mode) -> None:
    """Each mode gives its golden file."""
    assert draw(small(mode), 100) == (GOLDEN / f"{mode}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 100])
def test_nothing_is_wider_than_the_page(width: int) -> None:
    """Long tags and ids, wide and right-to-left texts, markup: plain text within the width."""
    names = [f"x-very-long-language-tag-{i}" for i in range(20)]
    rich = small("groups")
    near = AuditNeighbour(1, HOSTILE, names[0], 0.5, HOSTILE, False)
    audit = replace(
        rich,
        index=replace(rich.index, languages=dict.fromkeys(names, 5)),
        by_language=dict.fromkeys(names, rich.by_language["he"]),
        matrix=Matrix(10, *({a: dict.fromkeys(names, 0.05) for a in names} for _ in "12")),
        worst=(WorstQuery(HOSTILE, names[0], HOSTILE, 9, 10, 1.0, 0.1, 2, (near,) * 10),),
    )
    page = draw(audit, width)
    assert max(cell_len(line) for line in page.splitlines()) <= width
    assert "8 smaller languages are left out" in page
    assert "[bold]x[/bold]" in page
    assert "עברית" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_undefined_has_its_reason() -> None:
    """A dash points to a footnote."""
    page = draw(small("groups"), 80)
    assert "-¹" in page
    assert "¹ no other share was possible" in page


def test_a_long_text_ends_in_an_ellipsis() -> None:
    """What does not fit is seen to be missing."""
    rich = small("groups")
    audit = replace(rich, worst=(replace(rich.worst[0], text="word " * 60),))
    shown = next(line for line in draw(audit, 80).splitlines() if "word word" in line)
    assert shown.endswith("…")
