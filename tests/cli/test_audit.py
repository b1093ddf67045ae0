"""`interlingua audit` as people and scripts use it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import CORPUS
from indexer.encoders import EncoderSpec, open_encoder
from search.audit.schema import read_audit
from tests.cli.conftest import Run

LANGUAGES = {"en", "de", "he"}
HOLD = """
import sys
from pathlib import Path
from indexer.index import IndexWriter
with IndexWriter.open(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Twenty meanings in three languages."""
    path = tmp_path / "corpus.jsonl"
    records = map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines())
    kept = [r for r in records if r["lang"] in LANGUAGES and int(r["group"]) <= 20]
    path.write_text("\n".join(json.dumps(r) for r in kept), encoding="utf-8")
    return path


@pytest.fixture
def index(corpus: Path, tmp_path: Path, run: Run) -> Path:
    """Build the index of that corpus."""
    path = tmp_path / "index"
    built = run("build", str(corpus), "--index", str(path), "--encoder", "hashing:32", "-q")
    assert built.code == 0
    return path


def audited(run: Run, index: Path, *options: str) -> dict[str, Any]:
    """Audit and parse the JSON."""
    ran = run("audit", "--index", str(index), "--json", "-q", *options)
    assert ran.code == 0, ran.err
    return ran.json()


def test_json_is_the_contract(run: Run, index: Path) -> None:
    """Every field that scripts may rely on, with values that fit each other."""
    found = audited(run, index, "-k", "1,5")
    assert found["schema"] == "interlingua.audit/1"
    assert found["mode"] == "groups"
    assert found["index"]["documents"] == 60
    assert found["index"]["languages"] == dict.fromkeys(sorted(LANGUAGES), 20)
    assert found["index"].keys() >= {"encoder", "fingerprint", "transform"}
    assert found["queries"].keys() >= {"total", "sampled", "languages", "skipped"}
    for name in (
        "same_language@1", "same_language@5", "excess@5", "lift@5", "strong_auc", "strong_strict",
        "weak_recall@1", "gap", "map", "rank_distance", "recall_other_language@5",
        "recall_same_language@5", "own_language_first",
    ):  # fmt: skip
        assert found["overall"][name].keys() >= {"value", "chance", "low", "high", "n"}
        assert name in found["by_language"]["he"]
    assert found["matrix"].keys() == {"k", "observed", "expected"}
    assert found["anchors"].keys() == {"map_random", "map_language_separated"}
    assert found["worst"]
    # No document of a translation grid has another right one in its own language.
    assert found["overall"]["recall_same_language@5"]["value"] is None
    assert found["overall"]["recall_same_language@5"]["reason"]


def test_reports_go_to_files_and_the_table_to_stdout(run: Run, index: Path, tmp_path: Path) -> None:
    """One audit, four forms, and it is kept in the index."""
    html, markdown = tmp_path / "a.html", tmp_path / "a.md"
    options = ("-k", "5", "--html", str(html), "--markdown", str(markdown))
    ran = run("audit", "--index", str(index), *options)
    assert ran.code == 0, ran.err
    assert "excess@5" in ran.out
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "excess@5" in markdown.read_text(encoding="utf-8")
    assert "kept in the index as audit 1" in ran.err
    again = tmp_path / "again.html"
    shown = run("audits", "--index", str(index), "--show", "1", "--html", str(again))
    assert (shown.code, shown.out) == (0, "")
    assert again.read_bytes() == html.read_bytes()
    shown = run("audits", "--index", str(index), "--show", "newest")
    stored = tmp_path / "stored.json"
    stored.write_text(shown.out, encoding="utf-8")
    assert read_audit(stored).index.documents == 60
    assert "audit --index" in (read_audit(stored).method.command or "")


def test_not_kept_on_request(run: Run, index: Path) -> None:
    """An audit leaves no trace when told so."""
    audited(run, index, "--no-save")
    assert run("audits", "--index", str(index), "--json").json()["audits"] == []


def test_queries_and_their_vectors(run: Run, index: Path, tmp_path: Path) -> None:
    """Queries encoded here, and the same vectors brought along, give the same audit."""
    texts = ["A cat on the roof", "Wash the apples", "It rained all night"]
    queries, vectors = tmp_path / "q.jsonl", tmp_path / "q.npy"
    records = [
        {"id": f"q{i}", "text": t, "lang": "en", "relevant": [f"de-00{i + 1}"]}
        for i, t in enumerate(texts)
    ]
    queries.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    encoder = open_encoder(EncoderSpec("hashing:32"))
    np.save(vectors, encoder.encode(texts, "query").vectors)
    options = ("-k", "5", "--queries", str(queries))
    ours = audited(run, index, *options)
    theirs = audited(run, index, *options, "--query-vectors", str(vectors))
    assert ours["mode"] == "judgements"
    assert ours["overall"] == theirs["overall"]
    assert ours["queries"]["languages"] == {"en": 3}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-k", "0"), "out of range"),
        (("-k", "ten"), "no list of numbers"),
        (("--query-vectors", "q.npy"), "without --queries"),
        (("--in", "xx-nonsense-"), "language"),
        (("--in", "fi"), "nothing to audit"),
        (("--where", "topic"), "KEY=VALUE"),
        (("--html", "/nowhere/a.html"), "/nowhere/a.html"),
        (("--queries", "absent.jsonl"), "absent.jsonl"),
    ],
)
def test_mistakes_are_one_line(run: Run, index: Path, options: tuple[str, ...], said: str) -> None:
    """A user's mistake is one line with what is wrong, and no traceback."""
    ran = run("audit", "--index", str(index), *options)
    assert ran.code in {1, 2, 3}
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err


def test_an_index_in_use_is_audited_and_says_that_it_was_not_kept(run: Run, index: Path) -> None:
    """While another process writes, the audit is printed all the same."""
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD,
            str(index),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        ran = run("audit", "--index", str(index), "-k", "5", "--json")
        assert ran.code == 0
        assert "not kept" in ran.err
        assert ran.json()["overall"]
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()


def test_search_takes_vectors_made_elsewhere(run: Run, index: Path, tmp_path: Path) -> None:
    """`search --query-vectors` answers as if it had encoded the queries itself."""
    queries, vectors = tmp_path / "q.jsonl", tmp_path / "q.npy"
    texts = ["A cat on the roof", "Wash the apples"]
    queries.write_text("\n".join(json.dumps({"text": t, "lang": "en"}) for t in texts))
    np.save(vectors, open_encoder(EncoderSpec("hashing:32")).encode(texts, "query").vectors)
    options = ("search", "--index", str(index), "--queries", str(queries), "--json")
    ours, theirs = run(*options), run(*options, "--query-vectors", str(vectors))
    assert ours.code == theirs.code == 0
    assert ours.out == theirs.out
    alone = run("search", "x", "--index", str(index), "--query-vectors", str(vectors))
    assert alone.code == 2
    assert "without --queries" in alone.err
