"""Every number of docs/findings.md was printed by the script that it names."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_numbers_are_those_of_the_run() -> None:
    """Whatever has three decimals, and every count, stands in the script's output."""
    findings = (DOCS / "findings.md").read_text(encoding="utf-8").replace(",", "")
    printed = (DOCS / "reproduction.md").read_text(encoding="utf-8").replace(",", "")
    numbers = re.findall(r"(?<![\d.])(?:\d+\.\d{3,4}|\d{4,5})(?![\d.])", findings)
    known = set(re.findall(r"\d+(?:\.\d+)?", printed))
    # Chance levels are rounded once more on the page, and years and article numbers are no results.
    allowed = {"0.001", "0.002", "0.125", "0.091", "0.092", "2004"}
    assert len(numbers) > 100
    assert set(numbers) - known - allowed == set()
