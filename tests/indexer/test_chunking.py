"""Long texts in pieces: each is where it says, fits, and comes and goes with its document."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import interlingua
from indexer import intake
from indexer.chunking import Chunking, document_of, splitter
from indexer.encoders.hashing import HashingEncoder
from indexer.errors import IncompatibleError, InputError, InterlinguaError, UsageError
from indexer.index import IndexReader
from indexer.records import Condition, Document
from indexer.removal import count_where, delete, delete_where, missing_ids
from indexer.verify import verify
from indexer.windows import token_spans, windows
from interlingua import EncoderSpec, Rejects, make_filter

HASHING = EncoderSpec("hashing")
SENTENCES = Chunking.parse("sentences")
LONG = Document(
    "long", "Dr. Smith has a cat. It sleeps! Does it dream?", "en", "g1", {"topic": "animals"}
)
SHORT = Document("short", "Nur ein Satz.", "de", "g1")
CHINESE = Document("zh", "我有一只猫。它在睡觉！它做梦吗？", "zh", "g1")


def rows(path: Path) -> dict[str, str]:
    """Ids and texts of an index."""
    with IndexReader.open(path) as reader:
        return {d.id: d.text for d in reader.documents()}


@pytest.mark.parametrize(
    ("text", "overlap", "meant"),
    [
        ("sentences", 0, Chunking("sentences", 1)),
        ("sentences:3", 1, Chunking("sentences", 3, 1)),
        ("tokens:128", 32, Chunking("tokens", 128, 32)),
    ],
)
def test_what_can_be_meant(text: str, overlap: int, meant: Chunking) -> None:
    """A unit, a number, an overlap."""
    assert Chunking.parse(text, overlap) == meant
    assert Chunking.parse(str(meant).partition(",")[0], overlap) == meant


@pytest.mark.parametrize(
    ("text", "overlap"),
    [
        ("words", 0),
        ("tokens", 0),
        ("tokens:0", 0),
        ("tokens:x", 0),
        ("sentences", 1),
        ("tokens:8", 8),
        ("sentences:2", -1),
        ("", 0),
        ("tokens:-1", 0),
        ("sentences:", 0),
    ],
)
def test_what_cannot(text: str, overlap: int) -> None:
    """No unit, no number, or an overlap that leaves nothing new."""
    with pytest.raises(UsageError):
        Chunking.parse(text, overlap)


@pytest.mark.parametrize(
    ("unit", "size", "overlap"),
    [("words", 1, 0), ("tokens", 0, 0), ("sentences", 2, 2), ("tokens", 8, -1)],
)
def test_what_cannot_be_made(unit: Any, size: int, overlap: int) -> None:
    """Whoever makes one in Python is told as soon."""
    with pytest.raises(UsageError):
        Chunking(unit, size, overlap)


@pytest.mark.parametrize(
    ("size", "overlap", "expected"),
    [
        (1, 0, ["a", "b", "c", "d", "e"]),
        (2, 0, ["ab", "cd", "e"]),
        (3, 1, ["abc", "cde"]),
        (3, 2, ["abc", "bcd", "cde"]),
        (9, 4, ["abcde"]),
        (4, 1, ["abcd", "de"]),
    ],
)
def test_windows(size: int, overlap: int, expected: list[str]) -> None:
    """So many in a row, the last whatever is left, and nothing that adds nothing."""
    spans = [(n, n + 1) for n in range(5)]
    found = windows(spans, size, overlap)
    assert ["abcde"[start:end] for start, end in found] == expected


def words(texts: Sequence[str]) -> list[int]:
    """Count a token a word, and one for every three characters of it."""
    return [sum(-(-len(word) // 3) for word in text.split()) for text in texts]


TEXTS = st.text(max_size=80).filter(str.strip) | st.lists(
    st.sampled_from(
        [
            "cat",
            "我有一只猫",
            "e\u0301",
            "👍🏽",
            "\n\n",
            "สวัสดีครับ",
            "Satz.",
            "Krankenhausverwaltung",
        ]
    ),
    min_size=1,
    max_size=30,
).map(" ".join).filter(str.strip)


@given(TEXTS, st.integers(1, 20), st.data())
def test_token_chunks_fit_and_cover(text: str, size: int, data: st.DataObject) -> None:
    """No chunk is larger, nothing but white space lies outside, no chunk repeats another."""
    overlap = data.draw(st.integers(0, size - 1))
    spans = token_spans(text, size, overlap, words)
    assert spans[0][0] == len(text) - len(text.lstrip())
    covered = set()
    for start, end in spans:
        assert text[start:end].strip() == text[start:end] != ""
        assert words([text[start:end]])[0] <= size or len(text[start:end].split()) == 1
        covered |= set(range(start, end))
    assert all(text[i].isspace() for i in range(len(text)) if i not in covered)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(spans))
    for (_, end), (start, _) in pairwise(spans):
        shared = text[start:end]
        assert words([shared])[0] <= overlap + 2 or not shared


@given(TEXTS, st.sampled_from(["en", "zh", "th", "und", "qaa", "x-mine", "de"]))
@settings(deadline=None)
def test_sentences_cover_any_text(text: str, lang: str) -> None:
    """Whatever the language, sentences stand in order and leave nothing but white space out."""
    pieces = splitter(SENTENCES, lambda: HashingEncoder(HASHING), "passage")(
        Document("d", text, lang)
    )
    last = 0
    for number, piece in enumerate(pieces):
        origin = piece.metadata["chunk"]
        assert isinstance(origin, dict)
        assert (piece.id, origin["number"], origin["document"]) == (f"d#{number}", number, "d")
        assert piece.text == text[origin["start"] : origin["end"]]
        assert not text[last : origin["start"]].strip()
        assert document_of(piece) == "d"
        last = origin["end"]
    assert not text[last:].strip()


def test_chunks_are_documents(tmp_path: Path) -> None:
    """Each has language, group and metadata of the whole, and its own vector."""
    report = interlingua.build(
        [LONG, SHORT, CHINESE], tmp_path / "i", encoder=HASHING, chunking=SENTENCES
    )
    assert (report.documents, report.added, report.wholes) == (7, 7, 3)
    assert rows(tmp_path / "i") == {
        "long#0": "Dr. Smith has a cat.",
        "long#1": "It sleeps!",
        "long#2": "Does it dream?",
        "short#0": "Nur ein Satz.",
        "zh#0": "我有一只猫。",
        "zh#1": "它在睡觉！",
        "zh#2": "它做梦吗？",
    }
    with IndexReader.open(tmp_path / "i") as reader:
        found = reader.document("long#1")
        assert found is not None
        assert (found.lang, found.group) == ("en", "g1")
        place = {"document": "long", "number": 1, "start": 21, "end": 31}
        assert found.metadata == {"topic": "animals", "chunk": place}
        assert LONG.text[21:31] == found.text
        info = reader.info()
    assert (info.chunking, info.wholes, info.documents) == ("sentences:1", 3, 7)
    assert verify(tmp_path / "i") == []


def test_adding_cuts_as_the_build_did(tmp_path: Path) -> None:
    """Replacing takes all chunks of the old text; the same text is left alone."""
    path = tmp_path / "i"
    interlingua.build([LONG, SHORT], path, encoder=HASHING, chunking=SENTENCES)
    shorter = Document("long", "It sleeps! It purrs.", "en", "g1", {"topic": "animals"})
    with pytest.raises(InterlinguaError, match="duplicate id 'long'"):
        interlingua.add([shorter], path)
    skipped = interlingua.add([shorter], path, on_duplicate="skip")
    assert (skipped.unchanged, skipped.documents) == (1, 4)
    same = interlingua.add([LONG], path, on_duplicate="replace")
    assert (same.unchanged, same.added) == (1, 0)
    replaced = interlingua.add([shorter, CHINESE], path, on_duplicate="replace")
    assert (replaced.replaced, replaced.wholes) == (1, 3)
    assert rows(path) == {
        "short#0": "Nur ein Satz.",
        "long#0": "It sleeps!",
        "long#1": "It purrs.",
        "zh#0": "我有一只猫。",
        "zh#1": "它在睡觉！",
        "zh#2": "它做梦吗？",
    }
    assert verify(path) == []


def test_deleting_takes_the_chunks(tmp_path: Path) -> None:
    """A document goes with all its chunks, and no other that is called alike."""
    path = tmp_path / "i"
    alike = [Document(id_, "One. Two.", "en") for id_ in ("a", "a#1", "a$", "ab", "a#")]
    interlingua.build(alike, path, encoder=HASHING, chunking=SENTENCES)
    assert missing_ids(["a", "a#0"], path) == ["a#0"]
    assert delete(["a", "nobody"], path) == ["nobody"]
    assert set(rows(path)) == {f"{id_}#{n}" for id_ in ("a#1", "a$", "ab", "a#") for n in (0, 1)}
    assert delete(["a#1"], path) == []
    assert set(rows(path)) == {f"{id_}#{n}" for id_ in ("a$", "ab", "a#") for n in (0, 1)}
    assert verify(path) == []


def test_a_taken_field_is_refused(tmp_path: Path) -> None:
    """A record that has a field of that name already is refused, not overwritten."""
    taken = Document("taken", "One. Two.", "en", None, {"chunk": 7})
    with pytest.raises(InputError, match="has a field 'chunk'"):
        interlingua.build([taken], tmp_path / "i", encoder=HASHING, chunking=SENTENCES)
    report = interlingua.build(
        [taken, SHORT], tmp_path / "i", encoder=HASHING, chunking=SENTENCES, rejects=Rejects(1)
    )
    assert (report.rejected, report.documents) == (1, 1)


def test_an_interrupted_build_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind its last committed batch, in which every document has all its chunks."""
    corpus = [Document(f"d{n}", f"First of {n}. Second! Third?", "en") for n in range(20)]
    interlingua.build(corpus, tmp_path / "whole", encoder=HASHING, chunking=SENTENCES)
    monkeypatch.setattr(intake, "BATCH", 4)
    path = tmp_path / "i"

    def stop(done: int) -> None:
        if done >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interlingua.build(corpus, path, encoder=HASHING, chunking=SENTENCES, progress=stop)
    assert len(rows(path)) == 30
    with pytest.raises(
        IncompatibleError, match=r"began with --chunk sentences:1, not with no --chunk"
    ):
        interlingua.build(corpus, path, encoder=HASHING)
    report = interlingua.build(corpus, path, encoder=HASHING, chunking=SENTENCES)
    assert report.resumed_at == 10
    assert rows(path) == rows(tmp_path / "whole")


def test_another_corpus_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when only a later chunk of a committed document differs."""
    monkeypatch.setattr(intake, "BATCH", 2)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interlingua.build(
            [LONG, SHORT], tmp_path / "i", encoder=HASHING, chunking=SENTENCES, progress=stop
        )
    other = Document("long", LONG.text + " No.", "en", "g1", {"topic": "animals"})
    with pytest.raises(UsageError, match="not the corpus"):
        interlingua.build([other, SHORT], tmp_path / "i", encoder=HASHING, chunking=SENTENCES)


def test_tokens_are_the_encoders(tmp_path: Path) -> None:
    """No chunk has more of the encoder's own tokens, and more than it takes is refused."""
    encoder = HashingEncoder(HASHING)
    cut = splitter(Chunking.parse("tokens:12", 4), lambda: encoder, "passage")
    pieces = cut(LONG)
    assert max(encoder.count_tokens([piece.text for piece in pieces])) <= 12
    assert len(pieces) > 3
    with pytest.raises(UsageError, match="takes 4096"):
        splitter(Chunking.parse("tokens:5000"), lambda: encoder, "passage")
    report = interlingua.build(
        [LONG], tmp_path / "i", encoder=HASHING, chunking=Chunking.parse("tokens:12", 4)
    )
    assert report.documents == len(pieces)


def test_what_is_no_chunk() -> None:
    """A field that looks like it, of a document that is called otherwise, ties nothing."""
    forged = Document("x", "text", "en", None, {"chunk": {"document": "y"}})
    assert document_of(forged) == "x"
    assert document_of(Document("y#0", "t", "en", None, {"chunk": "y"})) == "y#0"


def test_a_condition_on_a_chunk_deletes_its_document(tmp_path: Path) -> None:
    """What one chunk lets pass goes with all the others; a dry run counts the same."""
    interlingua.build([LONG, SHORT, CHINESE], tmp_path / "i", encoder=HASHING, chunking=SENTENCES)
    second = make_filter(where=[Condition("chunk", '{"document":"long","number":1', "^=")])
    assert count_where(second, tmp_path / "i") == {"en": 3}
    assert delete_where(second, tmp_path / "i") == {"en": 3}
    assert {id_.partition("#")[0] for id_ in rows(tmp_path / "i")} == {"short", "zh"}
    assert verify(tmp_path / "i") == []


def test_an_export_holds_the_chunks(tmp_path: Path) -> None:
    """Built without cutting, they are the rows they were."""
    interlingua.build([LONG, SHORT], tmp_path / "i", encoder=HASHING, chunking=SENTENCES)
    with (tmp_path / "c.jsonl").open("wb") as file:
        interlingua.export(tmp_path / "i", file)
    interlingua.build(interlingua.read_corpus([str(tmp_path / "c.jsonl")]), tmp_path / "j",
                      encoder=HASHING)  # fmt: skip
    with IndexReader.open(tmp_path / "i") as one, IndexReader.open(tmp_path / "j") as other:
        assert list(one.documents()) == list(other.documents())
