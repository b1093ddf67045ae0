"""SQuAD and XQuAD: every context a document; read article by article."""

import re
from collections.abc import Iterator
from pathlib import Path

from indexer.errors import InputError
from indexer.jsonl import check_values, kind
from indexer.languages import normalise_language
from indexer.lines import BOM
from indexer.packed import SUFFIXES
from indexer.readers.json_array import elements
from indexer.readers.reader import Head, Raw, Reader, Source

_LAYOUT = "the layout is data[].paragraphs[].context, as in SQuAD"
_START = re.compile(rb'\s*\{.*?"data"\s*:\s*\[.*?"paragraphs"\s*:', re.DOTALL)


def read(source: Source) -> Iterator[Raw]:
    """Yield the contexts; title and paragraph number are metadata.

    The language is the user's ``--lang``, else that of a name like ``xquad.de.json``.
    """
    lang = None if source.lang is not None else _named_language(source.path)
    with source.opened() as stream:
        for number, article in enumerate(elements(stream, "data", source.name), 1):
            yield from _paragraphs(article, number, source, lang)


def _paragraphs(article: object, number: int, source: Source, lang: str | None) -> Iterator[Raw]:
    place = f"{source.name}:{number}"
    if isinstance(article, InputError):
        yield Raw(place, article, b"")
        return
    paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
    if not isinstance(article, dict) or not isinstance(paragraphs, list):
        yield Raw(place, InputError("an article without paragraphs", _LAYOUT), b"")
        return
    for count, paragraph in enumerate(paragraphs, 1):
        name = f"{number}.{count}"
        yield Raw(f"{source.name}:{name}", _document(article, paragraph, name, source, lang))


def _document(
    article: dict[str, object], paragraph: object, name: str, source: Source, lang: str | None
) -> dict[str, object] | InputError:
    if not isinstance(paragraph, dict) or "context" not in paragraph:
        what = "without a context" if isinstance(paragraph, dict) else f"is {kind(paragraph)}"
        return InputError(f"a paragraph {what}", _LAYOUT)
    values: dict[str, object] = {source.fields.text: paragraph["context"], "paragraph": name}
    if "title" in article:
        values["title"] = article["title"]
    if lang is not None:
        values[source.fields.lang] = lang
    try:
        check_values(values)
    except InputError as error:
        return error
    return values


def _named_language(path: str) -> str | None:
    """Return the two-letter language that stands last in a name, None when there is none.

    Three letters would take ``dev.json``, half of SQuAD, for Domung.
    """
    name = Path(path)
    stem = Path(name.stem if name.suffix in SUFFIXES else name.name).stem
    tag = stem.rpartition(".")[2]
    try:
        return tag if re.match(r"[A-Za-z]{2}($|[-_])", tag) and normalise_language(tag) else None
    except InputError:
        return None


def sniff(head: Head) -> bool:
    """Tell whether the content begins as SQuAD's does."""
    return _START.match(head.data.removeprefix(BOM)) is not None


READER = Reader("squad", "SQuAD or XQuAD JSON, every context a document", read, sniff=sniff)
