"""A comparison in words: what moved, by how much, and whether that is more than noise."""

from collections.abc import Iterable

from indexer.nouns import are, counted
from search.comparison.differing import added_and_removed
from search.comparison.numbers import number, p_text, percent, signed
from search.comparison.result import Comparison, Difference, Outcome
from search.measures.measure import Measure

_SAID: dict[Outcome, str] = {
    "better": "better, and more than noise explains",
    "worse": "worse, and more than noise explains",
    "changed": "more than noise explains; whether it is better is for you to say",
    "noise": "no more than noise explains",
}


def sentence(measure: Measure, found: Difference, level: float) -> str:
    """Say how one measure moved."""
    if found.difference is None:
        return f"{measure}: {found.reason}."
    moved = f"{measure} {_verb(found.difference)} {number(found.a)} to {number(found.b)}"
    if found.negligible:
        moved = f"{measure} stayed at {number(found.a)}"
    if found.p is None or found.low is None or found.high is None:
        return f"{moved} ({signed(found.difference)}, n = {found.n}); {found.reason}."
    return (
        f"{moved} ({signed(found.difference)}, {percent(level)} interval {signed(found.low)} to "
        f"{signed(found.high)}, {p_text(found.p)}, n = {found.n}): {_SAID[found.outcome]}."
    )


def paired_queries(comparison: Comparison) -> str:
    """Say how many queries were compared, and how many were not."""
    left = [
        f"{count} of {which} alone"
        for count, which in ((comparison.only_a, "A"), (comparison.only_b, "B"))
        if count
    ]
    rest = f"; left out: {', '.join(left)}" if left else ""
    n = comparison.pairs
    shared = f"{counted(n, 'query', 'queries')} {are(n)} in both"
    return f"{shared}, {counted(comparison.clusters, 'cluster')}{rest}"


def differences_of_audits(comparison: Comparison) -> Iterable[str]:
    """Say what else is not the same, one line each."""
    for each in comparison.differing:
        change = added_and_removed(each) or f"{each.a or 'none'} -> {each.b or 'none'}"
        yield f"{each.what}: {change}"
    for which, other in (("a", "A"), ("b", "B")):
        names = [str(m) for m, missing in comparison.missing.items() if missing == which]
        if names:
            yield f"not measured in {other}: {', '.join(names)}"


def caveats(comparison: Comparison) -> Iterable[str]:
    """Say what makes a change hard to read."""
    changed = {each.what for each in comparison.differing}
    if changed & {"documents", "documents by language"}:
        yield (
            "the documents changed: translations are easier to find among fewer, so that map, "
            "recall and alignment move by that alone; excess does so less, it corrects for chance"
        )
    if "mode" in changed:
        yield "more is known in one of the audits: what counts as a stranger is not the same"


def by_noise_alone(comparison: Comparison) -> str:
    """Say how many measures noise alone would move."""
    tested = [m for m in comparison.measures.values() if m.overall.p is not None]
    moved = sum(m.overall.outcome != "noise" for m in tested)
    expected = (1 - comparison.level) * len(tested)
    return (
        f"{moved} of {len(tested)} measures moved by more than noise; by noise alone "
        f"{expected:.1f} would be expected to"
    )


def _verb(difference: float) -> str:
    return "rose from" if difference > 0 else "fell from"
