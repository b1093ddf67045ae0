"""Corpora and queries: from the lines of a source to checked records."""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from indexer.errors import InputError
from indexer.jsonl import kind, parse_object
from indexer.languages import Detector, Langid, normalise_language
from indexer.lines import Line, decode, find_sources, read_records
from indexer.records import Document, LanguageSource
from indexer.rejects import Rejects

TEXT_LIMIT = 1 << 20
"""Longest text, in bytes of UTF-8."""

ID_LIMIT = 512
"""Longest id and group, in bytes of UTF-8."""

METADATA_LIMIT = 1 << 20
"""Most metadata of one record, in bytes of JSON."""

_KEPT_RAW = 4096  # of a line that was too long to be read whole
_RELEVANT = "relevant"

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of a record are called in the corpus at hand."""

    id: str = "id"
    text: str = "text"
    lang: str = "lang"
    group: str = "group"

    def names(self) -> frozenset[str]:
        """Return the four names; every other field is metadata."""
        return frozenset((self.id, self.text, self.lang, self.group))


@dataclass(frozen=True, slots=True)
class Record:
    """A document and where it was read."""

    document: Document
    place: str
    """``file:line``."""
    named: bool = True
    """Whether the corpus gave the id; else it is a hash of the content."""


@dataclass(frozen=True, slots=True)
class Query:
    """A text to search for, judged when ``group`` or ``relevant`` is known."""

    id: str | None
    text: str
    lang: str
    """Canonical BCP-47 tag, ``und`` when unknown."""
    lang_source: LanguageSource
    lang_probability: float | None
    """The detector's probability in [0, 1]; None when the language was given."""
    group: str | None
    """Documents of this group mean the same as the query."""
    relevant: frozenset[str] | None
    """Ids of the right answers; empty when there are none, None when nobody judged."""
    place: str
    """``file:line``."""


def read_corpus(
    sources: Sequence[str],
    *,
    fields: Fields = Fields(),
    detector: Detector | None = None,
    rejects: Rejects | None = None,
) -> Iterator[Record]:
    """Return the documents of all sources in order, read as they are asked for.

    Args:
        sources: JSONL files, patterns, or ``-`` for standard input; gzipped or not.
        fields: what the fields are called.
        detector: tells the language of a text without one; py3langid by default.
        rejects: takes the refused records; by default the first one ends the run.

    Raises:
        UsageError: no source is named.
        InputError: at once when a source is missing, empty or a directory; while reading when
            it is damaged or more records are refused than ``rejects`` tolerates.
    """
    reader = _Reader(fields, detector or Langid())
    return _read(find_sources(sources), reader.record, rejects)


def read_queries(
    source: str,
    *,
    fields: Fields = Fields(),
    detector: Detector | None = None,
    rejects: Rejects | None = None,
) -> Iterator[Query]:
    """Return the queries of one source in order; arguments and errors as for a corpus.

    A query is a record whose id may be missing (it is then None) and whose ``relevant`` may
    list the ids of the right answers. Other fields are left out.
    """
    reader = _Reader(fields, detector or Langid())
    return _read(find_sources([source]), reader.query, rejects)


def content_id(lang: str, text: str) -> str:
    """Return the id of a document that has none: 32 hexadecimal digits of SHA-256.

    Args:
        lang: the language as the corpus writes it, or the empty string. Neither the detector
            nor the way tags are folded moves the id, so that an index can be added to after
            either has changed.
        text: the text as it was read.
    """
    return hashlib.sha256(f"{lang}\0{text}".encode()).hexdigest()[:32]


def _read(
    sources: list[str],
    make: Callable[[Mapping[str, object], str], _Item],
    rejects: Rejects | None,
) -> Iterator[_Item]:
    refused = Rejects() if rejects is None else rejects
    for source in sources:
        for line in read_records(source):
            try:
                item = make(parse_object(decode(line).rstrip("\r\n")), line.place)
            except InputError as error:
                refused.add(line.place, error.message, error.remedy, _shown(line))
            else:
                yield item


def _shown(line: Line) -> str:
    raw = line.raw.rstrip(b"\r\n") if line.whole else line.raw[:_KEPT_RAW]
    return raw.decode("utf-8", errors="backslashreplace")


class _Reader:
    """Makes documents and queries of parsed records; knows nothing of where they come from."""

    def __init__(self, fields: Fields, detector: Detector) -> None:
        self._fields = fields
        self._detector = detector

    def record(self, values: Mapping[str, object], place: str) -> Record:
        text, lang = self._text(values), self._given_language(values)
        tag, source, probability = self._language(text, lang)
        name = _name(values, self._fields.id)
        document = Document(
            id=name or content_id(lang, text),
            text=text,
            lang=tag,
            group=_name(values, self._fields.group),
            metadata=_metadata(values, self._fields.names()),
            lang_source=source,
            lang_probability=probability,
        )
        return Record(document, place, named=name is not None)

    def query(self, values: Mapping[str, object], place: str) -> Query:
        text = self._text(values)
        tag, source, probability = self._language(text, self._given_language(values))
        return Query(
            id=_name(values, self._fields.id),
            text=text,
            lang=tag,
            lang_source=source,
            lang_probability=probability,
            group=_name(values, self._fields.group),
            relevant=_relevant(values),
            place=place,
        )

    def _text(self, values: Mapping[str, object]) -> str:
        field = self._fields.text
        if field not in values:
            found = ", ".join(repr(name[:40]) for name in list(values)[:10]) or "none"
            more = ", …" if len(values) > 10 else ""
            reason = f"no field {field!r}; the fields are {found}{more}"
            raise InputError(reason, "name the field that holds the text with --text-field")
        text = values[field]
        if not isinstance(text, str):
            raise InputError(f"field {field!r} is {kind(text)}, not a string", "put it in quotes")
        if not text.strip():
            remedy = "leave the record out, or name another field with --text-field"
            raise InputError(f"field {field!r} is {'blank' if text else 'empty'}", remedy)
        _check_size(field, text, TEXT_LIMIT, "split it into shorter documents")
        return text

    def _given_language(self, values: Mapping[str, object]) -> str:
        """Return the language as the corpus writes it, the empty string when it does not."""
        field = self._fields.lang
        lang = values.get(field)
        if lang is None:
            return ""
        if isinstance(lang, str):
            return lang
        reason = f"field {field!r} is {kind(lang)}, not a string"
        raise InputError(reason, "give one BCP-47 tag such as en, or leave the field out")

    def _language(self, text: str, given: str) -> tuple[str, LanguageSource, float | None]:
        if given:
            return normalise_language(given), "given", None
        detection = self._detector.detect(text)
        return detection.lang, "detected", detection.probability


def _name(values: Mapping[str, object], field: str) -> str | None:
    """Return an id or group: a string or a whole number, None when it is absent or empty."""
    value = values.get(field)
    return None if value is None or value == "" else _checked_name(field, value)


def _checked_name(field: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        reason = f"field {field!r} is {kind(value)}, not a string or a whole number"
        raise InputError(reason, "put it in quotes")
    name = str(value)
    # Ids are listed one a line (--ids-from), so a line break or a tab would forge another.
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in name):
        raise InputError(f"field {field!r} holds a control character", "remove it")
    _check_size(field, name, ID_LIMIT, "use a shorter name, or leave it out to get a hash")
    return name


def _check_size(field: str, value: str, limit: int, remedy: str) -> None:
    size = len(value.encode())
    if size > limit:
        raise InputError(f"field {field!r} is {size} bytes long, {limit} at most", remedy)


def _metadata(values: Mapping[str, object], taken: frozenset[str]) -> dict[str, object]:
    metadata = {name: value for name, value in values.items() if name not in taken}
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    if size > METADATA_LIMIT:
        reason = f"the other fields take {size} bytes, {METADATA_LIMIT} at most"
        raise InputError(reason, "leave out what no search asks for")
    return metadata


def _relevant(values: Mapping[str, object]) -> frozenset[str] | None:
    ids = values.get(_RELEVANT)
    if ids is None:
        return None
    if not isinstance(ids, list):
        reason = f"field {_RELEVANT!r} is {kind(ids)}, not an array"
        raise InputError(reason, 'list the ids of the right answers: ["id1", "id2"]')
    if "" in ids:
        raise InputError(f"field {_RELEVANT!r} holds an empty id", "remove it")
    return frozenset(_checked_name(_RELEVANT, value) for value in ids)
