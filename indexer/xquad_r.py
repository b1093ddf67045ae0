"""XQuAD-R, the retrieval benchmark of LAReQA: questions whose answers stand in 11 languages."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from indexer.corpus_writer import ConvertReport, CorpusWriter
from indexer.errors import InputError
from indexer.jsonl import parse_object
from indexer.languages import normalise_language
from indexer.lines import Line, decode, placed, printable

FILE_LIMIT = 256 << 20
"""Largest file of one language, in bytes: it is read whole."""

_LAYOUT = (
    "each file holds data[].paragraphs[] with sentences, sentence_breaks and qas,"
    " as google-research-datasets/lareqa publishes them"
)


class _Question(NamedTuple):
    """A question in one language and the sentence of that language which answers it."""

    id: str
    """The same in every language."""
    lang: str
    text: str
    answer: str
    """Id of the sentence."""


class _Paragraph(NamedTuple):
    """One paragraph in one language."""

    title: str
    name: str
    """``article.paragraph``, counted from 1; the same in every language."""
    sentences: list[str]
    breaks: list[tuple[int, int]]
    """Where each sentence stands in the paragraph: [start, end) in characters."""
    questions: list[tuple[str, str, int]]
    """Id, text and the character at which the first answer starts."""


def convert_xquad_r(src: Path, out: Path) -> ConvertReport:
    """Convert XQuAD-R: every sentence a document, every question in every language a query.

    A question's ``relevant`` are the sentences, one a language, which hold its answer: those
    whose ``[start, end)`` span holds ``answers[0].answer_start`` (the benchmark's rule). Its
    ``group`` is the question's id, shared by its translations. Sentences have no group, since
    they are aligned only through the questions; they carry ``title`` and ``paragraph``.

    Args:
        src: folder with one SQuAD-like file a language: ``en.json``, ``de.json``, ….
        out: folder to write to; made when absent.

    Raises:
        InputError: there is no such file, or one is not of that layout.
        UsageError: ``out`` cannot be written to.
    """
    files = sorted(src.glob("*.json"))
    if not files:
        remedy = "name the folder that holds en.json, de.json, …"
        raise InputError(f"{printable(str(src))}: no JSON file", remedy)
    with CorpusWriter(src, out, queries=True) as corpus:
        questions = [question for path in files for question in _convert_file(path, corpus)]
        _write_queries(questions, corpus)
    return corpus.report


def _convert_file(path: Path, corpus: CorpusWriter) -> Iterator[_Question]:
    """Write the documents of one language and yield its questions."""
    place = printable(str(path))
    try:
        lang = normalise_language(path.stem)
        paragraphs = list(_paragraphs(_load(path)))
    except InputError as error:
        raise placed(place, error) from error
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{place}: not the layout of XQuAD-R: {error!r}", _LAYOUT) from error
    for paragraph in paragraphs:
        name = f"{lang}.{paragraph.name}"
        shared = {"lang": lang, "title": paragraph.title, "paragraph": paragraph.name}
        for number, text in enumerate(paragraph.sentences):
            corpus.document({"id": f"{name}.{number + 1}", "text": text, **shared})
        for id_, text, start in paragraph.questions:
            yield _Question(id_, lang, text, f"{name}.{_holding(paragraph.breaks, start) + 1}")


def _write_queries(questions: list[_Question], corpus: CorpusWriter) -> None:
    relevant: defaultdict[str, list[str]] = defaultdict(list)
    for question in questions:
        relevant[question.id].append(question.answer)
    for question in questions:
        corpus.query(
            {
                "id": f"{question.lang}.{question.id}",
                "text": question.text,
                "lang": question.lang,
                "group": question.id,
                "relevant": relevant[question.id],
            }
        )


def _load(path: Path) -> Any:  # noqa: ANN401 - as wide as JSON
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= FILE_LIMIT else b""
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", "check the permissions") from error
    if size > FILE_LIMIT:
        raise InputError(f"larger than {FILE_LIMIT >> 20} MiB", _LAYOUT)
    return parse_object(decode(Line(path.name, 1, raw, whole=True)))


def _paragraphs(file: Any) -> Iterator[_Paragraph]:  # noqa: ANN401
    """Yield the paragraphs of a parsed file; whatever is not as it should be raises."""
    for article, entry in enumerate(file["data"], 1):
        for number, found in enumerate(entry["paragraphs"], 1):
            paragraph = _Paragraph(
                title=_text(entry["title"]),
                name=f"{article}.{number}",
                sentences=[_text(sentence) for sentence in found["sentences"]],
                breaks=[(int(start), int(end)) for start, end in found["sentence_breaks"]],
                questions=[
                    (_text(qa["id"]), _text(qa["question"]), int(qa["answers"][0]["answer_start"]))
                    for qa in found["qas"]
                ],
            )
            if len(paragraph.sentences) != len(paragraph.breaks):
                raise ValueError(f"paragraph {paragraph.name}: sentences and breaks differ")
            for id_, _, start in paragraph.questions:
                if _holding(paragraph.breaks, start) < 0:
                    raise ValueError(f"question {id_}: its answer is in no sentence")
            yield paragraph


def _holding(breaks: list[tuple[int, int]], position: int) -> int:
    """Return which span holds ``position``, from 0; -1 when none does."""
    held = (i for i, (start, end) in enumerate(breaks) if start <= position < end)
    return next(held, -1)


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise TypeError(f"{value!r} where a text is wanted"[:100])
