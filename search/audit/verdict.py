"""What an audit says, in plain words: what was found, how sure that is, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from search.audit.result import Audit
from search.measures.measure import Measure, Measurement

Level = Literal["biased", "some", "fair", "unclear"]

BIASED = 0.2
"""Excess from which language bias is called large: a fifth of the way from chance to nothing but
the query's language, one or two neighbours of ten."""

SMALL = 0.05
"""Excess below which it is called small: half a neighbour of ten, which nobody would see."""

WIDE = 0.2
"""Width of the interval from which no level is named."""

FEW = 30
"""Queries below which no level is named."""

WEAK_GOOD, STRONG_GOOD, STRONG_POOR = 0.5, 0.9, 0.5
"""Weak recall from which an encoder aligns languages; AUC from which translations are mostly
nearer than strangers, and strict share below which they mostly are not nearest."""

_NAMED = 3
"""Languages named at each end."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an audit says."""

    level: Level
    headline: str
    """One sentence."""
    findings: tuple[str, ...]
    """Sentences with values, chance levels, intervals and numbers of queries."""
    sureness: str
    """How sure it is, and what could still be wrong."""
    advice: tuple[str, ...]
    """What to do."""


def verdict(audit: Audit) -> Verdict:
    """Read an audit as a person would, and say it in words."""
    k = audit.matrix.k
    excess = audit.overall[Measure("excess", k)]
    level = _level(excess)
    return Verdict(
        level=level,
        headline=_headline(audit, level, k),
        findings=tuple(_findings(audit, k)),
        sureness=_sureness(audit, excess),
        advice=tuple(_advice(audit, level)),
    )


def _level(excess: Measurement) -> Level:
    """Name the size of the bias, where the data allow a name."""
    if excess.value is None or excess.low is None or excess.high is None or excess.n < FEW:
        return "unclear"
    if excess.low >= BIASED:
        return "biased"
    if excess.high - excess.low > WIDE:
        return "unclear"
    if excess.value >= BIASED:
        return "biased"
    return "some" if excess.low > 0 and excess.value >= SMALL else "fair"


def _headline(audit: Audit, level: Level, k: int) -> str:
    share = audit.overall[Measure("same_language", k)]
    excess = audit.overall[Measure("excess", k)]
    if share.value is None or share.chance is None:
        return f"Nothing can be said about language bias: {share.reason}."
    of_k = (
        f"{k * share.value:.1f} of the {k} nearest documents are in the query's language, where "
        f"chance would put {k * share.chance:.1f}"
    )
    if level == "biased":
        return f"Language decides much of what is found: {of_k}."
    if level == "some":
        return f"Some language bias: {of_k}."
    if level == "unclear":
        return f"Too little to tell: {of_k}, but {_interval('the excess', excess)}."
    if (excess.value or 0) <= -SMALL:
        return f"Queries avoid their own language: {of_k}."
    return f"No language bias worth the name: {of_k}."


def _findings(audit: Audit, k: int) -> Iterable[str]:
    excess = audit.overall[Measure("excess", k)]
    if excess.value is not None:
        yield (
            f"Language bias: {_interval(f'excess@{k}', excess)}, where 0 is chance and 1 means "
            f"nothing but the query's language (n = {excess.n})."
        )
        yield from _languages(audit, k)
    weak = _known(audit, Measure("weak_recall", 1))
    strong = _known(audit, Measure("strong_strict"))
    auc = _known(audit, Measure("strong_auc"))
    if weak and strong and auc:
        yield (
            f"Alignment: searched language by language, {weak.value:.0%} of nearest documents are "
            f"translations (chance {weak.chance:.1%}); with all languages in one pool, "
            f"{strong.value:.0%} of translations are nearer than every unrelated document of the "
            f"query's language. A translation beats one such document in {auc.value:.0%} of "
            "cases (chance 50%)."
        )
    precision = _known(audit, Measure("map"))
    if precision and audit.anchors:
        yield _precision(audit, precision)
    first = _known(audit, Measure("own_language_first"))
    if first:
        yield (
            f"The nearest right answer is in the query's language for {first.value:.0%} of queries "
            f"(chance {first.chance:.0%}, n = {first.n})."
        )
    yield from _channels(audit, k)


def _languages(audit: Audit, k: int) -> Iterable[str]:
    """Name the languages at both ends."""
    rows = {
        lang: found.value
        for lang, row in audit.by_language.items()
        if (found := row.get(Measure("excess", k))) is not None and found.value is not None
    }
    order = sorted(rows, key=lambda lang: (-rows[lang], lang))
    if len(order) < 2:
        return
    worst = ", ".join(f"{lang} {rows[lang]:.2f}" for lang in order[:_NAMED])
    best = ", ".join(f"{lang} {rows[lang]:.2f}" for lang in reversed(order[-_NAMED:]))
    if len(order) <= _NAMED:
        yield f"By language of the query: {worst}."
    else:
        yield f"Most in {worst}; least in {best}."


def _precision(audit: Audit, precision: Measurement) -> str:
    chance = audit.anchors.get("map_random", 0.0)
    separated = audit.anchors.get("map_language_separated")
    said = f"{_interval('Mean average precision', precision)}; a random order has {chance:.3f}"
    if separated is None or precision.value is None:
        return f"{said}."
    said += f", one that keeps languages apart and is perfect within each {separated:.3f}"
    if precision.value <= separated:
        return f"{said}: this index does no better than to keep languages apart."
    return f"{said}."


def _channels(audit: Audit, k: int) -> Iterable[str]:
    """Ways in which a language can be served worse that no vector shows."""
    for measure, what in (
        (Measure("truncated"), "of its documents cut off"),
        (Measure("served_recall", k), "of its exact neighbours served"),
    ):
        rows = {
            lang: row[measure].value
            for lang, row in audit.by_language.items()
            if measure in row and row[measure].value is not None
        }
        if not rows:
            continue
        low, high = min(rows, key=lambda x: rows[x] or 0), max(rows, key=lambda x: rows[x] or 0)
        spread = (rows[high] or 0) - (rows[low] or 0)
        if spread >= 0.01:
            yield (
                f"Languages are not served alike: {high} has {rows[high]:.1%} {what}, "
                f"{low} {rows[low]:.1%}."
            )


def _sureness(audit: Audit, excess: Measurement) -> str:
    parts = []
    if excess.low is not None:
        things = "groups" if audit.mode != "labels" else "queries"
        parts.append(f"95 % interval over {things}, n = {excess.n} queries")
    elif excess.reason:
        parts.append(excess.reason)
    bounds = audit.label_noise.bounds.get(Measure("excess", audit.matrix.k))
    uncertain = audit.label_noise.uncertain_documents + audit.label_noise.uncertain_queries
    if uncertain and bounds:
        parts.append(
            f"uncertain language labels alone could put the excess between {bounds[0]:.2f} and "
            f"{bounds[1]:.2f}"
        )
    if audit.mode == "labels":
        parts.append("without groups, a difference in topic looks the same as one in language")
    if audit.interrupted:
        parts.append("interrupted: these are the queries that were asked until then")
    return "; ".join(parts) + "."


def _advice(audit: Audit, level: Level) -> Iterable[str]:
    if level == "unclear":
        yield "Ask more queries, in every language, before you act on this."
    if audit.mode == "labels":
        yield (
            "Join documents that mean the same with `group`, or give judged queries: only then "
            "can language be told from topic, and alignment be measured."
        )
    weak = _known(audit, Measure("weak_recall", 1))
    strong = _known(audit, Measure("strong_strict"))
    if level in {"biased", "some"} and weak and strong and weak.value and strong.value is not None:
        if weak.value >= WEAK_GOOD and strong.value < STRONG_POOR:
            yield (
                "The alignment is there and the language hides it: subtracting each language's "
                "mean vector, or another closed-form debiasing, is likely to help without "
                "another encoder."
            )
        elif weak.value < WEAK_GOOD:
            yield (
                "Translations are not found even within their own language: debiasing cannot "
                "bring out what is not there. Try another encoder, or its right prompts."
            )
    elif level in {"biased", "some"}:
        yield "Compare with another encoder on the same corpus before you change anything."
    if level == "fair":
        yield "Keep this audit as the baseline of a gate, so that a change for the worse is seen."


def _known(audit: Audit, measure: Measure) -> Measurement | None:
    """Find a measurement that has a value."""
    found = audit.overall.get(measure)
    return None if found is None or found.value is None else found


def _interval(name: str, found: Measurement) -> str:
    if found.value is None:
        return f"{name} is undefined"
    if found.low is None or found.high is None:
        return f"{name} is {found.value:.3f}, without an interval"
    return f"{name} is {found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
