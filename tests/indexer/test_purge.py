"""After a purge no byte of what was deleted is in any file of the directory."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer import writer as writer_module
from indexer.audits import list_audits, load_audit, save_audit
from indexer.errors import CorruptError, LockedError, UsageError
from indexer.index import Indexing, IndexReader, IndexWriter
from indexer.purge import purge
from indexer.records import Document, EncodedDocument, Filter, Vectors
from indexer.redaction import REDACTED
from indexer.repair import repair
from indexer.store import DATABASE, connect_reader
from indexer.verify import verify
from tests.indexer.reference import (
    DIM,
    SETTINGS,
    as_pairs,
    embed,
    encoded,
    neighbours,
    random_units,
)

CANARY = "kanarienvogel-7f3a"


def secret(n: int, version: str = "") -> EncodedDocument:
    """Make a document whose text, metadata, group, id and vector nobody else has."""
    text = f"{CANARY} text {n} {version} " + "ä" * (3000 if n % 5 == 0 else 3)
    document = Document(
        f"{CANARY}-id-{n}", text, "en", f"{CANARY}-group", {f"{CANARY}-key": f"{CANARY} {n}"}
    )
    return EncodedDocument(document, vector(n, version), 3, 0)


def vector(n: int, version: str = "") -> Vectors:
    """Make the vector of a secret: eight numbers in no other vector."""
    drawn: Vectors = random_units(1, DIM, 10_000 + n + 500 * len(version))[0]
    return drawn


def traces(path: Path, vectors: Iterable[Vectors], words: Iterable[str] = (CANARY,)) -> list[str]:
    """Find the files that hold the canary, or any two neighbouring numbers of a vector."""
    needles = [word.encode(coding) for word in words for coding in ("utf-8", "utf-16-le")]
    needles += [v.tobytes()[at : at + 8] for v in vectors for at in range(0, 4 * DIM - 4, 4)]
    files = [file for file in path.rglob("*") if file.is_file()]
    found = []
    for file in files:
        content = file.read_bytes()
        found += [str(file.relative_to(path)) for needle in needles if needle in content]
    return sorted(set(found))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index in which secrets were added, sealed, replaced and deleted in every way."""
    monkeypatch.setattr(writer_module, "SEAL_AT", 50)
    path = tmp_path / "i"
    keep = [encoded(f"k{n}", metadata={"n": n}) for n in range(200)]
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add([*keep[:80], *(secret(n) for n in range(60))], cursor=1)
        writer.finish()
        writer.add([*keep[80:140], *(secret(n) for n in range(60, 120))])
        writer.seal()
        writer.add([secret(n, "new") for n in range(0, 120, 3)], replace=True)
        writer.add([*keep[140:], *(secret(n) for n in range(120, 140))])
        writer.delete([f"{CANARY}-id-{n}" for n in range(70)])
        writer.delete_where(Filter(languages=frozenset({"en"}), exclude=frozenset(ids(keep))))
    return path


def ids(documents: Iterable[EncodedDocument]) -> list[str]:
    """List the ids of documents."""
    return [e.document.id for e in documents]


def secrets() -> list[Vectors]:
    """All vectors of secrets."""
    return [vector(n, version) for n in range(140) for version in ("", "new")]


def test_nothing_is_left(path: Path) -> None:
    """Traces there are before, in the database and in FAISS files; after, in no file."""
    before = traces(path, secrets())
    assert any(name.endswith(".faiss") for name in before)
    report = purge(path)
    assert traces(path, secrets()) == []
    assert (report.documents, report.audits, report.removed) == (200, 0, ())
    assert report.dropped > 0
    assert report.bytes < report.bytes_before
    assert verify(path) == []
    model = [encoded(f"k{n}", metadata={"n": n}) for n in range(200)]
    with IndexReader.open(path) as reader:
        assert list(reader.documents()) == [e.document for e in model]
        found = as_pairs(reader.search(embed("x")[None], 20)[0])
    assert found == neighbours(model, embed("x"), 20)
    with closing(connect_reader(path / DATABASE)) as conn:
        terms = {term for (term,) in conn.execute("SELECT term FROM lexical_terms")}
    assert "ext" in terms
    assert not terms & {CANARY[at : at + 3] for at in range(len(CANARY) - 2)}
    assert purge(path).dropped == 0


KINDS = [
    ("flat", "fp16"), ("flat", "sq8"), ("flat", "pq"), ("hnsw", "none"), ("hnsw", "sq8"),
    ("ivf", "none"), ("ivf", "fp16"), ("ivf", "sq8"), ("ivf", "pq"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "quantisation"), KINDS)
def test_nothing_is_left_in_any_kind(tmp_path: Path, kind: str, quantisation: str) -> None:
    """Neither vectors, whole or halved, nor a centroid that was one of them, to the bit.

    One secret lies opposite to all the rest, so that a cluster of ivf holds it alone.
    """
    path = tmp_path / "i"
    drawn = np.abs(random_units(600, DIM, 1))
    own = [
        EncodedDocument(Document(f"k{n}", f"text {n}", "en"), drawn[n], 3, 0) for n in range(600)
    ]
    alone = replace(secret(0), vector=-np.abs(vector(0)))
    hidden = [alone, *(secret(n) for n in range(1, 20))]
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.ask_for(Indexing(kind, quantisation))  # type: ignore[arg-type]
        writer.add([*own, *hidden], cursor=1)
        writer.finish()
        writer.delete(ids(hidden))
    vectors = [e.vector for e in hidden]
    halves = [v.astype(np.float16).tobytes() for v in vectors]

    def found() -> set[str]:
        files = [file for file in path.rglob("*") if file.is_file()]
        half = [str(f.relative_to(path)) for f in files if any(h in f.read_bytes() for h in halves)]
        return {*traces(path, vectors), *half}

    if quantisation in {"none", "fp16"} or kind == "ivf":
        assert any(name.endswith(".faiss") for name in found())
    assert purge(path).dropped == 20
    assert found() == set()
    assert verify(path) == []


def test_nothing_is_left_while_the_log_is_long(path: Path) -> None:
    """What only the write-ahead log held is gone, with readers that come and go beside it."""
    with IndexReader.open(path) as reader:
        keeps_the_log = reader.search(embed("x")[None], 1)
        with IndexWriter.open(path) as writer:
            writer.add([secret(n, "x") for n in range(300, 400)])
            writer.delete([f"{CANARY}-id-{n}" for n in range(300, 400)])
        assert (path / "interlingua.db-wal").stat().st_size > 0
        assert "interlingua.db-wal" in traces(path, [])
        purge(path)
        assert traces(path, secrets() + [vector(n, "x") for n in range(300, 400)]) == []
        assert (path / "interlingua.db-wal").stat().st_size == 0
        assert reader.search(embed("x")[None], 1) == keeps_the_log


def test_without_the_care_of_sqlite_there_would_be_traces(path: Path) -> None:
    """The canary is found where pages are freed and not overwritten: the test can fail."""
    with sqlite3.connect(path / "interlingua.db") as conn:
        conn.execute("PRAGMA secure_delete = OFF")
        conn.execute("CREATE TABLE t (a)")
        conn.executemany("INSERT INTO t VALUES (?)", [(f"{CANARY} {n}" * 50,) for n in range(99)])
        conn.commit()
        conn.execute("DROP TABLE t")
    conn.close()
    assert "interlingua.db" in traces(path, [])
    purge(path)
    assert traces(path, secrets()) == []


def test_a_reader_of_an_earlier_state_is_waited_for_and_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody reads what was, its bytes are there, and the purge says so (exit code 6)."""
    monkeypatch.setattr("indexer.store._BUSY_SECONDS", 0.2)
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        with pytest.raises(LockedError, match="earlier state"):
            purge(path)
        assert len(state.search(embed("x")[None], 5)[0]) == 5
    purge(path)
    assert traces(path, secrets()) == []


def test_a_reader_that_ends_in_time_is_waited_for(path: Path) -> None:
    """A search that is under way delays a purge and does not stop it."""
    started, stop = threading.Event(), threading.Event()

    def read() -> None:
        with IndexReader.open(path) as reader, reader.snapshot():
            started.set()
            stop.wait(30)

    thread = threading.Thread(target=read)
    thread.start()
    started.wait(30)
    threading.Timer(0.5, stop.set).start()
    purge(path)
    thread.join()
    assert traces(path, secrets()) == []


def test_stored_audits_forget_what_they_quoted(path: Path) -> None:
    """Texts of documents that are gone are blanked, in the list of the worst and in the map."""
    audit = {
        "schema": "any/1",
        "worst": [
            {"id": f"{CANARY}-1", "text": f"{CANARY} text", "neighbours": [
                {"id": "k1", "text": "text of k1"},
                {"id": "k2", "text": f"{CANARY}, what k2 said before"},
                {"id": f"{CANARY}-2", "text": f"{CANARY} again"},
            ]},
        ],
        "map2d": {"points": [{"id": "k3", "text": "text", "x": 0.5}, {"id": "k4", "text": CANARY}]},
    }  # fmt: skip
    number = save_audit(path, json.dumps(audit), {"mode": "labels"}, 1)
    clean = save_audit(path, json.dumps({"worst": [{"id": "k1", "text": "text of"}]}), {}, 1)
    report = purge(path)
    assert report.audits == 1
    stored = json.loads(load_audit(path, number))
    assert [n["text"] for n in stored["worst"][0]["neighbours"]] == [
        "text of k1", REDACTED, REDACTED,
    ]  # fmt: skip
    assert stored["worst"][0]["text"] == REDACTED
    assert [p["text"] for p in stored["map2d"]["points"]] == ["text", REDACTED]
    assert stored["map2d"]["points"][0]["x"] == 0.5
    assert json.loads(load_audit(path, clean)) == {"worst": [{"id": "k1", "text": "text of"}]}
    assert [a.summary for a in list_audits(path)] == [{}, {"mode": "labels"}]
    assert verify(path) == []
    assert purge(path).audits == 0


def test_a_damaged_audit_stops_the_purge(path: Path) -> None:
    """Nobody knows what it quotes; the remedy is to remove it."""
    number = save_audit(path, "{}", {}, 1)
    with sqlite3.connect(path / "interlingua.db") as conn:
        conn.execute("UPDATE audits SET document = x'00'")
    conn.close()
    with pytest.raises(CorruptError, match=f"--delete {number}"):
        purge(path)


def test_files_beside_the_index_are_considered(path: Path) -> None:
    """Refused records go; a quarantine is given up only when that is said."""
    (path / "rejects.jsonl").write_text(CANARY)
    (path / "tmp" / "stray").write_text(CANARY)
    (path / "vectors" / f"{'0' * 64}.faiss").write_text(CANARY)
    (path / "quarantine.jsonl").write_text(CANARY)
    with pytest.raises(UsageError, match="--quarantine"):
        purge(path)
    assert (path / "rejects.jsonl").exists()
    report = purge(path, quarantine=True)
    assert (report.removed, report.left) == (("rejects.jsonl", "quarantine.jsonl"), ())
    assert traces(path, secrets()) == []


def test_what_is_no_part_of_an_index_is_named(path: Path) -> None:
    """Nobody can tell whose it is, so that it may not go; nor is it said to be clean."""
    (path / "notes.txt").write_text(CANARY)
    (path / "vectors" / "copy").mkdir()
    assert purge(path).left == ("notes.txt", "vectors/copy")
    assert (path / "notes.txt").read_text() == CANARY


def test_a_purge_needs_the_lock_and_a_finished_build(tmp_path: Path, path: Path) -> None:
    """It is a writer like any other."""
    with IndexWriter.open(path), pytest.raises(LockedError):
        purge(path)
    with pytest.raises(UsageError, match="no index"):
        purge(tmp_path / "none")
    with IndexWriter.create(tmp_path / "new", SETTINGS) as writer:
        writer.add([secret(1)], cursor=1)
    with pytest.raises(UsageError, match="unfinished"):
        purge(tmp_path / "new")


def test_a_killed_purge_is_run_again(tmp_path: Path, path: Path) -> None:
    """Killed anywhere, the index is whole, and the next purge leaves nothing."""
    code = (
        "import os, sys; from pathlib import Path; from indexer import purge, store\n"
        "at = int(sys.argv[2]); seen = [0]\n"
        "def trace(frame, event, _):\n"
        "    seen[0] += event == 'call' and 'indexer' in frame.f_code.co_filename\n"
        "    if seen[0] > at: os.kill(os.getpid(), 9)\n"
        "sys.settrace(trace); purge.purge(Path(sys.argv[1])); print(seen[0])"
    )
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}

    def run(where: Path, at: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, str(where), str(at)]
        return subprocess.run(command, capture_output=True, text=True, env=env, check=False)

    shutil.copytree(path, tmp_path / "whole")
    calls = int(run(tmp_path / "whole", 10**9).stdout)
    for share in (0.3, 0.7, 0.85, 0.95, 0.99):
        copy = tmp_path / str(share)
        shutil.copytree(path, copy)
        assert run(copy, int(share * calls)).returncode == -9
        assert verify(copy) == []
        purge(copy)
        assert traces(copy, secrets()) == []
        with IndexReader.open(copy) as reader:
            assert np.array_equal(reader.vectors(["k1"])[0], embed("text of k1"))


def test_what_repair_had_to_give_up_is_not_purged_unasked(path: Path) -> None:
    """A document in quarantine is no deleted one."""
    with sqlite3.connect(path / "interlingua.db") as conn:
        conn.execute("UPDATE documents SET text = 'broken' WHERE id = 'k7'")
    conn.close()
    assert repair(path).lost == ("k7",)
    with pytest.raises(UsageError):
        purge(path)
    assert "broken" in (path / "quarantine.jsonl").read_text()
