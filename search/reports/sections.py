"""The sections of the report that are words and tables; each a function of the audit."""

from collections.abc import Iterable

from indexer.nouns import counted
from search.audit.result import Audit, WorstQuery
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure, Measurement, Measurements
from search.reports.bars import measured
from search.reports.page import (
    DASH,
    Cell,
    Html,
    Table,
    corpus,
    decimal,
    element,
    escape,
    facts,
    folded,
    isolated,
    items,
    join,
    number,
    paragraph,
    section,
    table,
    text,
)
from search.reports.plots import pick, spoken
from search.reports.verdict import Verdict

_KEY = ("excess", "same_language", "lift", "strong_auc", "weak_recall", "gap", "map")
"""Measures of the head, in this order."""

_OPEN = 3
"""Worst queries that are unfolded at first."""

_SIGNS = {"biased": "Biased", "some": "Some bias", "fair": "Fair", "unclear": "Unclear"}

_NEEDS = {"labels": "languages", "groups": "groups", "grid": "groups in every language"}


def verdict_section(audit: Audit, found: Verdict) -> Html:
    """Say what was found, how sure that is and what to do, beside the key numbers."""
    parts = [
        element(
            "p",
            Html(
                element("strong", escape(_SIGNS[found.level]), {"class": f"level {found.level}"})
                + " "
                + escape(found.headline)
            ),
            {"class": "headline"},
        ),
        element("dl", join(_tiles(audit)), {"class": "tiles"}),
        items(found.findings),
        paragraph(found.sureness, {"class": "sureness"}),
    ]
    if found.advice:
        parts += [element("h3", escape("What to do")), items(found.advice)]
    return section("verdict", "Verdict", parts)


def warnings_section(audit: Audit) -> Html:
    """List every warning."""
    listed = items(audit.warnings) if audit.warnings else paragraph("None.")
    return section("warnings", "Warnings", [listed])


def worst_section(audit: Audit) -> Html:
    """Show the queries whose neighbours share most language and least meaning."""
    if not audit.worst:
        reason = "None: no query has more neighbours of its language than chance explains."
        return section("worst", "Worst queries", [paragraph(reason)])
    intro = paragraph(
        "Queries whose neighbours share their language and not their meaning, the most biased "
        "first. Their own meaning is left out of the counts."
    )
    found = (_worst(query, at) for at, query in enumerate(audit.worst, start=1))
    return section("worst", "Worst queries", [intro, *found])


def measures_section(audit: Audit) -> Html:
    """Write out every measure: over all languages, then in each."""
    parts = [table(_measures("Macro average over the languages of the queries", audit.overall))]
    parts += [
        folded(escape(f"Queries in {lang}"), table(_measures(f"Queries in {lang}", found)))
        for lang, found in sorted(audit.by_language.items())
    ]
    if audit.anchors:
        rows = tuple((text(name), number(value)) for name, value in audit.anchors.items())
        caption = (
            "Yardsticks of the mean average precision: a random order, and one that is perfect "
            "within each language and keeps languages apart"
        )
        parts.append(table(Table(caption, ("yardstick", "mAP"), rows)))
    return section("measures", "All measures", parts)


def noise_section(audit: Audit) -> Html:
    """Say how far uncertain labels could move the measures."""
    noise = audit.label_noise
    counts = (
        f"The language of {noise.uncertain_documents:,} of "
        f"{counted(audit.index.documents, 'document')} and of {noise.uncertain_queries:,} of "
        f"{counted(audit.queries.sampled, 'query', 'queries')} is uncertain: "
        f"unknown, or detected with a probability below {noise.threshold:g}."
    )
    if not noise.bounds:
        none = "No bounds were computed for any measure."
        return section("noise", "Label noise", [paragraph(counts), paragraph(none)])
    rows = tuple(
        (text(str(m)), number(_value(audit.overall, m)), number(low), number(high))
        for m, (low, high) in sorted(noise.bounds.items())
    )
    caption = "What a measure would be if every uncertain label were wrong in one direction"
    head = ("measure", "value", "at least", "at most")
    return section("noise", "Label noise", [paragraph(counts), table(Table(caption, head, rows))])


def not_measured_section(audit: Audit) -> Html:
    """List what was not measured and what it would need."""
    if not audit.not_measured:
        return section("not-measured", "Not measured", [paragraph("Nothing was left out.")])
    rows = tuple((text(name), text(needs)) for name, needs in sorted(audit.not_measured.items()))
    data = Table("Measures left out", ("measure", "what it would need"), rows)
    return section("not-measured", "Not measured", [table(data)])


def method_section(audit: Audit) -> Html:
    """Say all that is needed to do it again, and how many of what there were."""
    method = audit.method
    parts = [
        element("pre", escape(method.command), {"tabindex": "0"})
        if method.command
        else paragraph("No command line: the audit was called from Python."),
        facts([*_index(audit), *_queries(audit), *_settings(audit)]),
        table(_counts(audit)),
    ]
    if audit.queries.skipped:
        rows = tuple((text(why), number(n)) for why, n in sorted(audit.queries.skipped.items()))
        parts.append(table(Table("Queries that were not asked", ("reason", "queries"), rows)))
    versions = tuple((text(name), text(v)) for name, v in sorted(method.versions.items()))
    parts.append(table(Table("Versions", ("package", "version"), versions)))
    return section("method", "Method", parts)


def definitions_section() -> Html:
    """Define every measure of the catalogue."""
    rows = tuple(
        (
            text(f"{each.name}@k" if each.at_k else each.name),
            text(each.meaning),
            text(each.range),
            text(each.better),
            text(each.chance),
            text(_NEEDS[each.needs]),
        )
        for each in CATALOGUE.values()
    )
    head = ("measure", "meaning", "range", "fairer", "chance level", "needs")
    return section("definitions", "Definitions", [table(Table("Every measure", head, rows))])


def _tiles(audit: Audit) -> Iterable[Html]:
    """Make a tile of each key measure that the audit has: value, chance, interval, n."""
    for name in _KEY:
        measure = pick(audit, name, 1 if name == "weak_recall" else None)
        found = None if measure is None else audit.overall.get(measure)
        if measure is None or found is None:
            continue
        title = CATALOGUE[name].title + (f" @ {measure.k}" if measure.k else "")
        value = element("dd", escape(decimal(found.value)), {"class": "value"})
        rest = spoken(found) if found.value is None else _beside(found)
        parts = (element("dt", escape(title)), value, element("dd", escape(rest)))
        yield element("div", join(parts))


def _beside(found: Measurement) -> str:
    """Write what stands beside a value: chance, interval, n."""
    interval = "no interval"
    if found.low is not None and found.high is not None:
        interval = f"95 % {decimal(found.low)} to {decimal(found.high)}"
    why = f" · {found.reason}" if found.reason else ""
    return f"chance {decimal(found.chance)} · {interval} · n = {found.n:,}{why}"


def _worst(query: WorstQuery, at: int) -> Html:
    head = element("p", corpus(query.text, query.lang), {"class": "query"})
    missed = (
        "which documents mean the same is unknown"
        if query.missed is None
        else f"{query.missed} translations are not among its nearest"
    )
    counts = (
        f" ({query.lang}): {query.same_language} of {query.k} neighbours in its language, "
        f"{query.expected:.1f} by chance, p = {decimal(query.p_value)}"
    )
    summary = Html(isolated(query.id) + escape(counts))
    rows = tuple(
        (
            Cell(escape(str(each.rank)), "number"),
            Cell(corpus(each.text, each.lang)),
            text(each.lang),
            text({True: "yes", False: "no", None: DASH}[each.same_meaning]),
            number(each.score),
            text(each.id),
        )
        for each in query.neighbours
    )
    columns = ("rank", "text", "language", "same meaning", "score", "id")
    neighbours = table(Table(f"Neighbours of worst query {at}; {missed}", columns, rows))
    return folded(summary, join((head, neighbours)), is_open=at <= _OPEN)


def _measures(caption: str, found: Measurements) -> Table:
    head = ("measure", "title", "value", "chance", "low", "high", "n", "reason")
    rows = tuple(
        (text(str(measure)), _title(measure), *measured(found[measure]))
        for measure in sorted(found)
    )
    return Table(f"{caption}, with chance and the 95 % interval", head, rows)


def _title(measure: Measure) -> Cell:
    """Find the title of a measure; one that the catalogue lacks has none."""
    known = CATALOGUE.get(measure.name)
    return text("" if known is None else known.title)


def _value(found: Measurements, measure: Measure) -> float | None:
    return found[measure].value if measure in found else None


def _index(audit: Audit) -> list[tuple[str, str]]:
    index = audit.index
    return [
        ("Documents", f"{index.documents:,} in {counted(len(index.languages), 'language')}"),
        ("Encoder", f"{index.encoder}, documents as {index.role}"),
        ("Fingerprint", index.fingerprint),
        ("Transform", index.transform or "none, the vectors are as encoded"),
        ("State of the index", f"commit {index.seq}"),
    ]


def _queries(audit: Audit) -> list[tuple[str, str]]:
    queries = audit.queries
    asked = {
        "documents": "each document asked for its own neighbours",
        "queries": "queries were given",
    }[queries.source]
    known = {
        "labels": "languages only",
        "groups": "which documents mean the same",
        "judgements": "which documents answer which query",
    }[audit.mode]
    return [
        ("Known", known),
        ("Queries", f"{queries.sampled:,} of {queries.total:,}; {asked}"),
    ]


def _settings(audit: Audit) -> list[tuple[str, str]]:
    method = audit.method
    checked = ", ".join(f"{name} {decimal(v)}" for name, v in sorted(method.self_check.items()))
    return [
        ("Neighbours", ", ".join(str(k) for k in method.ks)),
        ("Search", f"{method.search}, {method.arithmetic}"),
        (
            "Sample",
            "every query" if method.sample is None else counted(method.sample, "query", "queries"),
        ),
        ("Seed", str(method.seed)),
        ("Intervals", f"cluster bootstrap, {method.replicates:,} replicates, percentiles"),
        (
            "Self-check",
            f"excess@10 of planted encoders: {checked}; fair must be near 0, biased near 1"
            if checked
            else "none",
        ),
        ("Made", f"{method.created}, in {method.seconds:.1f} s"),
    ]


def _counts(audit: Audit) -> Table:
    documents, queries = audit.index.languages, audit.queries.languages
    rows = tuple(
        (text(lang), number(documents.get(lang, 0)), number(queries.get(lang, 0)))
        for lang in sorted({*documents, *queries})
    )
    return Table("Sizes by language", ("language", "documents", "queries asked"), rows)
