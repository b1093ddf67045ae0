"""Whether an audit that came from a file holds what a comparison computes with."""

from collections.abc import Iterable, Mapping

from indexer.errors import InputError
from search.audit.result import Audit, PerQuery
from search.measures.measure import Measurement

_LARGEST = 1e300


def must_be_sound(audit: Audit, place: str) -> None:
    """Refuse an audit whose numbers are none, or whose lists are not of one length.

    Args:
        audit: read from a file.
        place: the file, for the error.

    Raises:
        InputError: it is damaged; the first thing that is wrong is named.
    """
    for what in _unsound(audit):
        raise InputError(f"{place}: damaged: {what}", "write it with `interlingua audit --json`")


def _unsound(audit: Audit) -> Iterable[str]:
    rows = {"overall": audit.overall, **audit.by_language}
    if not all(map(_is_text, rows)):
        yield "a language is no text"
    for name, row in rows.items():
        for measure, found in row.items():
            if not _is_measurement(found):
                yield f"{measure} of {name!r} is no measurement"
    if not all(map(_is_count, (audit.index.documents, audit.matrix.k, *audit.method.ks))):
        yield "a count is no number"
    for counts in (audit.index.languages, audit.queries.languages):
        if not _are_counts(counts):
            yield "languages are no counts"
    if audit.per_query is not None:
        yield from _unsound_queries(audit.per_query)


def _unsound_queries(found: PerQuery) -> Iterable[str]:
    columns = {"ids": found.ids, "languages": found.languages, "clusters": found.clusters}
    for name, texts in columns.items():
        if len(texts) != len(found.ids):
            yield f"per_query has {len(found.ids)} ids and {len(texts)} {name}"
        if not all(map(_is_text, texts)):
            yield f"per_query has {name} that are no text"
    for measure, values in found.values.items():
        if len(values) != len(found.ids):
            yield f"per_query has {len(found.ids)} ids and {len(values)} values of {measure}"
        if not all(map(_is_value, values)):
            yield f"per_query has values of {measure} that are no numbers"


def _is_measurement(found: Measurement) -> bool:
    numbers = (found.value, found.chance, found.low, found.high)
    reason = found.reason is None or isinstance(found.reason, str)
    return all(map(_is_value, numbers)) and _is_count(found.n) and reason


def _is_text(value: object) -> bool:
    """Whether it can be printed: JSON can hold half of a character."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _is_value(value: object) -> bool:
    """Whether it is a finite number, or None for undefined."""
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST < value < _LARGEST


def _are_counts(found: object) -> bool:
    return isinstance(found, Mapping) and all(map(_is_count, found.values()))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
