"""What a gate found as workflow commands of GitHub Actions, which become annotations."""

from collections.abc import Iterable

from search.gate.finding import Finding, Verdict
from search.gate.report import described, subject, summary
from search.text import printable

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = {**_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}
"""Escapes of the runner's own toolkit (actions/toolkit, packages/core/src/command.ts)."""


def annotations(verdict: Verdict) -> Iterable[str]:
    """Yield ``::error``, ``::warning`` for what is inconclusive, and one ``::notice`` at the end.

    Each is one line; nothing in a measure's or a language's name can start a command of its own.
    """
    for finding in verdict.findings:
        if finding.status != "pass":
            yield _command(finding)
    yield f"::notice title=interlingua gate::{_escape(summary(verdict), _DATA)}"


def _command(finding: Finding) -> str:
    level = "error" if finding.status == "fail" else "warning"
    title = _escape(f"gate {finding.status}: {subject(finding)}", _PROPERTY)
    return f"::{level} title={title}::{_escape(described(finding), _DATA)}"


def _escape(text: str, rules: dict[int, str]) -> str:
    return printable(text).translate(rules)
