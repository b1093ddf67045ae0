"""What a gate found, as lines of at most 100 columns and as JSON ``interlingua.gate/1``."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search.comparison.numbers import number
from search.gate.finding import Finding, Status, Verdict, judged_with_interval
from search.text import printable

SCHEMA = "interlingua.gate/1"

_STYLE: dict[Status, str] = {"pass": "green", "fail": "bold red", "inconclusive": "yellow"}
_BOUND = {"max_increase": "<= +", "max_decrease": ">= -", "max_value": "<= ", "min_value": ">= "}
_TAG = 8
_NOTE = 300


def render_verdict(verdict: Verdict) -> RenderableType:
    """Draw the findings, one line each, why some did not pass, and the outcome."""
    lines = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    lines.add_column("status", no_wrap=True)
    lines.add_column("measure", no_wrap=True, max_width=24)
    lines.add_column("language", no_wrap=True)
    for head in ("before", "now", "judged [interval]", "n", "limit"):
        lines.add_column(head, justify="right", no_wrap=True)
    for finding in verdict.findings:
        lines.add_row(*_cells(finding))
    told = [f for f in verdict.findings if f.status != "pass"]
    return Group(
        lines,
        Text(),
        *_bullets(f"{f.status}: {described(f)}" for f in told),
        *_bullets(f"note: {note}" for note in verdict.notes),
        Text(f"gate: {summary(verdict)}", style=_STYLE[verdict.status]),
    )


def summary(verdict: Verdict) -> str:
    """Say how it ended: ``fail (1 fail, 2 inconclusive, 5 pass)``."""
    count = Counter(finding.status for finding in verdict.findings)
    statuses: tuple[Status, ...] = ("fail", "inconclusive", "pass")
    parts = [f"{count[status]} {status}" for status in statuses if count[status]]
    return f"{verdict.status} ({', '.join(parts)})"


def described(finding: Finding) -> str:
    """Say all of a finding in one line of text."""
    moved = "" if finding.before is None else f"{number(finding.before)} to {number(finding.now)}, "
    return (
        f"{subject(finding)}: {finding.why}: {moved}{judged_with_interval(finding)}, "
        f"n = {finding.n}, {finding.limit} {finding.allowed:g}"
    )


def subject(finding: Finding) -> str:
    """Name what was judged: ``excess@10 in he``."""
    where = "" if finding.language is None else f" in {finding.language}"
    return f"{finding.measure}{where}"


def verdict_json(verdict: Verdict, audit: str, baseline: str | None) -> dict[str, Any]:
    """Turn a verdict into JSON values.

    Args:
        verdict: of the gate.
        audit: what the audit is called.
        baseline: what its baseline is called.
    """
    return {
        "schema": SCHEMA,
        "audit": audit,
        "baseline": baseline,
        "status": verdict.status,
        "exit_code": verdict.exit_code,
        "alpha": verdict.alpha,
        "findings": [{**asdict(f), "measure": str(f.measure)} for f in verdict.findings],
        "notes": list(verdict.notes),
    }


def _cells(finding: Finding) -> Iterable[Text]:
    yield Text(finding.status, style=_STYLE[finding.status])
    yield Text(str(finding.measure))
    yield Text("all" if finding.language is None else printable(finding.language, _TAG))
    yield Text(number(finding.before))
    yield Text(number(finding.now))
    yield Text(judged_with_interval(finding))
    yield Text(str(finding.n))
    yield Text(f"{_BOUND[finding.limit]}{finding.allowed:g}")


def _bullets(lines: Iterable[str]) -> list[RenderableType]:
    return [Padding(Text(f"• {printable(line, _NOTE)}"), (0, 0, 0, 1)) for line in lines]
