"""Audits kept with an index: what comes back, what readers notice, and formats old and new."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.audits import delete_audits, list_audits, load_audit, save_audit
from indexer.errors import (
    CorruptError,
    IncompatibleError,
    LockedError,
    UsageError,
)
from indexer.index import IndexReader, IndexWriter
from indexer.migrations import FORMAT
from indexer.verify import repair, verify
from tests.indexer.reference import as_pairs, build, dump, embed, encoded

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"

DOCUMENT = '{"schema": "x", "worst": ["שלום", "a\\nb"], "value": 0.1}'
SUMMARY: dict[str, object] = {"mode": "groups", "excess": {"low": None}, "map": 0.25, "é": "ü"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three documents, one of them in the tail."""
    path = build(tmp_path / "i", [encoded("a"), encoded("b")])
    with IndexWriter.open(path) as writer:
        writer.add([encoded("c")])
    return path


def last_seq(path: Path) -> int:
    """Number of the newest commit."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        return state.seq


def commits(path: Path) -> list[tuple[object, ...]]:
    """Read the log of commits."""
    conn = sqlite3.connect(path / "interlingua.db")
    try:
        return conn.execute("SELECT * FROM commits ORDER BY seq").fetchall()
    finally:
        conn.close()


def test_an_audit_comes_back_letter_by_letter(path: Path) -> None:
    """The text, the summary, the commit and the time are what was given."""
    before = datetime.now(UTC).replace(microsecond=0)
    id_ = save_audit(path, DOCUMENT, SUMMARY, last_seq(path))
    assert load_audit(path) == load_audit(path, id_) == DOCUMENT
    [stored] = list_audits(path)
    assert (stored.id, stored.seq, stored.summary) == (id_, last_seq(path), SUMMARY)
    assert stored.created.endswith("Z")
    assert before <= datetime.fromisoformat(stored.created) <= datetime.now(UTC)
    assert verify(path) == []


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, document: str) -> None:
    """NUL, empty, every script: the document is not looked into."""
    path = build(tmp_path_factory.mktemp("audits") / "i", [encoded("a")])
    save_audit(path, document, {}, 1)
    assert load_audit(path) == document


def test_the_newest_comes_first_and_no_id_twice(path: Path) -> None:
    """A removed id never means another audit later."""
    first, second, third = (save_audit(path, f'"{n}"', {"n": n}, 1) for n in range(3))
    assert [a.id for a in list_audits(path)] == [third, second, first]
    assert delete_audits(path, [third, 99, third, first]) == [99]
    assert load_audit(path) == '"1"'
    fourth = save_audit(path, '"3"', {"n": 3}, 1)
    assert fourth not in {first, second, third}
    assert [a.summary["n"] for a in list_audits(path)] == [3, 1]
    assert load_audit(path, second) == '"1"'


def test_what_is_not_there_is_said_with_a_remedy(path: Path, tmp_path: Path) -> None:
    """No index, no audit, no such audit, no such commit: usage errors."""
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: load_audit(path), "no audit is kept here"),
        (lambda: load_audit(path, 3), "no audit 3"),
        (lambda: save_audit(path, "{}", {}, 99), "no commit 99"),
        (lambda: save_audit(path, "{}", {}, -1), "no commit -1"),
        (lambda: save_audit(tmp_path / "x", "{}", {}, 1), "no index here"),
        (lambda: list_audits(tmp_path / "x"), "no index here"),
        (lambda: load_audit(tmp_path / "x"), "no index here"),
        (lambda: delete_audits(tmp_path / "x", [1]), "no index here"),
    ]
    for call, said in calls:
        with pytest.raises(UsageError, match=said) as caught:
            call()
        assert caught.value.remedy
    assert list_audits(path) == []
    assert not (tmp_path / "x").exists()


def test_an_audit_is_no_commit(path: Path) -> None:
    """Answers, content and the log stay; an open reader loads nothing anew."""
    content, log, seq = dump(path), commits(path), last_seq(path)
    with IndexReader.open(path) as reader:
        before = as_pairs(reader.search(embed("q")[None], 9)[0])
        with reader.snapshot() as held:
            save_audit(path, DOCUMENT, SUMMARY, seq)
            assert held.seq == seq
            assert as_pairs(held.search(embed("q")[None], 9)[0]) == before
        # Whoever loaded the files again would miss them.
        shutil.move(path / "vectors", path / "away")
        assert as_pairs(reader.search(embed("q")[None], 9)[0]) == before
        shutil.move(path / "away", path / "vectors")
        with reader.snapshot() as state:
            assert state.seq == seq
    assert (dump(path), commits(path)) == (content, log)


def test_a_writer_at_work_refuses_the_audit(path: Path) -> None:
    """At once, with nothing written; reading the list goes on."""
    id_ = save_audit(path, DOCUMENT, SUMMARY, 1)
    with IndexWriter.open(path) as writer:
        with pytest.raises(LockedError) as caught:
            save_audit(path, DOCUMENT, SUMMARY, 1)
        with pytest.raises(LockedError):
            delete_audits(path, [id_])
        assert caught.value.exit_code == 6
        assert [a.id for a in list_audits(path)] == [id_]
        writer.add([encoded("d")])
    assert save_audit(path, DOCUMENT, SUMMARY, 1) == id_ + 1
    IndexWriter.open(path).close()  # the lock was given back


def test_an_unfinished_index_keeps_audits(tmp_path: Path) -> None:
    """The state of the build is not touched."""
    path = build(tmp_path / "i", [encoded("a")], finish=False)
    save_audit(path, DOCUMENT, SUMMARY, last_seq(path))
    with IndexWriter.open(path) as writer:
        assert (writer.state, writer.cursor) == ("building", 1)
    assert load_audit(path) == DOCUMENT


@pytest.mark.parametrize(
    "change",
    [
        "id = 7",
        "created = '2020-01-01T00:00:00Z'",
        "seq = seq - 1",
        "summary = '{}'",
        "summary = CAST(x'ff' AS TEXT)",
        "document = x''",
        "document = 'text'",
        "crc32 = crc32 + 1",
    ],
)
def test_a_damaged_audit_is_named_and_can_be_removed(path: Path, change: str) -> None:
    """Every column counts; the others audits and the documents are not touched by it."""
    good = save_audit(path, DOCUMENT, SUMMARY, 2)
    bad = save_audit(path, DOCUMENT, SUMMARY, 2)
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute(f"UPDATE audits SET {change} WHERE id = ?", [bad])  # noqa: S608
    conn.commit()
    conn.close()
    bad = 7 if change.startswith("id") else bad

    for call in (load_audit, list_audits):
        with pytest.raises(CorruptError, match=f"audit {bad} is damaged") as caught:
            call(path)
        assert f"--delete {bad}" in str(caught.value.remedy)
    assert load_audit(path, good) == DOCUMENT
    [problem] = verify(path)
    assert f"audit {bad}" in problem.place
    assert f"--delete {bad}" in problem.remedy
    assert verify(path, quick=True) == []
    report = repair(path)
    assert report.audits == (bad,)
    assert str(report).startswith(f"audit {bad} is damaged still: remove it")
    assert delete_audits(path, [bad]) == []
    assert verify(path) == []
    assert [a.id for a in list_audits(path)] == [good]


def user_version(path: Path) -> int:
    """Read the format number of a closed index."""
    conn = sqlite3.connect(path / "interlingua.db")
    try:
        return int(conn.execute("PRAGMA user_version").fetchone()[0])
    finally:
        conn.close()


def test_format_1_is_read_as_it_is_and_migrated_by_a_write(tmp_path: Path) -> None:
    """Reading leaves every byte alone; the first audit brings the table and keeps the rest."""
    path = tmp_path / "i"
    shutil.copytree(DATA / "index-v1", path)
    before = (path / "interlingua.db").read_bytes()
    content = dump(path)
    assert list_audits(path) == []
    assert verify(path) == []
    with pytest.raises(UsageError, match="no audit is kept here"):
        load_audit(path)
    assert (path / "interlingua.db").read_bytes() == before

    with IndexReader.open(path) as reader:
        answer = as_pairs(reader.search(embed("q")[None], 9)[0])
        save_audit(path, DOCUMENT, SUMMARY, 1)
        assert as_pairs(reader.search(embed("q")[None], 9)[0]) == answer
        assert reader.info().documents == 4

    assert user_version(path) == FORMAT
    assert load_audit(path) == DOCUMENT
    assert dump(path) == content
    assert verify(path) == []
    assert str(repair(path)) == "nothing to repair"


@pytest.mark.parametrize("change", [IndexWriter.open, repair])
def test_any_writer_migrates_format_1(tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Opening to write is enough."""
    path = tmp_path / "i"
    shutil.copytree(DATA / "index-v1", path)
    opened = change(path)
    if isinstance(opened, IndexWriter):
        opened.close()
    assert user_version(path) == FORMAT
    assert verify(path) == []


def test_a_migration_that_was_cut_short_never_was(tmp_path: Path) -> None:
    """Killed inside the transaction: still format 1, and the next writer does it."""
    path = tmp_path / "i"
    shutil.copytree(DATA / "index-v1", path)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from sqlite_utils.migrations import Migrations\n"
        "from indexer.store import WriteStore\n"
        "record = Migrations._record_applied\n"
        "def die(self, db, name):\n"
        "    if name == 'm002_audits':\n"
        "        db.conn.execute('DELETE FROM audits'); os._exit(9)\n"
        "    record(self, db, name)\n"
        "Migrations._record_applied = die\n"
        "WriteStore(Path(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path / "interlingua.db")], cwd=ROOT, check=False
    )
    assert done.returncode == 9
    assert user_version(path) == 1
    assert verify(path) == []
    save_audit(path, DOCUMENT, SUMMARY, 1)
    assert user_version(path) == FORMAT


@pytest.mark.parametrize("version", range(1, FORMAT + 1))
def test_a_table_that_is_not_ours_is_told_in_every_format(tmp_path: Path, version: int) -> None:
    """An older format has its own schema to be held against."""
    path = tmp_path / "i"
    shutil.copytree(DATA / f"index-v{version}", path)
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute("CREATE TABLE more (x)")
    conn.commit()
    conn.close()
    for call in (IndexReader.open, IndexWriter.open, list_audits):
        with pytest.raises(CorruptError, match="schema is not the one we made"):
            call(path)
    assert verify(path)


def test_a_newer_format_is_refused(path: Path) -> None:
    """Exit code 7 from every function, and nothing is changed."""
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute(f"PRAGMA user_version = {FORMAT + 1}")
    conn.close()
    before = (path / "interlingua.db").read_bytes()
    calls: tuple[Callable[[], object], ...] = (
        lambda: save_audit(path, DOCUMENT, SUMMARY, 1),
        lambda: list_audits(path),
        lambda: load_audit(path),
        lambda: delete_audits(path, [1]),
    )
    for call in calls:
        with pytest.raises(IncompatibleError, match=f"format {FORMAT + 1}") as caught:
            call()
        assert caught.value.exit_code == 7
    assert (path / "interlingua.db").read_bytes() == before


def test_the_golden_index_of_format_2_has_its_audit(tmp_path: Path) -> None:
    """What was stored when the format was new is read for ever."""
    path = tmp_path / "i"
    shutil.copytree(DATA / "index-v2", path)
    [stored] = list_audits(path)
    assert (stored.id, stored.seq) == (1, 6)
    assert stored.summary == SUMMARY
    assert load_audit(path) == DOCUMENT


def test_a_summary_is_json(path: Path) -> None:
    """NaN is a mistake of ours, and nothing is written."""
    with pytest.raises(ValueError, match="JSON"):
        save_audit(path, DOCUMENT, {"value": float("nan")}, 1)
    assert list_audits(path) == []
