"""What a gate found, limit by limit, and what that means for the release."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from search.comparison.numbers import number, signed
from search.measures.measure import Measure

Status = Literal["pass", "fail", "inconclusive"]

EXIT: Mapping[Status, int] = {"pass": 0, "fail": 4, "inconclusive": 5}


@dataclass(frozen=True, slots=True)
class Finding:
    """One limit, judged."""

    status: Status
    measure: Measure
    language: str | None
    """None: the average over the query languages."""
    limit: str
    """Name of the limit: ``max_increase``."""
    allowed: float
    before: float | None
    """In the baseline; None for a limit that needs none. On the queries that both audits have."""
    now: float | None
    judged: float | None
    """What is held against ``allowed``: the change (now - before), or the value itself."""
    low: float | None
    """Interval of ``judged``."""
    high: float | None
    p: float | None
    """Of the change, corrected over the languages; None for a value."""
    n: int
    """Queries (for measures of the vectors: documents) it rests on."""
    why: str
    """One clause."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says."""

    findings: tuple[Finding, ...]
    """In the order of the thresholds, at least one."""
    notes: tuple[str, ...]
    """What was not judged, and what else differs from the baseline."""
    alpha: float

    @property
    def status(self) -> Status:
        """The worst there is: failing beats inconclusive, inconclusive beats passing."""
        found = {finding.status for finding in self.findings}
        return "fail" if "fail" in found else "inconclusive" if "inconclusive" in found else "pass"

    @property
    def exit_code(self) -> int:
        """0 pass, 4 fail, 5 inconclusive."""
        return EXIT[self.status]


def judged_with_interval(finding: Finding) -> str:
    """Write what was judged: ``+0.0390 [+0.0201, +0.0582]``, or ``0.612 [0.601, 0.623]``."""
    write = number if finding.limit in {"max_value", "min_value"} else signed
    if finding.low is None or finding.high is None:
        return write(finding.judged)
    return f"{write(finding.judged)} [{write(finding.low)}, {write(finding.high)}]"
