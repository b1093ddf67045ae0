"""What an audit found, sentence by sentence; how sure that is.

Each sentence holds its numbers, and says "no evidence of" where there is none.
"""

from indexer.nouns import counted
from search.audit.caveats import FEW
from search.audit.result import Audit
from search.measures.measure import Measure, Measurement
from search.reports.figures import beside, figure, interval, pick, stated

ALIGNED = 0.5
"""Alignment, with chance taken off, from which most translations are found; share of the way
from chance to 1."""

LOST = 0.2
"""Alignment, with chance taken off, below which four translations in five are not found."""

APART = 0.05
"""Difference between languages from which a cut or a loss is worth a sentence."""


def find(audit: Audit) -> tuple[str, ...]:
    """Say what was found; what the audit does not hold is not mentioned."""
    sentences = (
        _extremes(audit),
        _matched(audit),
        _alignment(audit),
        _against_strangers(audit),
        _precision(audit),
        _between(audit, "truncated", "documents longer than the encoder reads"),
        _between(audit, "served_recall", "exact neighbours that are served"),
    )
    return tuple(sentence for sentence in sentences if sentence)


def sureness(audit: Audit, stands: bool | None) -> str:
    """Say how sure the headline is; ``stands``: whether it survives the worst of label noise."""
    parts = [
        _by_interval(audit),
        "The audit was stopped before all queries were asked." if audit.interrupted else "",
        _noise(audit, stands),
        "Known are languages only, not what means the same: a language cannot be told from the "
        "topics its documents are about."
        if audit.mode == "labels"
        else "",
    ]
    return " ".join(part for part in parts if part)


def alignment(audit: Audit) -> str:
    """Sort weak and strong alignment, chance taken off each.

    Returns:
        ``strong``, ``hidden`` (weak without strong: language hides it), ``lost`` (neither),
        ``partly``, or ``unknown``.
    """
    weak, strong = _corrected(audit, "weak_recall"), _corrected(audit, "strong_strict")
    if weak is None or strong is None:
        return "unknown"
    if strong >= ALIGNED:
        return "strong"
    if weak >= ALIGNED:
        gap = _measured(audit, "gap")
        sure = gap is not None and gap[1].low is not None and gap[1].low > 0
        return "hidden" if sure and weak - strong >= LOST else "partly"
    return "lost" if weak < LOST else "partly"


def _alignment(audit: Audit) -> str:
    weak, strong = _measured(audit, "weak_recall"), _measured(audit, "strong_strict")
    if weak is None or strong is None:
        return ""
    said = {
        "strong": "Translations come before unrelated documents of the query's language, mostly",
        "hidden": "The languages are aligned, and language hides it",
        "lost": "The encoder does not align these languages: most translations are not found even "
        "among documents of their language alone",
        "partly": "The languages are aligned in part",
    }
    state = alignment(audit)
    if state not in said:
        return ""
    gap = _measured(audit, "gap")
    apart = f", {stated(*gap)}" if gap else ""
    return f"{said[state]}: {stated(*weak)}, {stated(*strong)}{apart}."


def _against_strangers(audit: Audit) -> str:
    """Read strong_auc against one half."""
    found = _measured(audit, "strong_auc")
    if found is None or found[1].low is None or found[1].high is None:
        return ""
    if found[1].high < 0.5:
        said = "Language outweighs meaning: an unrelated document of the query's language is more "
        said += "often nearer than a translation"
    elif found[1].low > 0.5:
        said = "A translation is more often nearer than an unrelated document of the query's "
        said += "language"
    else:
        said = "No evidence that a translation is nearer than an unrelated document of the query's "
        said += "language, or farther"
    return f"{said}: {stated(*found)}."


def _precision(audit: Audit) -> str:
    """Hold mAP against its two anchors."""
    found = _measured(audit, "map")
    if found is None or found[1].low is None or found[1].high is None:
        return ""
    low, high = found[1].low, found[1].high
    random = audit.anchors.get("map_random")
    apart = audit.anchors.get("map_language_separated")
    said = f"LAReQA mAP is {figure(found[1].value)} ({beside(found[1])})"
    if random is not None:
        better = "" if low > random else ", no evidence that it is better"
        said += f", that of a random order {figure(random)}{better}"
    if apart is not None:
        where = (
            "it stays below, so meaning is lost within languages too"
            if high < apart
            else "it lies above"
            if low > apart
            else "no evidence of a difference"
        )
        said += (
            f", that of an order perfect within each language with the languages kept in blocks "
            f"{figure(apart)}: {where}"
        )
    return f"{said}."


def _matched(audit: Audit) -> str:
    """Say what is left of excess where topics are the same in every language."""
    plain, found = _measured(audit, "excess"), _measured(audit, "excess_matched")
    if plain is None or found is None or found[1] == plain[1]:
        return ""
    return (
        "Among documents whose meaning is there in every language, so that topic cannot pass for "
        f"language, it is {stated(*found)}."
    )


def _extremes(audit: Audit) -> str:
    """Name the most and the least biased language among those with queries enough."""
    rows = _languages(audit, "excess")
    rows = {lang: row for lang, row in rows.items() if row.n >= FEW} or rows
    if len(rows) < 2:
        return ""
    order = sorted(rows, key=lambda lang: (-(rows[lang].value or 0), lang))
    most, least = order[0], order[-1]
    same = "; their intervals overlap" if _overlap(rows[most], rows[least]) else ""
    return (
        f"Highest excess@{_k(audit, 'excess')}: {most} {_brief(rows[most])}; lowest: {least} "
        f"{_brief(rows[least])}{same}."
    )


def _between(audit: Audit, name: str, what: str) -> str:
    """Say where the languages differ in what is cut off or lost; nothing if they hardly do."""
    if not differs(audit, name):
        return ""
    rows = _languages(audit, name)
    order = sorted(rows, key=lambda lang: (rows[lang].value or 0, lang))
    measure = pick(audit.overall, name, audit.matrix.k) or Measure(name)
    return (
        f"Languages differ in the share of {what} ({measure}): from {order[0]} "
        f"{_brief(rows[order[0]])} to {order[-1]} {_brief(rows[order[-1]])}."
    )


def differs(audit: Audit, name: str) -> bool:
    """Whether languages differ in a measure by APART and beyond their intervals."""
    rows = _languages(audit, name)
    if len(rows) < 2:
        return False
    order = sorted(rows.values(), key=lambda row: row.value or 0)
    far = (order[-1].value or 0) - (order[0].value or 0) >= APART
    return far and not _overlap(order[0], order[-1])


def _by_interval(audit: Audit) -> str:
    found = _measured(audit, "excess")
    if found is None:
        return "Excess has no value."
    measure, row = found
    if row.low is None or row.high is None:
        return f"{measure} has no interval (n {row.n:,})."
    return (
        f"The 95 % interval of {measure} is {interval(row)}, by a bootstrap of "
        f"{audit.method.replicates:,} draws; {counted(row.n, 'query', 'queries')} of "
        f"{counted(len(audit.queries.languages), 'language')}."
    )


def _noise(audit: Audit, stands: bool | None) -> str:
    noise = audit.label_noise
    if not noise.uncertain_documents and not noise.uncertain_queries:
        return "No language label is uncertain." if noise.bounds else ""
    counts = (
        f"The language of {counted(noise.uncertain_documents, 'document')} and "
        f"{counted(noise.uncertain_queries, 'query', 'queries')} is uncertain"
    )
    found = _measured(audit, "excess")
    if found is None or found[0] not in noise.bounds:
        return f"{counts}; how far that could move the numbers is not known."
    low, high = noise.bounds[found[0]]
    whether = {True: ", and the verdict would stand", False: ", and the verdict might not stand"}
    return (
        f"{counts}: were every such label wrong in one direction, {found[0]} would be "
        f"{figure(low)}, in the other {figure(high)}{'' if stands is None else whether[stands]}."
    )


def _measured(audit: Audit, name: str) -> tuple[Measure, Measurement] | None:
    """Find a measure that has a value, at the k nearest to the matrix's."""
    measure = pick(audit.overall, name, audit.matrix.k)
    if measure is None or audit.overall[measure].value is None:
        return None
    return measure, audit.overall[measure]


def _corrected(audit: Audit, name: str) -> float | None:
    """Take chance off: (value - chance) / (1 - chance)."""
    found = _measured(audit, name)
    if found is None or found[1].value is None or found[1].chance in {None, 1.0}:
        return None
    chance = found[1].chance or 0.0
    return (found[1].value - chance) / (1 - chance)


def _languages(audit: Audit, name: str) -> dict[str, Measurement]:
    """Map languages to a measure's values in them, where there are any."""
    found = {}
    for lang, row in audit.by_language.items():
        measure = pick(row, name, audit.matrix.k)
        if measure is not None and row[measure].value is not None:
            found[lang] = row[measure]
    return found


def _overlap(one: Measurement, other: Measurement) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    return one.low <= other.high and other.low <= one.high


def _brief(row: Measurement) -> str:
    return f"{figure(row.value)} ({interval(row)}, n {row.n:,})"


def _k(audit: Audit, name: str) -> int | None:
    measure = pick(audit.overall, name, audit.matrix.k)
    return measure.k if measure else audit.matrix.k
