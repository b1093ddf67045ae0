"""Benchmark folders and aligned files become corpora."""

import json
from pathlib import Path
from typing import Any

import pytest

from indexer.convert import ConvertReport, convert_parallel, convert_tatoeba
from indexer.corpus import read_corpus, read_queries
from indexer.errors import InputError, UsageError


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


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the records of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def files(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def make(folder: Path, **contents: str) -> None:
    """Write files; two underscores in a name stand for a dot."""
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(content, "utf-8", newline="")


def pair(folder: Path, code: str, foreign: str, english: str) -> None:
    """Write one pair of the Tatoeba test set."""
    (folder / f"tatoeba.{code}-eng.{code}").write_text(foreign, "utf-8", newline="")
    (folder / f"tatoeba.{code}-eng.eng").write_text(english, "utf-8", newline="")


def test_tatoeba_joins_pairs_by_their_english(src: Path, out: Path) -> None:
    """An English sentence is one document; its translations from all pairs share its group."""
    pair(src, "deu", "Hallo\nDer Hund\n", "Hello\nThe dog\n")
    pair(src, "cmn", "狗\r\n你好", "The dog\r\nGoodbye")
    report = convert_tatoeba(src, out)
    documents = {record["id"]: record for record in lines(out / "corpus.jsonl")}

    assert report == ConvertReport(7, 4, {"de": 2, "en": 3, "zh": 2}, 3, {})
    assert documents == {
        "cmn-1": {"id": "cmn-1", "text": "狗", "lang": "zh", "group": "eng-1", "cmn-eng": True},
        "cmn-2": {"id": "cmn-2", "text": "你好", "lang": "zh", "group": "eng-2", "cmn-eng": True},
        "deu-1": {"id": "deu-1", "text": "Hallo", "lang": "de", "group": "eng-3", "deu-eng": True},
        "deu-2": {
            "id": "deu-2", "text": "Der Hund", "lang": "de", "group": "eng-1", "deu-eng": True
        },
        "eng-1": {
            "id": "eng-1", "text": "The dog", "lang": "en", "group": "eng-1",
            "cmn-eng": True, "deu-eng": True,
        },
        "eng-2": {
            "id": "eng-2", "text": "Goodbye", "lang": "en", "group": "eng-2", "cmn-eng": True
        },
        "eng-3": {
            "id": "eng-3", "text": "Hello", "lang": "en", "group": "eng-3", "deu-eng": True
        },
    }  # fmt: skip
    assert lines(out / "queries.jsonl")[2] == {
        "id": "deu-1",
        "text": "Hallo",
        "lang": "de",
        "group": "eng-3",
    }


def test_what_tatoeba_writes_is_read(src: Path, out: Path) -> None:
    """The corpus and the queries pass the readers, with the pair as metadata."""
    pair(src, "heb", "שלום\n", "Peace\n")
    convert_tatoeba(src, out)
    documents = [r.document for r in read_corpus([str(out / "corpus.jsonl")])]
    (query,) = read_queries(str(out / "queries.jsonl"))

    assert [(d.id, d.lang, d.group, d.metadata) for d in documents] == [
        ("heb-1", "he", "eng-1", {"heb-eng": True}),
        ("eng-1", "en", "eng-1", {"heb-eng": True}),
    ]
    assert (query.id, query.lang, query.group, query.relevant) == ("heb-1", "he", "eng-1", None)


def test_tatoeba_counts_what_it_leaves_out(src: Path, out: Path) -> None:
    """A line that is blank on one side is no pair; a sentence that comes again is ambiguous."""
    pair(src, "deu", "a\n\nc\na\n", "A\nB\n  \nD\n")
    report = convert_tatoeba(src, out)

    assert report.skipped == {"blank line": 2, "repeated sentence": 1}
    assert [r["text"] for r in lines(out / "corpus.jsonl")] == ["a", "A"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({}, "src: no file tatoeba.XXX-eng.eng"),
        ({"tatoeba__deu-eng__eng": "a\n"}, "tatoeba.deu-eng.deu: no such file"),
        ({"tatoeba__xxx-eng__eng": "a\n"}, "tatoeba.xxx-eng.eng: unknown language tag 'xxx'"),
        (
            {"tatoeba__deu-eng__eng": "a\nb\n", "tatoeba__deu-eng__deu": "a\n"},
            "tatoeba.deu-eng.deu: 1 line, ",
        ),
        (
            {"tatoeba__deu-eng__eng": "a\nb\n", "tatoeba__deu-eng__deu": "a\nb\0\n"},
            "tatoeba.deu-eng.deu:2: holds a NUL byte",
        ),
        (
            {"tatoeba__deu-eng__eng": "a\n", "tatoeba__deu-eng__deu": "a" * (1 << 20) + "a\n"},
            "tatoeba.deu-eng.deu:1: longer than 1 MiB",
        ),
        (
            {"tatoeba__deu-eng__eng": "\n", "tatoeba__deu-eng__deu": "\n"},
            "src: holds no sentence",
        ),
    ],
)
def test_a_broken_tatoeba_folder_writes_nothing(
    src: Path, out: Path, names: dict[str, str], reason: str
) -> None:
    """The fault is named with file and line, and nothing is left behind."""
    make(src, **names)
    with pytest.raises(InputError) as caught:
        convert_tatoeba(src, out)

    assert reason in caught.value.message
    assert caught.value.remedy
    assert not out.exists() or files(out) == []


def test_a_failed_conversion_leaves_the_last_good_one(src: Path, out: Path) -> None:
    """Both files are replaced together, or neither is."""
    pair(src, "deu", "a\n", "A\n")
    convert_tatoeba(src, out)
    before = [(out / name).read_bytes() for name in ("corpus.jsonl", "queries.jsonl")]
    pair(src, "fra", "b\n", "B\nC\n")
    with pytest.raises(InputError, match="unequal length"):
        convert_tatoeba(src, out)

    assert files(out) == ["corpus.jsonl", "queries.jsonl"]
    assert [(out / name).read_bytes() for name in files(out)] == before


def test_an_output_that_cannot_be_written_is_named(src: Path, tmp_path: Path) -> None:
    """A file where the folder should be is a wrong call."""
    pair(src, "deu", "a\n", "A\n")
    (tmp_path / "taken").touch()

    with pytest.raises(UsageError, match="taken: cannot be written: File exists"):
        convert_tatoeba(src, tmp_path / "taken")


@pytest.mark.parametrize("size", [1, 100_000], ids=["at the end", "on the way"])
def test_a_full_disk_is_named(src: Path, size: int) -> None:
    """An error while writing names the folder and leaves no half file."""
    pair(src, "deu", "a" * size + "\n", "A\n")
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full to fill")
    out = src / "out"
    out.mkdir()
    (out / ".corpus.jsonl.part").symlink_to(full)
    with pytest.raises(UsageError, match="out: cannot be written: No space left on device"):
        convert_tatoeba(src, out)

    assert files(out) == []


def test_aligned_files_become_groups(src: Path, out: Path) -> None:
    """Lines of one number share a group; the end of the name is the language."""
    make(src, talk__en="one\ntwo\n", talk__de_AT="eins\n zwei \n", talk__cmn__txt="一\n二")
    report = convert_parallel(src, out)
    read = [r.document for r in read_corpus([str(out / "corpus.jsonl")])]

    assert report == ConvertReport(6, 0, {"de": 2, "en": 2, "zh": 2}, 2, {})
    assert [(d.id, d.text, d.lang, d.group) for d in read] == [
        ("talk.1.cmn", "一", "zh", "talk.1"),
        ("talk.1.de_AT", "eins", "de", "talk.1"),
        ("talk.1.en", "one", "en", "talk.1"),
        ("talk.2.cmn", "二", "zh", "talk.2"),
        ("talk.2.de_AT", "zwei", "de", "talk.2"),
        ("talk.2.en", "two", "en", "talk.2"),
    ]
    assert files(out) == ["corpus.jsonl"]


def test_files_named_by_their_language_alone_belong_together(src: Path, out: Path) -> None:
    """``en.txt`` and ``fr.txt`` are one set without a name."""
    make(src, en__txt="one\n", fr__txt="un\n")
    convert_parallel(src, out)

    assert [(r["id"], r["group"]) for r in lines(out / "corpus.jsonl")] == [
        ("1.en", "1"),
        ("1.fr", "1"),
    ]


def test_several_sets_are_kept_apart(src: Path, out: Path) -> None:
    """The same line number in another set is another meaning; strays are counted."""
    make(src, a__en="x\n", a__de="y\n", b__en="x\n", b__de="z\n", lone__fr="w\n", README="hi\n")
    (src / ".hidden.en").write_text("no\n")
    (src / "folder.en").mkdir()
    report = convert_parallel(src, out)

    assert [r["group"] for r in lines(out / "corpus.jsonl")] == ["a.1", "a.1", "b.1", "b.1"]
    assert report.skipped == {
        "file without a language in its name": 1,
        "file without a translation beside it": 1,
    }


def test_a_blank_line_keeps_the_place(src: Path, out: Path) -> None:
    """A missing translation is left out and counted; the lines after it stay aligned."""
    make(src, a__en="one\n\nthree\n", a__de="eins\nzwei\n\n")
    report = convert_parallel(src, out)

    assert [(r["text"], r["group"]) for r in lines(out / "corpus.jsonl")] == [
        ("eins", "a.1"),
        ("one", "a.1"),
        ("zwei", "a.2"),
        ("three", "a.3"),
    ]
    assert report.skipped == {"blank line": 2}
    assert report.groups == 3


def test_files_of_unequal_length_are_refused(src: Path, out: Path) -> None:
    """The message names the files with their counts."""
    make(src, a__en="1\n2\n3\n", a__de="1\n2\n", a__fr="1\n2\n3\n")
    with pytest.raises(InputError) as caught:
        convert_parallel(src, out)

    assert caught.value.message == (
        f"files of unequal length: {src}/a.de: 2 lines, {src}/a.en: 3 lines, {src}/a.fr: 3 lines"
    )
    assert files(out) == []


def test_a_folder_without_two_aligned_files_is_refused(src: Path, out: Path) -> None:
    """One language, a file instead of a folder and no folder are no parallel corpus."""
    make(src, a__en="1\n")
    for wrong in (src, src / "a.en", src / "missing"):
        with pytest.raises(InputError, match="no two files that belong together"):
            convert_parallel(wrong, out)


def test_queries_of_another_corpus_are_not_left_beside_a_new_one(src: Path, out: Path) -> None:
    """A conversion without queries does not silently inherit older ones, nor delete them."""
    make(src, a__en="1\n", a__de="2\n")
    out.mkdir(parents=True)
    (out / "queries.jsonl").write_text("mine")
    with pytest.raises(UsageError, match=r"queries\.jsonl would not belong to the new corpus"):
        convert_parallel(src, out)

    assert files(out) == ["queries.jsonl"]
