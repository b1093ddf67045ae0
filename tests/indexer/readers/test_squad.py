"""SQuAD and XQuAD, streamed."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import InputError
from indexer.readers import json_array
from tests.indexer.readers.conftest import Reading

FILE = {
    "version": "1.1",
    "meta": [1, {"data": [2]}],
    "data": [
        {"title": "T", "paragraphs": [{"context": "a", "qas": []}, {"context": "b"}]},
        {"paragraphs": [{"context": "ü 😀"}]},
    ],
    "more": 5,
}


def test_contexts_are_documents(tmp_path: Path) -> None:
    """Title and paragraph are metadata, the language that of the file's name."""
    path = tmp_path / "xquad.de.json"
    path.write_text(json.dumps(FILE), encoding="utf-8-sig")
    read = Reading(path)

    assert [(d.text, d.lang, dict(d.metadata)) for d in read.documents] == [
        ("a", "de", {"title": "T", "paragraph": "1.1"}),
        ("b", "de", {"title": "T", "paragraph": "1.2"}),
        ("ü 😀", "de", {"paragraph": "2.1"}),
    ]
    assert read.places == ["xquad.de.json:1.1", "xquad.de.json:1.2", "xquad.de.json:2.1"]


@pytest.mark.parametrize(
    ("name", "lang"),
    [("en.json", "en"), ("zh-CN.json", "zh"), ("dev.json", None), ("train-v2.0.json", None)],
)
def test_the_name_tells_the_language_only_in_two_letters(
    tmp_path: Path, name: str, lang: str | None
) -> None:
    """`dev` is half of SQuAD, and also a language; --lang wins over the name."""
    path = tmp_path / name
    path.write_text(json.dumps(FILE))
    documents = Reading(path).documents

    assert {d.lang_source for d in documents} == {"given" if lang else "detected"}
    assert lang is None or {d.lang for d in documents} == {lang}
    assert {d.lang for d in Reading(path, lang="sv").documents} == {"sv"}


FILES: dict[str, tuple[str, str]] = {
    "cut": (json.dumps(FILE)[:-30], "not JSON at character"),
    "no data": ('{"version": 1, "paragraphs": []}', "no array 'data'"),
    "data is no array": ('{"data": {"paragraphs": []}}', "'[' expected"),
    "an array": ("[]", "'{' expected"),
    "a comma too many": ('{"data": [{"paragraphs": []},]}', "not JSON"),
    "nothing in it": ('{"data": []}', "holds no record"),
    "not UTF-8": ('{"data": [{"paragraphs": [{"context": "\udcff"}]}]}', "not UTF-8"),
    "too deep": ('{"data": ' + "[" * 100_000, "not JSON"),
    "NaN": ('{"data": [{"x": NaN}]}', "NaN is no JSON number"),
}


@pytest.mark.parametrize(("content", "reason"), FILES.values(), ids=list(FILES))
def test_another_file_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    """With its name and what is wrong."""
    path = tmp_path / "en.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError) as caught:
        Reading(path, format="squad")

    assert caught.value.message.startswith(f"{path}: ")
    assert reason in caught.value.message
    assert str(caught.value).isprintable()


def test_bad_articles_and_paragraphs_are_refused_by_number(tmp_path: Path) -> None:
    """The others are read."""
    good = {"context": "good"}
    data = [
        5,
        {"title": "no paragraphs"},
        {"paragraphs": [good, 7, {"qas": []}, {"context": None}, {"context": "\ud800"}, good]},
    ]
    path = tmp_path / "en.json"
    path.write_text(json.dumps({"data": data}))
    read = Reading(path, format="squad")

    assert read.texts == ["good", "good"]
    assert read.places == ["en.json:3.1", "en.json:3.6"]
    assert read.refused == {
        "en.json:1": "an article without paragraphs",
        "en.json:2": "an article without paragraphs",
        "en.json:3.2": "a paragraph is a number",
        "en.json:3.3": "a paragraph without a context",
        "en.json:3.4": "field 'text' is null, not a string",
        "en.json:3.5": "holds a lone surrogate (\\ud800), which is no character",
    }


def test_an_article_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that never ends is not read whole."""
    monkeypatch.setattr(json_array, "ELEMENT_LIMIT", 1 << 18)
    path = tmp_path / "en.json"
    path.write_text('{"data": [{"paragraphs": [{"context": "' + "a" * (1 << 20))
    with pytest.raises(InputError, match="an element longer than"):
        Reading(path, format="squad")


class Drip:
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, seed: int) -> None:
        self.data, self.dice = data, random.Random(seed)

    def read(self, size: int = -1, /) -> bytes:
        """Return one to five bytes, whatever is asked."""
        cut = self.dice.randrange(1, min(size, 5) + 1)
        data, self.data = self.data[:cut], self.data[cut:]
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        """Not asked for."""
        raise NotImplementedError

    def peek(self, size: int = 0, /) -> bytes:
        """Not asked for."""
        raise NotImplementedError


values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=200)
@given(
    before=st.dictionaries(st.text(max_size=3).filter(lambda key: key != "data"), values),
    data=st.lists(values, max_size=5),
    indent=st.sampled_from([None, 1]),
    ascii_=st.booleans(),
    seed=st.integers(0, 99),
)
def test_streamed_elements_are_those_of_the_whole(
    before: dict[str, object], data: list[object], indent: int | None, ascii_: bool, seed: int
) -> None:
    """Wherever the pieces of the file are cut, also in a number or a character."""
    text = json.dumps({**before, "data": data, "z": 1}, indent=indent, ensure_ascii=ascii_)
    raw = text.encode(errors="surrogatepass")

    assert list(json_array.elements(Drip(raw, seed), "data", "f")) == data
