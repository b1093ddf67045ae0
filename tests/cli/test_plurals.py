"""One of a thing is called by its singular, in whatever is said of a small index."""

import re
from pathlib import Path

import pytest

from indexer.nouns import are, counted
from tests.cli.conftest import Run, write_jsonl
from tests.indexer.reference import faiss_files

WRONG = re.compile(
    r"(?<![\d.,=@])1 (?:[a-z]+ ){0,2}?"
    r"(?:(?!\w*ss\b|was|is|has|his|this|as\b)[a-z]+s\b|queries|are)",
    re.IGNORECASE,
)
"""A one and, at most two words behind it, a plural."""


@pytest.mark.parametrize(
    ("n", "said", "verb"),
    [
        (0, "0 files", "are"),
        (1, "1 file", "is"),
        (2, "2 files", "are"),
        (2016, "2,016 files", "are"),
    ],
)
def test_a_count_goes_with_its_noun(n: int, said: str, verb: str) -> None:
    """None are several."""
    assert (counted(n, "file"), are(n)) == (said, verb)
    assert counted(n, "query", "queries") == said.replace("files", "queries").replace(
        "file", "query"
    )


def test_one_document_is_no_documents(tmp_path: Path, run: Run) -> None:
    """All commands that count, on a corpus and an index that hold one of everything."""
    record = {"id": "a", "text": "A cat leapt off the roof.", "lang": "en", "group": "1"}
    corpus, other, pair = (tmp_path / f"{name}.jsonl" for name in ("corpus", "other", "pair"))
    index = tmp_path / "i"
    write_jsonl(corpus, [record])
    write_jsonl(other, [{**record, "text": "A cat leapt.", "lang": "de"}, {"id": "a", "text": "x"}])
    write_jsonl(tmp_path / "wrong.jsonl", [{"id": "w"}])
    write_jsonl(pair, [record, {**record, "id": "b", "text": "Eine Katze.", "lang": "de"}])
    hashing = ("--encoder", "hashing")
    commands = [
        ("build", corpus, "--index", index, *hashing, "--dry-run"),
        ("build", tmp_path / "wrong.jsonl", "--index", index, *hashing, "--dry-run"),
        ("build", corpus, "--index", index, *hashing),
        ("build", corpus, "--index", tmp_path / "chunked", *hashing, "--chunk", "sentences"),
        ("build", corpus, "--index", tmp_path / "ivf", *hashing, "--index-kind", "ivf"),
        ("info", "--index", index),
        ("info", "--index", tmp_path / "chunked"),
        ("add", corpus, "--index", index, "--on-duplicate", "skip"),
        ("add", other, "--index", index, "--on-duplicate", "replace", "--max-rejects", "1"),
        ("search", "cat", "--index", index, "-k", "1"),
        ("detect", corpus),
        ("doctor", "--index", index),
        ("reindex", "--index", index, "--index-kind", "ivf"),
        ("compact", "--index", index),
        ("backup", "--index", index, "--output", tmp_path / "b"),
        ("restore", tmp_path / "b", "--index", tmp_path / "r"),
        ("export", "--index", index, "--output", tmp_path / "e.jsonl"),
        ("build", pair, "--index", tmp_path / "p", *hashing),
        (
            "audit",
            "--index",
            tmp_path / "p",
            "--sample",
            "1",
            "--html",
            tmp_path / "a.html",
            "--markdown",
            tmp_path / "a.md",
        ),
        ("delete", "a", "--index", index),
        ("purge", "--index", index),
    ]
    said = {command: run(*command) for command in commands}
    faiss_files(tmp_path / "r")[0].unlink()
    said[("verify",)] = run("verify", "--index", tmp_path / "r")
    said[("repair",)] = run("repair", "--index", tmp_path / "r")
    texts = {" ".join(map(str, c)): f"{ran.out}\n{ran.err}" for c, ran in said.items()}
    texts["html"] = re.sub(
        r"<style.*?</style>|<script.*?</script>",
        "",
        (tmp_path / "a.html").read_text(),
        flags=re.DOTALL,
    )
    texts["markdown"] = (tmp_path / "a.md").read_text()
    found = {what: WRONG.findall(text) for what, text in texts.items() if WRONG.search(text)}
    assert found == {}
