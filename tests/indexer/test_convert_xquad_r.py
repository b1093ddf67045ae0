"""XQuAD-R becomes a judged corpus."""

import json
from pathlib import Path
from typing import Any

import pytest

from indexer import xquad_r
from indexer.convert import ConvertReport, convert_xquad_r
from indexer.corpus import read_corpus, read_queries
from indexer.errors import InputError


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """An empty folder to convert."""
    folder = tmp_path / "src"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "deep" / "out"


def files(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def squad(prefix: str, start: int) -> dict[str, Any]:
    """Return one language of a tiny XQuAD-R: two sentences of ten characters, one question."""
    sentences = [f"{prefix} first.", f"{prefix} other."]
    questions = [{"id": "q1", "question": f"{prefix}?", "answers": [{"answer_start": start}]}]
    paragraph = {
        "context": " ".join(sentences),
        "sentences": sentences,
        "sentence_breaks": [[0, 10], [10, 20]],
        "qas": questions,
    }
    return {"data": [{"title": "T", "paragraphs": [paragraph]}], "version": "1"}


def test_xquad_r_finds_the_answer_in_every_language(src: Path, out: Path) -> None:
    """Relevant is the sentence whose span holds the answer's start: start <= a < end."""
    for lang, start in (("en", 9), ("de", 10), ("zh", 0)):
        (src / f"{lang}.json").write_text(json.dumps(squad(lang, start), indent=1))
    report = convert_xquad_r(src, out)
    queries = {query.id: query for query in read_queries(str(out / "queries.jsonl"))}
    documents = [r.document for r in read_corpus([str(out / "corpus.jsonl")])]

    assert report == ConvertReport(6, 3, {"de": 2, "en": 2, "zh": 2}, 0, {})
    assert list(queries) == ["de.q1", "en.q1", "zh.q1"]
    assert {q.relevant for q in queries.values()} == {
        frozenset({"en.1.1.1", "de.1.1.2", "zh.1.1.1"})
    }
    assert {q.group for q in queries.values()} == {"q1"}
    assert (documents[1].id, documents[1].text, documents[1].lang, documents[1].group) == (
        "de.1.1.2",
        "de other.",
        "de",
        None,
    )
    assert documents[1].metadata == {"title": "T", "paragraph": "1.1"}


def test_an_xquad_r_file_that_cannot_be_read_is_named(
    src: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder in the place of a file, and a file too large to be one, are refused."""
    (src / "en.json").mkdir()
    with pytest.raises(InputError, match=r"en\.json: cannot be read: Is a directory"):
        convert_xquad_r(src, out)

    (src / "en.json").rmdir()
    (src / "en.json").write_text(json.dumps(squad("en", 0)))
    monkeypatch.setattr(xquad_r, "FILE_LIMIT", 10)
    with pytest.raises(InputError, match=r"en\.json: larger than"):
        convert_xquad_r(src, out)


def _without(key: str) -> dict[str, Any]:
    file = squad("en", 0)
    del file["data"][0]["paragraphs"][0][key]
    return file


def _with(key: str, value: object) -> dict[str, Any]:
    file = squad("en", 0)
    file["data"][0]["paragraphs"][0][key] = value
    return file


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("en.json", "{", "en.json: not JSON"),
        ("en.json", "[]", "en.json: an array instead of an object"),
        ("en.json", "{}", "en.json: not the layout of XQuAD-R: KeyError('data')"),
        ("english.json", json.dumps(squad("en", 0)), "english.json: unknown language tag"),
        ("en.json", json.dumps(_without("sentences")), "KeyError('sentences')"),
        ("en.json", json.dumps(_with("sentences", ["a"])), "1.1: sentences and breaks differ"),
        ("en.json", json.dumps(_with("sentences", ["a", " "])), "' ' where a text is wanted"),
        ("en.json", json.dumps(_with("sentence_breaks", [[0]])), "not the layout of XQuAD-R"),
        ("en.json", json.dumps(_with("qas", [{"id": "q", "question": "?", "answers": []}])),
         "not the layout of XQuAD-R: IndexError"),
        ("en.json", json.dumps(squad("en", 20)), "question q1: its answer is in no sentence"),
        ("en.json", json.dumps({"data": []}), "src: holds no sentence"),
        ("notes.txt", "", "src: no JSON file"),
    ],
)  # fmt: skip
def test_another_layout_is_refused(
    src: Path, out: Path, name: str, content: str, reason: str
) -> None:
    """A file that is no XQuAD-R is named, with what is missing, and nothing is written."""
    (src / name).write_text(content)
    with pytest.raises(InputError) as caught:
        convert_xquad_r(src, out)

    assert reason in caught.value.message
    assert caught.value.remedy
    assert not out.exists() or files(out) == []
