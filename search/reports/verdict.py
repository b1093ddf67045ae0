"""The verdict: what an audit's numbers allow to be said, and nothing beyond it.

It rests on excess at the matrix's number of neighbours, E = (share - b) / (M - b): the part of
the places that chance would give to other languages which went to the query's own instead.
"""

from dataclasses import dataclass
from typing import Literal

from indexer.nouns import are, counted
from search.audit.caveats import FEW
from search.audit.result import Audit
from search.measures.measure import Measurement
from search.reports.advice import advise
from search.reports.figures import figure, pick, stated
from search.reports.findings import find, sureness

Level = Literal["biased", "some", "fair", "unclear"]

BAND = 0.05
"""Excess within 0.05 of 0 counts as fair. With ten neighbours it is at most half a neighbour, less
than a reader of one list can notice."""

LARGE = 0.25
"""Excess from 0.25 on is large: a quarter of the places of other languages went to the query's
own. multilingual-e5-small has about 0.8 on XQuAD-R, about 0.2 once the languages' means are
subtracted: the one must not be called small, nor the other be put beside it."""

FEW_CLUSTERS = 10
"""Independent things (a group in all its languages is one) below which a percentile bootstrap
is too narrow to be believed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit says, in words."""

    level: Level
    """``biased``: large and beyond chance. ``some``: beyond chance and smaller. ``fair``: no
    evidence of more than a negligible bias. ``unclear``: too little to say."""
    headline: str
    """One sentence."""
    findings: tuple[str, ...]
    """Sentences, each with its numbers."""
    sureness: str
    """How sure that is: interval, n, label noise, topics."""
    advice: tuple[str, ...]
    """What to do."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One measurement of excess, judged."""

    level: Level
    towards: bool
    """Whether neighbours lean towards the query's language, not away from it."""


def verdict(audit: Audit) -> Verdict:
    """Draw the conclusion.

    The level is that of excess. Where excess among documents of matched topics contradicts it,
    topic and language cannot be told apart and nothing is clear; where it is milder, it counts.
    A fair average is not fair if one language by itself is biased.
    """
    level, headline = _conclude(audit)
    return Verdict(
        level, headline, find(audit), sureness(audit, _stands(audit)), advise(audit, level)
    )


def _conclude(audit: Audit) -> tuple[Level, str]:
    measure = pick(audit.overall, "excess", audit.matrix.k)
    if measure is None:
        return "unclear", "Not clear: the audit holds no measure of excess over chance."
    found = audit.overall[measure]
    numbers, count = stated(measure, found), _in_neighbours(audit, found)
    why = _too_little(audit, found)
    if why:
        return "unclear", f"Not clear whether language decides who is a neighbour: {why}."
    plain, matched = _read(found), _matched(audit)
    if plain.level == "unclear":
        return "unclear", (
            f"Not clear whether language decides who is a neighbour: {numbers} leaves room for "
            "none and for a bias that matters."
        )
    if matched is not None and _contradict(plain, matched):
        return "unclear", (
            f"Not clear whether it is language or topic: {numbers}, and documents of matched "
            "topics say otherwise."
        )
    if plain.level == "fair":
        return _on_average(audit, found, f"{count}{numbers}")
    level = plain.level if matched is None else _milder(plain.level, matched.level)
    return level, f"{_leaning(plain, level)}: {count}{numbers}{_caveat(audit, plain, level)}."


def _on_average(audit: Audit, found: Measurement, numbers: str) -> tuple[Level, str]:
    """Conclude from an average that is fair."""
    biased = _biased_languages(audit)
    if biased:
        return "some", f"Fair on average ({numbers}), but not for {', '.join(biased)}."
    return "fair", f"{_fair(found)}: {numbers}."


def _caveat(audit: Audit, plain: _Reading, level: Level) -> str:
    if audit.mode == "labels":
        return "; without groups, topic cannot be told from language"
    return "" if level == plain.level else "; less where topics are matched"


def _leaning(reading: _Reading, level: Level) -> str:
    """Say which way and how far neighbours lean; ``level`` is biased or some."""
    if reading.towards:
        more = "far more" if level == "biased" else "somewhat more"
        return f"Neighbours share the query's language {more} than chance explains"
    less = "far less" if level == "biased" else "somewhat less"
    return f"Neighbours avoid the query's language: they share it {less} than by chance"


def _fair(found: Measurement) -> str:
    """Word fairness; an effect that is certain and tiny is both."""
    assert found.low is not None
    assert found.high is not None
    if found.low <= 0 <= found.high:
        return "No evidence of language bias"
    side = "towards" if found.low > 0 else "against"
    return f"Next to no language bias: {side} the query's language, beyond chance but tiny"


def _too_little(audit: Audit, found: Measurement) -> str:
    """Say what is missing for any conclusion, or nothing."""
    if found.value is None:
        return found.reason or "excess is undefined"
    if found.n < FEW:
        return f"{counted(found.n, 'query', 'queries')} {are(found.n)} too few (fewer than {FEW})"
    clusters = len(set(audit.per_query.clusters)) if audit.per_query else FEW_CLUSTERS
    if clusters < FEW_CLUSTERS:
        things = counted(clusters, "thing")
        return f"the queries are versions of {things} only (fewer than {FEW_CLUSTERS})"
    if found.low is None or found.high is None:
        return found.reason or "there is no interval"
    return ""


def _read(found: Measurement) -> _Reading:
    """Judge an excess by its value and interval; never for the better as it leaves 0."""
    value, low, high = found.value, found.low, found.high
    if value is None or low is None or high is None or found.n < FEW:
        return _Reading("unclear", True)
    if low >= -BAND and high <= BAND:
        return _Reading("fair", value >= 0)
    if low <= 0 <= high:
        return _Reading("unclear", value >= 0)
    sure = low > BAND or high < -BAND
    return _Reading("biased" if sure and abs(value) >= LARGE else "some", value >= 0)


def _matched(audit: Audit) -> _Reading | None:
    """Judge excess among documents of matched topics; None where that says nothing."""
    measure = pick(audit.overall, "excess_matched", audit.matrix.k)
    if measure is None:
        return None
    reading = _read(audit.overall[measure])
    return None if reading.level == "unclear" else reading


def _contradict(plain: _Reading, matched: _Reading) -> bool:
    if (plain.level == "fair") != (matched.level == "fair"):
        return True
    return plain.level != "fair" and plain.towards != matched.towards


def _milder(one: Level, other: Level) -> Level:
    return "some" if "some" in {one, other} else one


def _biased_languages(audit: Audit) -> list[str]:
    """Name languages that are biased by themselves, at their whole interval."""
    found = []
    for lang, measurements in sorted(audit.by_language.items()):
        measure = pick(measurements, "excess", audit.matrix.k)
        row = None if measure is None else measurements[measure]
        if row is None or _read(row).level != "biased":
            continue
        assert row.low is not None
        assert row.high is not None
        if row.low >= LARGE or row.high <= -LARGE:
            found.append(f"{lang} ({figure(row.value)}, n {row.n:,})")
    return found


def _in_neighbours(audit: Audit, found: Measurement) -> str:
    """Put the share of the own language in neighbours, which needs no explaining."""
    measure = pick(audit.overall, "same_language", audit.matrix.k)
    if measure is None or measure.k is None or found.value is None:
        return ""
    share = audit.overall[measure]
    if share.value is None or share.chance is None:
        return ""
    if measure.k == 1:
        return f"{share.value:.0%} of the nearest, {share.chance:.0%} by chance, "
    mine, chance = share.value * measure.k, share.chance * measure.k
    return f"{mine:.1f} of {measure.k} neighbours, {chance:.1f} by chance, "


def _stands(audit: Audit) -> bool | None:
    """Whether the level of excess survives the worst that label noise can do; None if unknown."""
    measure = pick(audit.overall, "excess", audit.matrix.k)
    if measure is None or measure not in audit.label_noise.bounds:
        return None
    found = audit.overall[measure]
    if found.value is None or found.low is None or found.high is None:
        return None
    plain = _read(found)
    ends = []
    for end in audit.label_noise.bounds[measure]:
        shift = end - found.value
        moved = Measurement(end, found.chance, found.low + shift, found.high + shift, found.n)
        ends.append(_read(moved) == plain)
    return all(ends)
