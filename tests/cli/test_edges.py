"""What people do that no manual foresees: pipes, full disks, options that contradict each other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run, write_jsonl


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a shell, as a user would."""
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_pipe_is_read_once(tmp_path: Path, corpus: Path) -> None:
    """A named pipe and /dev/stdin can be read only once: nothing of them is used up by counting."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    build = f"{sys.executable} -m cli.main build --encoder hashing --json"
    for source in (f"cat {corpus} > {pipe} & {build} {pipe}", f"cat {corpus} | {build} /dev/stdin"):
        ran = shell(f"{source} --index {tmp_path / str(len(source))}")
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["documents"] == 8


@pytest.mark.parametrize("options", ["info", "search cat --json", "search cat"])
def test_a_full_disk_behind_stdout_is_said(index: Path, options: str) -> None:
    """Output that cannot be written ends in exit 1 and one line, not in a traceback."""
    ran = shell(f"{sys.executable} -m cli.main {options} --index {index} > /dev/full")
    assert ran.returncode == 1
    assert "No space left" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_name_the_file_system_refuses_is_said(run: Run) -> None:
    """A path that is too long is a mistake like others."""
    ran = run("info", "--index", "a" * 300)
    assert ran.code == 1
    assert "too long" in ran.err


@pytest.mark.parametrize(
    "command",
    [
        "export --format jsonl --overwrite --output interlingua.db",
        "backup --output vectors/copy",
        "audit --html interlingua.db",
        "debias --evaluate --plot vectors/plot.svg",
    ],
)
def test_nothing_is_written_into_an_index(index: Path, run: Run, command: str) -> None:
    """One of its files could be lost, and a copy of its texts is not purged there."""
    before = (index / "interlingua.db").read_bytes()
    *words, name = command.split()
    ran = run(*words, index / name, "--index", index)
    assert ran.code == 2
    assert "lies inside the index" in ran.err
    assert (index / "interlingua.db").read_bytes() == before
    assert not (index / "vectors" / "copy").exists()


def test_a_gate_writes_nothing_into_an_index_either(index: Path, run: Run) -> None:
    """Before it reads the audit."""
    ran = run("gate", index / "no.json", "--junit", index / "interlingua.db")
    assert (ran.code, "lies inside the index" in ran.err) == (2, True)
    assert run("info", "--index", index).code == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--where lang=de", "no document has a field 'lang'; languages are chosen with --in"),
        ("--where nosuch=1", "no document has a field 'nosuch'"),
        ("--where topic=>food", "no document has 'topic' = '>food'"),
        ("--where topic=food --in xh,zu", "no document is in xh, zu"),
        (
            "--where topic=soup --in en,xh",
            "no document is in xh, and no document has 'topic' = 'soup'",
        ),
        ("--where topic=food --where n=2", "no document meets all of its conditions"),
    ],
)
def test_what_lets_nothing_pass_is_said(run: Run, tmp_path: Path, options: str, why: str) -> None:
    """A slip in a filter looks like an empty index."""
    records, index = tmp_path / "c.jsonl", tmp_path / "i"
    soup = {"id": "a", "text": "soup", "lang": "en", "topic": "food", "n": 1}
    write_jsonl(records, [soup, {"id": "b", "text": "a race", "lang": "en", "n": 2}])
    assert run("build", records, "--index", index, "--encoder", "hashing").code == 0
    out = tmp_path / "out.jsonl"
    for command in (("search", "soup"), ("delete",), ("export", "--output", out)):
        ran = run(*command, "--index", index, *options.split())
        assert ran.code == 0
        assert f"note: nothing passes the filter: {why}\n" in ran.err
    assert "filter" not in run("search", "soup", "--index", index, "--in", "en,xh").err


def test_id_with_another_text_or_language(index: Path, run: Run) -> None:
    """--id and a TEXT must agree; --lang and --group override what the document says."""
    refused = run("search", "something else", "--id", "en1", "--index", index)
    assert refused.code == 2
    assert "another text" in refused.err
    assert run("search", "x", "--id", "nosuch", "--index", index).code == 3
    options = ("--id", "en1", "--lang", "de", "--group", "2", "--index", index, "--json")
    query = run("search", *options).json()["query"]
    assert isinstance(query, dict)
    assert (query["lang"], query["lang_source"], query["group"]) == ("de", "given", "2")


def test_query_records_may_name_their_fields_otherwise(
    tmp_path: Path, index: Path, run: Run
) -> None:
    """Query files are renamed like corpora."""
    queries = tmp_path / "q.jsonl"
    queries.write_text('{"key": "en1", "body": "A cat leapt off the roof."}\n', encoding="utf-8")
    options = ("--id-field", "key", "--text-field", "body", "--index", index, "--json")
    query = run("search", "--queries", queries, *options).json()["query"]
    assert isinstance(query, dict)
    assert query["id"] == "en1"


@pytest.mark.parametrize(
    "options",
    [
        ("--where", "a=1", "--where", "a=2"),
        ("--where", "year"),
        ("--where", ">=1"),
        ("--in", ""),
        ("--queries", "q", "--lang", "en"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    options: tuple[str, ...], index: Path, run: Run
) -> None:
    """A field named twice, no language at all, a language beside a file of queries."""
    text = () if "--queries" in options else ("cat",)
    assert run("search", *text, *options, "--index", index).code in {2, 3}


def test_ids_from_a_file_are_taken_letter_by_letter(tmp_path: Path, run: Run) -> None:
    """Blanks belong to an id; only the line end does not. What is shown is safe to show."""
    write_jsonl(tmp_path / "c.jsonl", [{"id": " x ", "text": "one", "lang": "en"}])
    path = tmp_path / "i"
    run("build", tmp_path / "c.jsonl", "--index", path, "--encoder", "hashing", "-q")
    (tmp_path / "ids").write_bytes(b" x \r\n\na\x1b[31mred\n")
    ran = run("delete", "--ids-from", tmp_path / "ids", "--index", path)
    assert "deleted 1" in ran.out
    assert "\x1b" not in ran.err


def test_an_unfinished_index_is_searched_with_a_note(tmp_path: Path, run: Run) -> None:
    """Answers of a part of the corpus say that they are."""
    records = [{"id": str(i), "text": f"text {i}", "lang": "en"} for i in range(520)]
    write_jsonl(tmp_path / "c.jsonl", [*records, {"id": "0", "text": "again", "lang": "en"}])
    path = tmp_path / "i"
    assert run("build", tmp_path / "c.jsonl", "--index", path, "--encoder", "hashing").code == 3
    ran = run("search", "text 7", "--index", path, "--json")
    assert "512 documents so far" in ran.err
    assert len(ran.json()["hits"]) == 10  # type: ignore[arg-type]


def test_demo_does_not_pass_off_another_index(index: Path, run: Run) -> None:
    """A finished index that is not the demo's is refused, and stays."""
    ran = run("demo", "--index", index)
    assert ran.code == 2
    assert "another" in ran.err
    assert run("verify", "--index", index).code == 0
