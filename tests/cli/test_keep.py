"""Compacting, purging, backing up, restoring and exporting as people and scripts do it."""

import json
from pathlib import Path

import numpy as np
import pytest

from indexer.index import IndexReader, IndexWriter
from tests.cli.conftest import CORPUS, Run, write_jsonl

COMMANDS = ("compact", "purge", "backup", "restore", "export")


def answers(run: Run, index: Path) -> object:
    """Ask something; what is answered must not depend on how the index is kept."""
    return run("search", "cat", "--index", index, "-k", "9", "--json").json()["hits"]


def test_an_index_through_all_of_it(index: Path, tmp_path: Path, run: Run) -> None:
    """Deleted, compacted, backed up, restored, exported and built again: the same answers."""
    run("delete", "--where", "topic=food", "--index", index)
    expected = answers(run, index)
    report = run("compact", "--index", index, "--json").json()
    assert (report["schema"], report["dropped"], report["files"]) == ("interlingua.compact/1", 3, 1)
    report = run("purge", "--index", index, "--json").json()
    assert (report["schema"], report["dropped"], report["audits"]) == ("interlingua.purge/1", 0, 0)
    report = run("backup", "--index", index, "--output", tmp_path / "b", "--json").json()
    assert (report["schema"], report["documents"]) == ("interlingua.backup/1", 5)
    assert report["path"] == str(tmp_path / "b")
    report = run("restore", tmp_path / "b", "--index", tmp_path / "r", "--copy", "--json").json()
    assert (report["schema"], report["linked"]) == ("interlingua.restore/1", 0)
    for name in ("c.jsonl", "c.parquet"):
        ran = run("export", "--index", tmp_path / "r", "--output", tmp_path / name, "--json")
        report = ran.json()
        assert (report["schema"], report["documents"]) == ("interlingua.export/1", 5)
        assert report["bytes"] == (tmp_path / name).stat().st_size
        again = tmp_path / f"{name}-index"
        assert run("build", tmp_path / name, "--index", again, "--encoder", "hashing").code == 0
        assert answers(run, again) == expected
    for path in (index, tmp_path / "b", tmp_path / "r"):
        assert answers(run, path) == expected
        assert run("verify", "--index", path).code == 0


def test_what_people_read(index: Path, tmp_path: Path, run: Run) -> None:
    """One line says what was done; progress is on stderr, and not with --quiet."""
    run("delete", "en1", "--index", index)
    ran = run("compact", "--index", index, "-q")
    assert "7 documents in 1 FAISS file of" in ran.out
    assert "1 deleted vector dropped" in ran.out
    assert ran.err == ""
    (index / "rejects.jsonl").write_text("{}")
    run("delete", "en2", "--index", index)
    out = run("purge", "--index", index, "-q").out
    assert "nothing is left of what was deleted; 6 documents" in out
    assert "1 deleted vector dropped" in out
    assert "rejects.jsonl removed" in out
    out = run("backup", "--index", index, "--output", tmp_path / "b", "-q").out
    assert f"{tmp_path / 'b'}: 6 documents of {index} as of commit" in out
    assert "6 documents as of" in run("restore", tmp_path / "b", "--index", tmp_path / "r").out
    ran = run("export", "--index", index, "--output", tmp_path / "a.parquet", "--format",
              "embedding-atlas", "--neighbours", "2")  # fmt: skip
    assert "6 documents (de 2, en 1, he 2, zh 1)" in ran.out
    assert "--text text --x projection_x --y projection_y --neighbors neighbors" in ran.out
    assert "exporting: 6 of 6" in ran.err


def test_export_to_standard_output_is_a_corpus(index: Path, tmp_path: Path, run: Run) -> None:
    """Records in insertion order and nothing else; a filter and other names for the fields."""
    ran = run("export", "--index", index, "--output", "-", "--in", "en", "--text-field", "body")
    expected = [{("body" if k == "text" else k): v for k, v in c.items()} for c in CORPUS[:3]]
    assert [json.loads(line) for line in ran.out.splitlines()] == expected


def test_detected_languages_stay_detected(tmp_path: Path, run: Run) -> None:
    """Whoever builds from an export knows as much about a label as whoever exported it."""
    write_jsonl(tmp_path / "c.jsonl", [{"text": "This is a sentence in English."}])
    run("build", tmp_path / "c.jsonl", "--index", tmp_path / "i", "--encoder", "hashing")
    run("export", "--index", tmp_path / "i", "--output", tmp_path / "x.jsonl")
    run("build", tmp_path / "x.jsonl", "--index", tmp_path / "j", "--encoder", "hashing")
    info = run("info", "--index", tmp_path / "j", "--json").json()
    assert info["language_sources"] == {"detected": 1}


def test_exit_codes(index: Path, tmp_path: Path, run: Run) -> None:
    """Usage 2, locked 6, corrupt 8; the message names the remedy."""
    none = tmp_path / "none"
    for call in (
        ("compact", "--index", none),
        ("purge", "--index", none),
        ("backup", "--index", none, "--output", tmp_path / "b"),
        ("export", "--index", none, "--output", tmp_path / "c.jsonl"),
        ("export", "--index", index, "--output", tmp_path / "c.txt"),
        ("export", "--index", index, "--output", "-", "--format", "parquet"),
        ("export", "--index", index, "--output", "-", "--json"),
        ("export", "--index", index, "--output", index / "interlingua.db"),
        ("restore", index, "--index", tmp_path / "r"),
        ("backup", "--index", index, "--output", index),
    ):
        ran = run(*call)
        assert (ran.code, ran.out) == (2, ""), call
        assert ran.err.startswith("error: ")
    with IndexWriter.open(index):
        assert run("compact", "--index", index).code == 6
        assert run("purge", "--index", index).code == 6
        assert run("backup", "--index", index, "--output", tmp_path / "b").code == 0
    next((tmp_path / "b" / "vectors").iterdir()).unlink()
    assert run("restore", tmp_path / "b", "--index", tmp_path / "r").code == 8
    assert run("delete", "en1", "--index", tmp_path / "b").code == 2
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_formats_page_names_every_field(
    command: str, index: Path, tmp_path: Path, run: Run
) -> None:
    """docs/formats.md knows the fields of each document."""
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    run("backup", "--index", index, "--output", tmp_path / "b")
    options = {
        "backup": ("--index", index, "--output", tmp_path / "another"),
        "restore": (tmp_path / "b", "--index", tmp_path / "r"),
        "export": ("--index", index, "--output", tmp_path / "c.jsonl"),
    }.get(command, ("--index", index))
    document = run(command, *options, "--json").json()
    line = next(line for line in page.splitlines() if f"`interlingua.{command}/1`" in line)
    assert [field for field in document if field != "schema" and f"`{field}`" not in line] == []


def test_an_export_with_vectors_is_imported(index: Path, tmp_path: Path, run: Run) -> None:
    """Vectors and documents travel in one Parquet file, and metadata holds no vector."""
    source, again = tmp_path / "c.parquet", tmp_path / "again"
    run("export", "--index", index, "--output", source, "--vectors", "raw")
    ran = run("import", source, source, "--index", again, "-q")
    assert ran.code == 0, ran.err
    for path in (index, again):
        out = run("export", "--index", path, "--output", "-").out
        assert [json.loads(line) for line in out.splitlines()] == CORPUS
    ids = [record["id"] for record in CORPUS]
    with IndexReader.open(index) as one, IndexReader.open(again) as other:
        assert np.allclose(one.vectors(ids), other.vectors(ids), atol=1e-6)
