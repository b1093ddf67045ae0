"""What else is not the same in two audits, and could explain why a measure moved."""

from collections.abc import Iterable, Mapping

from search.audit.result import Audit
from search.comparison.result import Differing


def differing(a: Audit, b: Audit) -> tuple[Differing, ...]:
    """List what was audited or done in another way, the weightiest first."""
    first, second = _facts(a), _facts(b)
    return tuple(
        Differing(what, first[what], second[what]) for what in first if first[what] != second[what]
    )


def _facts(audit: Audit) -> dict[str, str]:
    """Write down, as text, all that a measure could hang on."""
    index, queries, method = audit.index, audit.queries, audit.method
    return {
        "mode": audit.mode,
        "encoder": index.encoder,
        "fingerprint": index.fingerprint,
        "transform": index.transform or "none",
        "role of the documents": index.role,
        "arithmetic": method.arithmetic,
        "documents": str(index.documents),
        "languages of the documents": _names(index.languages),
        "documents by language": _counts(index.languages),
        "who asked": queries.source,
        "languages of the queries": _names(queries.languages),
        "queries asked": f"{queries.sampled} of {queries.total}",
        "search": method.search,
        "neighbours": ", ".join(map(str, method.ks)),
        "sample": "all" if method.sample is None else str(method.sample),
        "seed of the sample": str(method.seed),
        "interrupted": "yes" if audit.interrupted else "no",
    }


def _names(counts: Mapping[str, int]) -> str:
    return ", ".join(sorted(counts))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{lang} {counts[lang]}" for lang in sorted(counts))


def added_and_removed(difference: Differing) -> str | None:
    """Say which languages came and went; None for what is no list of languages."""
    if not difference.what.startswith("languages of"):
        return None
    a, b = (set(filter(None, text.split(", "))) for text in (difference.a, difference.b))
    parts: Iterable[tuple[str, set[str]]] = (("added", b - a), ("removed", a - b))
    return "; ".join(f"{what} {', '.join(sorted(names))}" for what, names in parts if names)
