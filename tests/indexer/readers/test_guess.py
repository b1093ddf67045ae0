"""Which reader reads which source, and what is said of it."""

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from indexer import readers as package
from indexer.errors import InputError, UsageError
from indexer.readers import registry
from indexer.readers.registry import FORMATS, reader_of, readers
from tests.indexer.readers.conftest import Reading

JSONL = b'{"text": "a", "lang": "en"}\n'
SQUAD = b'{"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": "a"}]}]}'
CSV = b"text,lang\na,en\n"
MIB = 1 << 20

GUESSES: dict[str, tuple[str, bytes, str]] = {
    "the name of JSON Lines": ("c.jsonl", JSONL, "jsonl"),
    "its other name": ("c.ndjson", JSONL, "jsonl"),
    "capitals": ("C.JSONL", JSONL, "jsonl"),
    "JSON Lines called JSON": ("c.json", JSONL, "jsonl"),
    "SQuAD": ("en.json", SQUAD, "squad"),
    "objects in a text file": ("c.txt", JSONL, "jsonl"),
    "objects in no file in particular": ("corpus", b" \n" + JSONL, "jsonl"),
    "a byte order mark": ("corpus", b"\xef\xbb\xbf" + JSONL, "jsonl"),
    "CSV": ("c.csv", CSV, "csv"),
    "a header with commas": ("c", CSV, "csv"),
    "a quoted header": ("c", b'"text","lang"\r\n"a","en"\r\n', "csv"),
    "a header with tabs": ("c.dat", b"text\tlang\na\ten\n", "tsv"),
    "tabs by name": ("c.tab", b"text\tlang\na\ten\n", "tsv"),
    "text": ("c.txt", b"a\n", "text"),
}


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
@pytest.mark.parametrize(("name", "content", "format_"), GUESSES.values(), ids=list(GUESSES))
def test_name_and_content_tell_the_format(
    tmp_path: Path, name: str, content: bytes, format_: str, packed: str
) -> None:
    """What was guessed is said; packing changes nothing."""
    pack: dict[str, Callable[[bytes], bytes]]
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
    path = tmp_path / (name + packed)
    path.write_bytes(pack[packed](content))
    read = Reading(path)

    assert read.texts == ["a"]
    assert read.notes == [f"reading {path} as {format_}"]


def test_what_nothing_tells_is_refused_with_the_formats(tmp_path: Path) -> None:
    """A guess that may be wrong is not made."""
    path = tmp_path / "notes.md"
    path.write_text("# a\n")
    with pytest.raises(InputError, match="neither name nor content tells its format") as caught:
        Reading(path)

    assert all(name in str(caught.value.remedy) for name in FORMATS)
    assert Reading(path, format="text").texts == ["# a"]


def test_a_format_asked_for_is_not_guessed(tmp_path: Path) -> None:
    """It wins over name and content, nothing is said; an unknown one is a wrong call."""
    path = tmp_path / "c.jsonl"
    path.write_bytes(CSV)
    read = Reading(path, format="csv")

    assert (read.texts, read.notes) == (["a"], [])
    with pytest.raises(UsageError, match="unknown format 'xml'"):
        Reading(path, format="xml")


def test_files_of_a_pattern_may_differ_and_are_said_once_a_format(tmp_path: Path) -> None:
    """A thousand files do not fill the screen."""
    for name, content in (("a.csv", CSV), ("b.csv", CSV), ("c.csv", CSV), ("d.jsonl", JSONL)):
        (tmp_path / name).write_bytes(content)
    read = Reading(tmp_path / "*")

    assert read.places == ["a.csv:2", "b.csv:2", "c.csv:2", "d.jsonl:1"]
    assert read.notes == [
        f"reading {tmp_path}/a.csv and 2 more as csv",
        f"reading {tmp_path}/d.jsonl as jsonl",
    ]


@pytest.mark.parametrize(
    ("content", "format_"), [(JSONL, "jsonl"), (zstandard.compress(CSV), "csv"), (SQUAD, "squad")]
)
def test_standard_input_is_told_by_its_content(content: bytes, format_: str) -> None:
    """A pipe can be read only once: what was looked at is not lost."""
    program = (
        "import sys\nfrom indexer.corpus import read_corpus\n"
        "said = lambda note: print(note, file=sys.stderr)\n"
        "print([r.document.text for r in read_corpus(['-'], lang='en', note=said)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=content,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )

    assert done.stdout.decode().strip() == "['a']"
    assert done.stderr.decode().strip() == f"reading stdin as {format_}"


def test_a_pattern_does_not_run_in_a_loop_of_links(tmp_path: Path) -> None:
    """`**` enters no link, so two links to their own folder are no maze of 2^40 paths."""
    (tmp_path / "in" / "ner").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for folder in (tmp_path, tmp_path / "in", tmp_path / "in" / "ner", tmp_path / ".hidden"):
        (folder / "c.jsonl").write_bytes(JSONL)
        (folder / "loop").symlink_to(tmp_path)
        (folder / "again").symlink_to(folder)
        (folder / "nowhere.jsonl").symlink_to(folder / "nowhere.jsonl")
    found = ["c.jsonl", "in/c.jsonl", "in/ner/c.jsonl"]

    for pattern in ("**/*.jsonl", "**/c.jsonl", "**/**/*.jsonl", "[i]n/**/*.jsonl"):
        read = Reading(tmp_path / pattern)
        wanted = found[1:] if pattern.startswith("[i]") else found
        assert len(read.texts) == len(wanted)
        assert read.notes[0].startswith(f"reading {tmp_path / wanted[0]} ")
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        assert len(Reading("**/*.jsonl").texts) == 3
        assert len(Reading("**").texts) == 3
    finally:
        os.chdir(here)


def test_every_format_has_a_reader_of_its_name() -> None:
    """The list of names is the whole registration."""
    assert [reader.name for reader in readers()] == list(FORMATS)
    assert all(reader_of(name).what for name in FORMATS)
    folder = Path(__file__).parents[3] / "indexer" / "readers"
    for name in FORMATS:
        assert len((folder / f"{name}.py").read_text().splitlines()) < 150


def test_the_reader_of_the_docs_takes_its_file_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of docs/readers.md, put beside the others and named in the list."""
    page = (Path(__file__).parents[3] / "docs" / "readers.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (name,) = re.findall(r'^```\n    "(\w+)",\n```$', page, re.MULTILINE)
    (tmp_path / "subtitles.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "FORMATS", (name, *FORMATS))
    registry.readers.cache_clear()
    content = b"00:12|Hello\nno time\n00:15|world\n"
    (tmp_path / "c.subs").write_bytes(content)
    (tmp_path / "c.gz").write_bytes(gzip.compress(content))
    try:
        for file in ("c.subs", "c.gz"):
            read = Reading(tmp_path / file, lang="en")
            assert read.texts == ["Hello", "world"]
            assert read.refused == {f"{file}:2": "no bar behind the time"}
            assert read.notes == [f"reading {tmp_path / file} as subtitles"]
    finally:
        registry.readers.cache_clear()
        sys.modules.pop("indexer.readers.subtitles", None)


def test_a_language_given_has_to_be_one(tmp_path: Path) -> None:
    """A wrong --lang is a wrong call, not a thousand refused records."""
    (tmp_path / "c.jsonl").write_bytes(JSONL)
    with pytest.raises(UsageError, match="--lang: unknown language tag 'English'"):
        Reading(tmp_path / "c.jsonl", lang="English")
