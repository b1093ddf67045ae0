"""Question files that are read and refused, and the sentences of our own."""

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import InputError
from search.origin import strong_alignment
from search.origin_question import own_question, read_question


def test_our_own_six_sentences() -> None:
    """Three meanings in English and in Hebrew, and nothing published about them."""
    question = own_question()
    assert [s.id for s in question.sentences] == [
        f"{lang}-00{n}" for lang in ("en", "he") for n in (1, 2, 3)
    ]
    assert [s.group for s in question.sentences] == ["001", "002", "003"] * 2
    assert question.sentences[0].text == "A cat leapt off the roof and scared the pigeons."
    assert question.published == {}
    assert strong_alignment(question.sentences, np.zeros((6, 6))).n == 12


def record(id_: str, lang: str, group: str) -> dict[str, object]:
    """One sentence as the file holds it."""
    return {"id": id_, "lang": lang, "group": group, "text": f"text of {id_}"}


GOOD: list[dict[str, object]] = [
    record("a", "en", "1"),
    record("b", "en", "2"),
    record("c", "heb", "1"),
]


def write(tmp_path: Path, document: object) -> Path:
    """Write a question file."""
    path = tmp_path / "question.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def test_reading_a_file(tmp_path: Path) -> None:
    """Languages in their short form; what is not needed may be left out or stand there."""
    pair = {"a": "c", "b": "a", "distance": 0, "kind": "ignored"}
    question = read_question(write(tmp_path, {"sentences": GOOD, "published": [pair], "note": 1}))
    assert [s.lang for s in question.sentences] == ["en", "en", "he"]
    assert question.published == {frozenset("ac"): 0.0}
    assert (question.encoder, question.source) == (None, None)
    bare = read_question(write(tmp_path, {"sentences": GOOD, "source": "here"}))
    assert (bare.published, bare.source) == ({}, "here")


def test_the_example_of_the_docs_is_read(tmp_path: Path) -> None:
    """The file that docs/origin.md shows is one that the command takes."""
    page = (Path(__file__).parents[2] / "docs/origin.md").read_text(encoding="utf-8")
    path = tmp_path / "question.json"
    path.write_text(page.partition("```json\n")[2].partition("```")[0], encoding="utf-8")
    question = read_question(path)
    assert (len(question.sentences), len(question.published)) == (3, 2)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "an array instead of an object"),
        ({}, "no sentence has both"),
        ({"sentences": [1]}, "sentences is not a list of objects"),
        ({"sentences": "x"}, "sentences is not a list of objects"),
        ({"sentences": [{**GOOD[0], "id": 1}]}, "sentence 1: id is a number, not a string"),
        ({"sentences": [GOOD[0], {**GOOD[1], "text": " "}]}, "sentence 2: text is empty"),
        ({"sentences": [{**GOOD[0], "group": None}]}, "group is null, not a string"),
        ({"sentences": [GOOD[0], GOOD[0]]}, "sentence 2: id 'a' comes twice"),
        ({"sentences": [{**GOOD[0], "lang": "xx-nope"}]}, "unknown language tag"),
        ({"sentences": [{**GOOD[0], "lang": "mul"}]}, "'mul' names no single language"),
        ({"sentences": GOOD[:2]}, "no sentence has both a translation and another"),
        ({"sentences": [record(str(i), "en", "1") for i in range(101)]}, "101 sentences"),
        ({"sentences": GOOD, "source": 3}, "source is a number"),
        ({"sentences": GOOD, "published": {}}, "published is not a list of objects"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, document: object, words: str) -> None:
    """The error names the file and the place in it, and says what to do."""
    path = write(tmp_path, document)
    with pytest.raises(InputError) as caught:
        read_question(path)
    assert str(path) in caught.value.message
    assert words in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ({"a": "a", "b": "x", "distance": 0.1}, "are not ids of two sentences"),
        ({"a": "a", "b": "a", "distance": 0.1}, "are not ids of two sentences"),
        ({"a": "a", "distance": 0.1}, "b is null, not a string"),
        ({"a": "a", "b": "c", "distance": "0.1"}, "distance is a string, not a number"),
        ({"a": "a", "b": "c", "distance": True}, "distance is true, not a number"),
        ({"a": "a", "b": "c"}, "distance is null, not a number"),
        ({"a": "a", "b": "c", "distance": 2.1}, "2.1 is no cosine distance"),
        ({"a": "b", "b": "a", "distance": 0.1}, "come twice"),
    ],
)
def test_published_distances_that_are_refused(
    tmp_path: Path, pair: dict[str, object], words: str
) -> None:
    """Each is a known pair, once, with a distance that can be one."""
    first = {"a": "a", "b": "b", "distance": 0.5}
    path = write(tmp_path, {"sentences": GOOD, "published": [first, pair]})
    with pytest.raises(InputError, match="published distance 2: ") as caught:
        read_question(path)
    assert words in caught.value.message


def test_files_that_are_no_json(tmp_path: Path) -> None:
    """Missing, a directory, not UTF-8, broken in its second line."""
    path = tmp_path / "q.json"
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_question(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_question(tmp_path)
    path.write_bytes(b'{"sentences": "\xff"}')
    with pytest.raises(InputError, match="not UTF-8"):
        read_question(path)
    path.write_text('{\n  "sentences" 1}')
    with pytest.raises(InputError, match="line 2, column 15: not JSON"):
        read_question(path)
