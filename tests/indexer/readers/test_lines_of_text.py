"""Plain text and aligned files: a line a document."""

import gzip
from pathlib import Path

import pytest

from indexer.convert import convert_parallel
from indexer.corpus import read_corpus
from indexer.errors import InputError
from indexer.fields import Fields
from tests.indexer.readers.conftest import Reading


def test_lines_are_documents_and_blank_ones_are_counted(tmp_path: Path) -> None:
    """Spaces stay, a byte order mark and CRLF go, a bad line is refused where it stands."""
    path = tmp_path / "c.txt"
    path.write_bytes(b"\xef\xbb\xbf a \r\n\r\n \nb\0\ncaf\xe9\nc\xe2\x80\xa8d")
    read = Reading(path, lang="en", fields=Fields(text="t", lang="l"))

    assert read.texts == [" a ", "c\u2028d"]
    assert read.places == ["c.txt:1", "c.txt:6"]
    assert {d.lang for d in read.documents} == {"en"}
    assert list(read.refused) == ["c.txt:4", "c.txt:5"]
    assert read.notes == [f"reading {path} as text", f"{path}: 2 blank lines left out"]


def test_text_of_blank_lines_holds_no_record(tmp_path: Path) -> None:
    """As a corpus of any format."""
    (tmp_path / "c.txt").write_bytes(b"\n \n")
    with pytest.raises(InputError, match="holds no record"):
        Reading(tmp_path / "c.txt", format="text")


def aligned(folder: Path, **texts: str) -> list[Path]:
    """Write talk.LANG for each language."""
    paths = [folder / f"talk.{lang}" for lang in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_lines_of_one_number_share_a_group(tmp_path: Path) -> None:
    """The language is the suffix; a blank line keeps its place."""
    paths = aligned(tmp_path, en="one\ntwo\n\n", de="eins\nzwei\ndrei\n", x="no file")[:2]
    read = Reading(*paths, format="parallel", lang="fr")

    assert [(d.id, d.text, d.lang, d.group) for d in read.documents] == [
        ("talk.1.en", "one", "en", "talk.1"),
        ("talk.1.de", "eins", "de", "talk.1"),
        ("talk.2.en", "two", "en", "talk.2"),
        ("talk.2.de", "zwei", "de", "talk.2"),
        ("talk.3.de", "drei", "de", "talk.3"),
    ]
    assert read.places == ["talk.en:1", "talk.de:1", "talk.en:2", "talk.de:2", "talk.de:3"]
    assert read.notes == ["1 blank lines left out; their translations stay"]


def test_reading_and_converting_give_the_same_documents(tmp_path: Path) -> None:
    """`--format parallel` and `convert parallel`, for several sets, packed or not."""
    (tmp_path / "in").mkdir()
    aligned(tmp_path / "in", en="a\nb\n", de="c\nd\n", he="e\nf\n")
    (tmp_path / "in" / "other.en.txt").write_text("g\n")
    (tmp_path / "in" / "other.de.txt").write_text("h\n")
    convert_parallel(tmp_path / "in", tmp_path / "out")
    wanted = [r.document for r in read_corpus([str(tmp_path / "out" / "corpus.jsonl")])]
    packed = tmp_path / "in" / "talk.he.gz"
    packed.write_bytes(gzip.compress((tmp_path / "in" / "talk.he").read_bytes()))
    (tmp_path / "in" / "talk.he").unlink()
    read = Reading(tmp_path / "in" / "*", format="parallel")

    key = lambda document: document.id  # noqa: E731
    assert sorted(read.documents, key=key) == sorted(wanted, key=key)


def test_files_of_unequal_length_are_refused_before_the_first_record(tmp_path: Path) -> None:
    """With both counts; nothing of them is in the index then."""
    paths = aligned(tmp_path, en="one\ntwo\n", de="eins\nzwei\ndrei")
    with pytest.raises(InputError) as caught:
        next(iter(read_corpus([str(path) for path in paths], format="parallel")))

    assert caught.value.message == (
        f"files of unequal length: {paths[0]}: 2 lines, {paths[1]}: 3 lines"
    )


def test_bad_lines_are_refused_and_their_translations_read(tmp_path: Path) -> None:
    """A line that is no text costs itself alone."""
    paths = aligned(tmp_path, en="one\ntwo\n", de="eins\nzwei\n")
    paths[0].write_bytes(b"one\nt\xffo\n")
    read = Reading(*paths, format="parallel")

    assert read.texts == ["one", "eins", "zwei"]
    assert list(read.refused) == ["talk.en:2"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["talk.en"], "no translation of it is named"),
        (["talk.en", "speech.de"], "no translation of it is named"),
        (["talk.en", "talk.english"], "its name does not end in a language"),
        (["talk.en", "talk.en.txt"], "are the same language of one set"),
        (["-"], "cannot come by a pipe"),
    ],
)
def test_names_that_do_not_belong_together_are_refused(
    tmp_path: Path, names: list[str], reason: str
) -> None:
    """With the rule that names follow."""
    for name in names:
        (tmp_path / name).write_text("a\n")
    sources = [name if name == "-" else str(tmp_path / name) for name in names]
    with pytest.raises(InputError, match=reason) as caught:
        Reading(*sources, format="parallel")
    assert "talk.en and talk.de" in str(caught.value.remedy)
