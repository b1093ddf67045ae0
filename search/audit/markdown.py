"""An audit in Markdown: everything, in tables that GitHub draws."""

import re
from collections.abc import Iterable, Sequence

from search.audit.figures import DASH, p_value
from search.audit.result import Audit, WorstQuery
from search.audit.rows import all_measures, interval, number, observed_over_expected
from search.audit.verdict import verdict
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure, Measurements
from search.text import printable

_SPECIAL = re.compile(r"[\\`*\[\]<>#|~&$]|(?<!\w)[@_]|_(?!\w)|:(?=//)|(?<=www)\.")
"""What would be markup, a link or a mention; within a word an underscore is none."""


def render_markdown(audit: Audit) -> str:
    """Write an audit as one Markdown document.

    A pure function of the audit. Texts of the corpus are escaped: none becomes a link, a tag or a
    table cell of its own.
    """
    sections: list[Iterable[str]] = [
        _verdict(audit),
        _measures("Measures", audit.overall, all_measures(audit), "average over languages"),
        *(
            _measures(f"Queries in {lang}", row, [m for m in all_measures(audit) if m in row], "")
            for lang, row in audit.by_language.items()
        ),
        _matrix(audit),
        _leave_one_out(audit),
        _worst(audit),
        _caveats(audit),
        _method(audit),
        _definitions(audit),
    ]
    return "\n".join(line for section in sections for line in section).rstrip() + "\n"


def escape(text: str) -> str:
    """Make text stand for itself in Markdown, on one line."""
    return _SPECIAL.sub(r"\\\g<0>", printable(text))


def _verdict(audit: Audit) -> Iterable[str]:
    said, queries = verdict(audit), audit.queries
    yield "# Language-bias audit"
    yield ""
    yield f"**{escape(said.headline)}**"
    yield ""
    yield from (f"- {escape(finding)}" for finding in said.findings)
    yield ""
    yield f"How sure: {escape(said.sureness)}"
    yield ""
    yield from (f"To do: {escape(advice)}\n" for advice in said.advice)
    yield from _table(
        ["", ""],
        [
            ["documents", str(audit.index.documents)],
            ["languages", ", ".join(f"{k} {n}" for k, n in audit.index.languages.items())],
            ["who asked", f"{queries.sampled} of {queries.total} {queries.source}"],
            ["not asked", ", ".join(f"{n}: {r}" for r, n in queries.skipped.items()) or "none"],
            ["what is known", audit.mode],
        ],
    )


def _measures(
    title: str, found: Measurements, measures: Sequence[Measure], what: str
) -> Iterable[str]:
    yield f"## {escape(title)}"
    yield ""
    if what:
        yield f"Each the {what}."
        yield ""
    yield from _table(
        ["measure", "value", "by chance", "95 % interval", "n"],
        [
            [
                str(measure),
                number(found[measure].value),
                number(found[measure].chance),
                interval(found[measure]),
                str(found[measure].n),
            ]
            for measure in measures
        ],
    )
    reasons = [f"- {m}: {escape(r)}" for m in measures if (r := found[m].reason)]
    yield from [*reasons, ""] if reasons else []


def _matrix(audit: Audit) -> Iterable[str]:
    observed = audit.matrix.observed
    names = sorted({*observed, *(found for row in observed.values() for found in row)})
    yield f"## Languages of the {audit.matrix.k} nearest, as a multiple of chance"
    yield ""
    yield "A row asks, a column is found; the query's own meaning is left out."
    yield ""
    yield from _table(
        ["", *names],
        [
            [asked, *(number(observed_over_expected(audit, asked, found), 2) for found in names)]
            for asked in observed
        ],
    )


def _leave_one_out(audit: Audit) -> Iterable[str]:
    if audit.leave_one_out is None:
        return
    names = sorted({found for row in audit.leave_one_out.values() for found in row})
    yield "## Fall of the mean average precision without the answer in one language"
    yield ""
    yield "A row asks, a column is taken away."
    yield ""
    yield from _table(
        ["", *names],
        [
            [asked, *(number(row.get(gone)) for gone in names)]
            for asked, row in audit.leave_one_out.items()
        ],
    )
    if audit.anchors:
        yield from (
            f"- {escape(name)}: {number(value, 4)}" for name, value in audit.anchors.items()
        )
        yield ""


def _worst(audit: Audit) -> Iterable[str]:
    if not audit.worst:
        return
    yield "## Queries that language misleads most"
    yield ""
    for query in audit.worst:
        yield from _query(query)


def _query(query: WorstQuery) -> Iterable[str]:
    missed = "" if query.missed is None else f", {query.missed} translations missed"
    yield f"**{escape(query.text)}** ({escape(query.id)}, {escape(query.lang)})"
    yield ""
    yield (
        f"{query.same_language} of {query.k} strangers in its language, by chance "
        f"{query.expected:.1f}, {p_value(query.p_value)}{missed}."
    )
    yield ""
    yield from _table(
        ["", "score", "language", "same meaning", "id", "text"],
        [
            [
                str(n.rank),
                f"{n.score:.3f}",
                n.lang,
                DASH if n.same_meaning is None else "yes" if n.same_meaning else "no",
                n.id,
                n.text,
            ]
            for n in query.neighbours
        ],
    )


def _caveats(audit: Audit) -> Iterable[str]:
    noise = audit.label_noise
    yield "## What to mind"
    yield ""
    yield from (f"- {escape(warning)}" for warning in audit.warnings)
    yield (
        f"- {noise.uncertain_documents} documents and {noise.uncertain_queries} queries have an "
        f"uncertain language label (unknown, or detected with a probability below "
        f"{noise.threshold:g})"
    )
    if noise.uncertain_documents or noise.uncertain_queries:
        for measure, (low, high) in noise.bounds.items():
            yield f"- if all were wrong one way or the other, {measure}: {low:.3f} or {high:.3f}"
    for measure_name, need in audit.not_measured.items():
        yield f"- not measured: {escape(measure_name)}; it needs {escape(need)}"
    yield ""


def _method(audit: Audit) -> Iterable[str]:
    method, index = audit.method, audit.index
    rows = [
        ["command", method.command or DASH],
        ["encoder", index.encoder],
        ["fingerprint", index.fingerprint],
        ["role of the documents", index.role],
        ["transform", index.transform or "none"],
        ["arithmetic", method.arithmetic],
        ["search", method.search],
        ["seed", str(method.seed)],
        ["bootstrap samples", f"{method.replicates}, whole groups drawn"],
        ["sample", "all" if method.sample is None else str(method.sample)],
        ["commit", str(index.seq)],
        ["when", method.created],
        ["seconds", f"{method.seconds:.1f}"],
        ["versions", ", ".join(f"{name} {v}" for name, v in method.versions.items())],
        [
            "check on planted data",
            ", ".join(f"{name} encoder {v:.3f}" for name, v in method.self_check.items()),
        ],
    ]
    yield "## Method"
    yield ""
    yield from _table(["", ""], rows)


def _definitions(audit: Audit) -> Iterable[str]:
    yield "## Definitions"
    yield ""
    for name in dict.fromkeys(measure.name for measure in all_measures(audit)):
        known = CATALOGUE.get(name)
        if known is not None:
            yield f"- {name}: {known.meaning} Chance: {known.chance}."
    yield ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(map(escape, heads))} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(map(escape, row))} |" for row in rows)
    yield ""
