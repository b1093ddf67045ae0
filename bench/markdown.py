"""Tables in Markdown."""

from collections.abc import Iterable, Sequence

from search.measures.measure import Measurement


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table: words to the left, numbers to the right."""
    body = [tuple(row) for row in rows]
    print("| " + " | ".join(head) + " |")
    sides = ("---" if column[0][:1].isalpha() else "---:" for column in zip(*body, strict=True))
    print(f"| {' | '.join(sides)} |")
    for row in body:
        print("| " + " | ".join(row) + " |")
    print()


def cell(found: Measurement, digits: int = 3) -> str:
    """Write a value with its interval."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.{digits}f}"
    return f"{found.value:.{digits}f} ({found.low:.{digits}f}–{found.high:.{digits}f})"
