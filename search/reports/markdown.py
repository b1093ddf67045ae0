"""An audit as Markdown: everything but the single queries.

Texts of the corpus, ids and language tags stand in code spans, where neither HTML nor a link nor a
mention comes to life; other text is escaped character by character.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from indexer.nouns import counted
from search.audit.result import Audit, WorstQuery
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measurement, Measurements
from search.reports.figures import DASH, figure, interval, p_value
from search.reports.verdict import verdict
from search.text import printable

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!@$]|:(?=//)|www(?=\.))")


def render_markdown(audit: Audit) -> str:
    """Write the whole report in GitHub's Markdown."""
    parts = [
        "# Language bias audit",
        *_verdict(audit),
        *_listed("Warnings", audit.warnings),
        "## Measures",
        _measures(audit.overall),
        *_anchors(audit),
        "## By language",
        *(f"### {code(lang)}\n\n{_measures(m)}" for lang, m in sorted(audit.by_language.items())),
        f"## Neighbours among the {audit.matrix.k} nearest: observed / expected share",
        _grid(_shares(audit)),
        *_leave_one_out(audit),
        *_worst(audit),
        *_noise(audit),
        *_listed("Not measured", (f"{name}: {need}" for name, need in audit.not_measured.items())),
        *_definitions(audit),
        *_method(audit),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def code(raw: str) -> str:
    """Put text of the corpus into a code span that fits into a cell of a table."""
    text = " ".join(printable(raw).split()) or "(empty)"
    # In a table a pipe is escaped even in code, and a backslash before it would undo that.
    text = text.replace("\\|", "\\ |").replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def escape(raw: str) -> str:
    """Escape prose: no HTML, no link, no emphasis, no cell or line of its own."""
    text = " ".join(printable(raw).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(lambda m: "\\" + m[0] if len(m[0]) == 1 else "ww&#119;", text)
    return re.sub(r"^([-+=]|\d+(?=[.)]))", r"\\\1" if not text[:1].isdigit() else r"\1\\", text)


def _verdict(audit: Audit) -> Iterable[str]:
    found = verdict(audit)
    yield "## Verdict"
    yield f"**{found.level.capitalize()}.** {escape(found.headline)}"
    yield _bullets(found.findings)
    yield escape(found.sureness)
    yield from _listed("What to do", found.advice)


def _measures(found: Measurements) -> str:
    head = ("measure", "title", "value", "chance", "95 % interval", "n", "note")
    return _table(head, [_row(str(m), m.name, found[m]) for m in sorted(found)])


def _row(measure: str, name: str, found: Measurement) -> tuple[str, ...]:
    title = CATALOGUE[name].title if name in CATALOGUE else ""
    numbers = figure(found.value), figure(found.chance), interval(found), f"{found.n:,}"
    return (code(measure), escape(title), *numbers, escape(found.reason or ""))


def _anchors(audit: Audit) -> Iterable[str]:
    if audit.anchors:
        yield "### Anchors of the mean average precision"
        yield _table(("anchor", "mAP"), [(code(n), figure(v)) for n, v in audit.anchors.items()])


def _shares(audit: Audit) -> Mapping[str, Mapping[str, str]]:
    return {
        lang: {
            d: f"{figure(share)} / {figure(audit.matrix.expected.get(lang, {}).get(d))}"
            for d, share in row.items()
        }
        for lang, row in audit.matrix.observed.items()
    }


def _leave_one_out(audit: Audit) -> Iterable[str]:
    if audit.leave_one_out:
        yield "## Leave one out: fall of mAP without the answer in a language"
        yield "Language of the query by row, of the answer taken away by column."
        rows = audit.leave_one_out.items()
        yield _grid({q: {a: figure(v) for a, v in row.items()} for q, row in rows})


def _grid(rows: Mapping[str, Mapping[str, str]]) -> str:
    columns = sorted({column for row in rows.values() for column in row})
    body = [(code(q), *(row.get(c, DASH) for c in columns)) for q, row in sorted(rows.items())]
    return _table(("query", *(code(c) for c in columns)), body)


def _worst(audit: Audit) -> Iterable[str]:
    if audit.worst:
        yield "## Worst queries"
    for query in audit.worst:
        yield f"### {code(query.id)}"
        yield _asked(query)
        head = ("rank", "score", "language", "same meaning", "id", "text")
        meaning = {True: "yes", False: "no", None: DASH}
        yield _table(
            head,
            [
                (str(n.rank), f"{n.score:.3f}", code(n.lang), meaning[n.same_meaning],
                 code(n.id), code(n.text))
                for n in query.neighbours
            ],
        )  # fmt: skip


def _asked(query: WorstQuery) -> str:
    missed = "" if query.missed is None else f"; {query.missed} translations missed"
    return (
        f"{code(query.text)} ({code(query.lang)}): {query.same_language} of {query.k} neighbours "
        f"in its language, {query.expected:.1f} by chance, {p_value(query.p_value)}{missed}."
    )


def _noise(audit: Audit) -> Iterable[str]:
    noise = audit.label_noise
    yield "## Label noise"
    yield (
        f"Uncertain: {counted(noise.uncertain_documents, 'document')}, "
        f"{counted(noise.uncertain_queries, 'query', 'queries')} "
        f"(unknown, or detected with a probability below {noise.threshold:g})."
    )
    if noise.bounds:
        rows = [(code(str(m)), figure(a), figure(b)) for m, (a, b) in sorted(noise.bounds.items())]
        yield _table(("measure", "at least", "at most"), rows)


def _definitions(audit: Audit) -> Iterable[str]:
    yield "## Definitions"
    names = sorted({m.name for m in audit.overall if m.name in CATALOGUE})
    found = (CATALOGUE[name] for name in names)
    head = ("measure", "meaning", "range", "fairer", "chance")
    yield _table(
        head,
        [(code(d.name), escape(d.meaning), escape(d.range), d.better, escape(d.chance))
         for d in found],
    )  # fmt: skip


def _method(audit: Audit) -> Iterable[str]:
    index, queries, method = audit.index, audit.queries, audit.method
    yield "## Method"
    facts = {
        "encoder": index.encoder,
        "fingerprint": index.fingerprint,
        "role": index.role,
        "transform": index.transform or "none",
        "documents": _counts(index.documents, index.languages),
        "queries": f"{_counts(queries.sampled, queries.languages)} of {queries.total:,}, "
        f"from {queries.source}",
        "skipped": _pairs(queries.skipped),
        "known": audit.mode,
        "state": f"commit {index.seq}",
        "command": method.command or "none",
        "search": f"{method.search}, {method.arithmetic}",
        "neighbours": ", ".join(map(str, method.ks)),
        "sample": "none" if method.sample is None else f"{method.sample:,}",
        "seed": str(method.seed),
        "intervals": f"cluster bootstrap, {method.replicates:,} replicates",
        "self-check": ", ".join(f"{n} {figure(v)}" for n, v in method.self_check.items()),
        "versions": ", ".join(f"{n} {v}" for n, v in method.versions.items()),
        "made": f"{method.created}, {method.seconds:.1f} s",
        "interrupted": "yes" if audit.interrupted else "no",
    }
    yield _table(("", ""), [(name, code(value or "none")) for name, value in facts.items()])


def _counts(total: int, languages: Mapping[str, int]) -> str:
    return f"{total:,} ({_pairs(languages)})"


def _pairs(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in sorted(counts.items()))


def _listed(title: str, texts: Iterable[str]) -> Iterable[str]:
    bullets = _bullets(texts)
    return [f"## {title}", bullets] if bullets else []


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {escape(each)}" for each in texts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
