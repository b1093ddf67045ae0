"""Corpora and queries: from what a reader finds in a source to checked records."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from indexer.errors import InputError, UsageError
from indexer.fields import DETECTED, USUAL, Fields, detected_probability, was_detected
from indexer.jsonl import kind
from indexer.languages import Detector, Langid, normalise_language
from indexer.limits import checked_metadata, checked_name, checked_text
from indexer.readers.columns import no_text
from indexer.readers.guess import Found, find_readers
from indexer.readers.reader import Raw, unheard
from indexer.records import Document, LanguageSource
from indexer.rejects import Rejects

__all__ = ["Fields", "Query", "Record", "content_id", "read_corpus", "read_queries"]

_RELEVANT = "relevant"

_Item = TypeVar("_Item")


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
    """``file:line``, or what else it is."""

    @classmethod
    def of(cls, document: Document) -> Self:
        """Make a document the query: nobody judged, and it is left out of its own answer."""
        return cls(
            id=document.id,
            text=document.text,
            lang=document.lang,
            lang_source=document.lang_source,
            lang_probability=document.lang_probability,
            group=document.group,
            relevant=None,
            place=f"document {document.id}",
        )


def read_corpus(
    sources: Sequence[str],
    *,
    fields: Fields = USUAL,
    format: str | None = None,  # noqa: A002 - the option's name
    lang: str | None = None,
    detector: Detector | None = None,
    rejects: Rejects | None = None,
    note: Callable[[str], None] = unheard,
) -> Iterator[Record]:
    """Return the documents of all sources in order, read as they are asked for.

    Args:
        sources: files, patterns, folders saved by ``datasets``, or ``-`` for standard input;
            gzip and Zstandard are unpacked.
        fields: what the fields are called.
        format: one of ``indexer.readers.registry.FORMATS``; told by name and content when None.
        lang: language of the records that bring none; they are detected when None.
        detector: tells the language of a text without one; py3langid by default.
        rejects: takes the refused records; by default the first one ends the run.
        note: takes what the user should hear: the format that was guessed, what is left out.

    Raises:
        UsageError: no source is named, the format is unknown, or a package that reads it is
            not installed.
        InputError: at once when a source is missing, empty or a directory; while reading when
            it is damaged or more records are refused than ``rejects`` tolerates.
    """
    tag = checked_tag(lang)
    found = find_readers(sources, format=format, fields=fields, lang=tag, note=note, guessed=note)
    return read_found(found, fields=fields, lang=tag, detector=detector, rejects=rejects)


def read_found(
    found: Sequence[Found],
    *,
    fields: Fields = USUAL,
    lang: str | None = None,
    detector: Detector | None = None,
    rejects: Rejects | None = None,
) -> Iterator[Record]:
    """Return the documents of sources whose readers are known; as ``read_corpus``."""
    reader = _Reader(fields, detector or Langid(), lang)
    return _read(found, reader.record, rejects)


def read_queries(
    source: str,
    *,
    fields: Fields = USUAL,
    detector: Detector | None = None,
    rejects: Rejects | None = None,
) -> Iterator[Query]:
    """Return the queries of one source in order; arguments and errors as for a corpus.

    A query is a record whose id may be missing (it is then None) and whose ``relevant`` may
    list the ids of the right answers. Other fields are left out.
    """
    reader = _Reader(fields, detector or Langid(), None)
    return _read(find_readers([source], fields=fields), reader.query, rejects)


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
    found: Sequence[Found],
    make: Callable[[Mapping[str, object], str], _Item],
    rejects: Rejects | None,
) -> Iterator[_Item]:
    refused = Rejects() if rejects is None else rejects
    for source in found:
        for raw in source.read():
            try:
                if isinstance(raw.values, InputError):
                    raise raw.values
                item = make(raw.values, raw.place)
            except InputError as error:
                refused.add(raw.place, error.message, error.remedy, _shown(raw))
            else:
                yield item


def _shown(raw: Raw) -> str:
    if raw.raw is None:
        return json.dumps(raw.values, ensure_ascii=False, default=str)
    return raw.raw.rstrip(b"\r\n").decode("utf-8", errors="backslashreplace")


def checked_tag(lang: str | None) -> str | None:
    """Return ``--lang`` as it is, after seeing that it is a language; UsageError when not."""
    try:
        if lang is not None:
            normalise_language(lang)
    except InputError as error:
        raise UsageError(f"--lang: {error.message}", error.remedy) from error
    return lang


class _Reader:
    """Makes documents and queries of parsed records; knows nothing of where they come from."""

    def __init__(self, fields: Fields, detector: Detector, lang: str | None) -> None:
        self._fields, self._names = fields, fields.names()
        self._detector = detector
        self._lang = lang or ""

    def record(self, values: Mapping[str, object], place: str) -> Record:
        text, lang = self._text(values), self._given_language(values)
        tag, source, probability = self._language(text, lang)
        taken = self._names
        if lang and was_detected(values):
            source, probability = "detected", detected_probability(values)
            taken |= DETECTED
        name = _name(values, self._fields.id)
        document = Document(
            id=name or content_id(lang, text),
            text=text,
            lang=tag,
            group=_name(values, self._fields.group),
            metadata=checked_metadata({n: v for n, v in values.items() if n not in taken}),
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
            raise no_text(list(values), field)
        return checked_text(field, values[field])

    def _given_language(self, values: Mapping[str, object]) -> str:
        """Return the language as the corpus or the user writes it, else the empty string."""
        field = self._fields.lang
        lang = values.get(field)
        if lang is None or lang == "":
            return self._lang
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
    """Return an id or group, None when it is absent or empty."""
    value = values.get(field)
    return None if value is None or value == "" else checked_name(field, value)


def _relevant(values: Mapping[str, object]) -> frozenset[str] | None:
    ids = values.get(_RELEVANT)
    if ids is None:
        return None
    if not isinstance(ids, list):
        reason = f"field {_RELEVANT!r} is {kind(ids)}, not an array"
        raise InputError(reason, 'list the ids of the right answers: ["id1", "id2"]')
    if "" in ids:
        raise InputError(f"field {_RELEVANT!r} holds an empty id", "remove it")
    return frozenset(checked_name(_RELEVANT, value) for value in ids)
