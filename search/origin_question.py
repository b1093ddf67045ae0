"""Where the sentences of `interlingua origin` come from: a file, or six of our own corpus."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.errors import InputError
from indexer.jsonl import kind, parse_object
from indexer.languages import normalise_language
from indexer.records import UNKNOWN_LANGUAGE
from search.origin import Sentence, strong_alignment

_SHAPE = "docs/origin.md shows the shape of the file"
_MOST_SENTENCES = 100
_OWN_LANGUAGES = ("en", "he")
_OWN_GROUPS = ("001", "002", "003")


@dataclass(frozen=True, slots=True)
class Question:
    """Sentences, and what somebody else found about them."""

    sentences: tuple[Sentence, ...]
    published: Mapping[frozenset[str], float]
    """The two ids of a pair to the cosine distance that was published; may be empty."""
    encoder: str | None = None
    """Encoder of the published distances."""
    source: str | None = None
    """Where they were published, or where the sentences come from."""


def own_question() -> Question:
    """Six sentences of the corpus that comes with interlingua: three in English and in Hebrew."""
    from data import CORPUS
    from indexer.corpus import read_corpus

    documents = [record.document for record in read_corpus([str(CORPUS)])]
    sentences = [
        Sentence(d.id, d.lang, d.group, d.text)
        for d in documents
        if d.lang in _OWN_LANGUAGES and d.group in _OWN_GROUPS
    ]
    sentences.sort(key=lambda sentence: sentence.id)
    return Question(tuple(sentences), {}, source="the corpus that comes with interlingua")


def read_question(path: Path) -> Question:
    """Read a question file.

    Args:
        path: one JSON object; ``sentences`` is a list of objects with ``id``, ``lang``,
            ``group`` and ``text``, ``published`` (may be left out) one of objects with the ids
            ``a`` and ``b`` and their ``distance``; ``encoder`` and ``source`` are shown.

    Raises:
        InputError: naming the file, the place in it and what is wrong.
    """
    try:
        document = _parse(path.read_bytes().decode("utf-8-sig"))
        sentences = _read_sentences(document)
        return Question(
            sentences,
            _read_published(document, {s.id for s in sentences}),
            _text(document, "encoder", "the file") if "encoder" in document else None,
            _text(document, "source", "the file") if "source" in document else None,
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8", "convert it: iconv -f ENCODING -t UTF-8") from error
    except InputError as error:
        raise InputError(f"{path}: {error.message}", error.remedy) from error


def _parse(text: str) -> dict[str, object]:
    """As strict as a corpus is read, but over several lines."""
    try:
        return parse_object(text)
    except InputError as error:
        cause = error.__cause__
        if isinstance(cause, json.JSONDecodeError):
            reason = f"line {cause.lineno}, column {cause.colno}: not JSON: {cause.msg}"
            raise InputError(reason, _SHAPE) from error
        raise InputError(error.message, _SHAPE) from error


def _read_sentences(document: dict[str, object]) -> tuple[Sentence, ...]:
    records = _objects(document, "sentences")
    if len(records) > _MOST_SENTENCES:
        raise InputError(
            f"{len(records)} sentences, and every pair of them is printed",
            f"give at most {_MOST_SENTENCES}; `interlingua audit` takes a whole corpus",
        )
    sentences: list[Sentence] = []
    for number, record in enumerate(records, start=1):
        place = f"sentence {number}"
        id_, lang, group, text = (_text(record, k, place) for k in ("id", "lang", "group", "text"))
        if id_ in {s.id for s in sentences}:
            raise InputError(f"{place}: id {id_!r} comes twice", "give every sentence its own id")
        tag = normalise_language(lang)
        if tag == UNKNOWN_LANGUAGE:
            raise InputError(f"{place}: {lang!r} names no single language", "name its language")
        sentences.append(Sentence(id_, tag, group, text))
    if not strong_alignment(sentences, np.zeros((len(sentences), len(sentences)))).n:
        raise InputError(
            "no sentence has both a translation and another sentence in its own language",
            "give two meanings at least, each in two languages, and the same group to translations",
        )
    return tuple(sentences)


def _read_published(document: dict[str, object], ids: set[str]) -> dict[frozenset[str], float]:
    published: dict[frozenset[str], float] = {}
    for number, record in enumerate(_objects(document, "published"), start=1):
        place = f"published distance {number}"
        a, b = _text(record, "a", place), _text(record, "b", place)
        pair = frozenset((a, b))
        if len(pair) < 2 or not pair <= ids:
            raise InputError(f"{place}: {a!r} and {b!r} are not ids of two sentences", _SHAPE)
        if pair in published:
            raise InputError(f"{place}: {a!r} and {b!r} come twice", "keep one of them")
        distance = record.get("distance")
        if isinstance(distance, bool) or not isinstance(distance, int | float):
            raise InputError(f"{place}: distance is {kind(distance)}, not a number", _SHAPE)
        if not 0 <= distance <= 2:
            raise InputError(f"{place}: {distance} is no cosine distance", "they go from 0 to 2")
        published[pair] = float(distance)
    return published


def _objects(document: dict[str, object], key: str) -> list[dict[str, object]]:
    """A list of objects; a missing one is empty."""
    value = document.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InputError(f"{key} is not a list of objects", _SHAPE)
    return value


def _text(record: dict[str, object], key: str, place: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        what = "empty" if isinstance(value, str) else f"{kind(value)}, not a string"
        raise InputError(f"{place}: {key} is {what}", _SHAPE)
    return value
