"""One thing that was looked at, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from indexer.errors import CorruptError, InterlinguaError

Severity = Literal["ok", "note", "warning", "error"]
"""``ok``: in order. ``note``: worth knowing. ``warning``: will fail one day, or slows. ``error``:
something does not work now."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity
    subject: str
    """What was looked at, in a word or two: ``file system``."""
    what: str
    """What was found."""
    remedy: str | None = None
    """What to do; None where nothing needs to be done."""
    code: int = 0
    """Exit code that a command would end with for it; 0 unless it is an error."""


def ok(subject: str, what: str) -> Finding:
    """Say that something is in order."""
    return Finding("ok", subject, what)


def failure(subject: str, error: InterlinguaError) -> Finding:
    """Turn the error of a command into a finding."""
    return Finding("error", subject, error.message, error.remedy, error.exit_code)


def exit_code(findings: Iterable[Finding]) -> int:
    """Choose the exit code of an examination.

    Returns:
        0 without errors; 8 as soon as something is damaged; else the code of the first error.
    """
    codes = [finding.code for finding in findings if finding.severity == "error"]
    return CorruptError.exit_code if CorruptError.exit_code in codes else next(iter(codes), 0)
