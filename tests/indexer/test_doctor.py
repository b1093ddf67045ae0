"""The doctor finds what is wrong, says what to do, changes nothing, and survives any index."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.backup import backup
from indexer.build import build
from indexer.compaction import compact
from indexer.doctor import Finding, examine, exit_code
from indexer.doctor import contents as contents_module
from indexer.doctor.libraries import examine_packages, examine_sqlite, has_reset_bug
from indexer.doctor.place import (
    examine_file_system,
    examine_memory,
    examine_permissions,
    examine_room,
)
from indexer.encoders import EncoderSpec
from indexer.encoders.model_directory import must_be_fetched
from indexer.index import IndexReader, IndexWriter
from indexer.records import Document
from tests.indexer.reference import SETTINGS, dump, encoded, faiss_files
from tests.indexer.reference import build as build_reference

ROOT = Path(__file__).parents[2]
HASHING = EncoderSpec("hashing:16")
MEMORY = Path("/dev") / "shm"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three documents of the hashing encoder."""
    documents = [Document(f"d{n}", f"text {n}", "en") for n in range(3)]
    build(documents, tmp_path / "i", encoder=HASHING)
    return tmp_path / "i"


def about(findings: list[Finding], subject: str) -> list[Finding]:
    """Pick the findings of one subject."""
    return [finding for finding in findings if finding.subject == subject]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 0), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_versions_with_the_reset_bug(number: tuple[int, int, int], expected: bool) -> None:
    """3.7.0 to 3.51.2, but for the branches that got the correction."""
    assert has_reset_bug(number) is expected


def test_a_version_of_sqlite_is_judged() -> None:
    """Too old is an error, the bug a note, the rest in order."""
    judged = {
        number: next(examine_sqlite(number)).severity
        for number in ((3, 37, 2), (3, 40, 1), (3, 51, 3))
    }

    assert judged == {(3, 37, 2): "error", (3, 40, 1): "note", (3, 51, 3): "ok"}


def test_packages_are_held_against_what_is_required() -> None:
    """Missing is an error, another version a warning; extras and other Pythons do not count."""
    found = list(
        examine_packages(
            ["numpy>=1", "pytest>=999", "absent>2", 'x; extra == "y"', 'z; python_version < "3"']
        )
    )

    assert [(f.severity, f.code) for f in found] == [("warning", 0), ("error", 1), ("ok", 0)]
    assert "pytest" in found[0].what
    assert ">=999" in found[0].what
    assert "absent is not installed" in found[1].what
    assert found[2].what.startswith("numpy ")
    assert "," not in found[2].what


def test_a_sound_index_has_no_fault(path: Path) -> None:
    """Everything is in order or worth a note, and the encoder is the one that made it."""
    findings = list(examine(path))

    assert {f.severity for f in findings} <= {"ok", "note"}
    assert exit_code(findings) == 0
    assert {f.subject for f in findings} >= {
        *("Python", "SQLite", "FAISS", "packages", "file system", "permissions", "writer"),
        *("write-ahead log", "format", "state", "index", "orphan files", "free space", "encoder"),
    }
    assert all(f.remedy for f in findings if f.severity != "ok" and f.subject != "file system")
    assert "the one that made the index" in about(findings, "encoder")[0].what


def test_nothing_is_changed(path: Path) -> None:
    """Not a byte, nor a time of change, nor a file more, orphans included."""
    (path / "tmp" / "left.faiss").write_bytes(b"x")
    (path / "interlingua.db-shm").unlink(missing_ok=True)
    (path / "interlingua.db-wal").unlink(missing_ok=True)

    def state() -> dict[str, tuple[int, bytes]]:
        files = (f for f in path.rglob("*") if f.is_file())
        kept = (f for f in files if not f.name.endswith(("-shm", "-wal")))
        return {f.name: (f.stat().st_mtime_ns, f.read_bytes()) for f in kept}

    before = state()
    list(examine(path))

    assert state() == before


def test_without_an_index_the_machine_is_looked_at() -> None:
    """And the default encoder, which is there or has a remedy."""
    findings = list(examine())

    assert not about(findings, "index")
    assert len(about(findings, "encoder")) == 1
    assert about(findings, "FAISS")[0].severity == "ok"


def test_no_index(tmp_path: Path) -> None:
    """A missing directory and an empty one: exit code 2, with the way to make one."""
    for path in (tmp_path / "none", tmp_path):
        findings = list(examine(path))
        assert exit_code(findings) == 2
        assert "interlingua build" in str(findings[-1].remedy)


def truncate(database: Path) -> None:
    """Keep the first page alone."""
    os.truncate(database, 4096)


def damage_settings(database: Path) -> None:
    """Change the settings behind their checksum."""
    with sqlite3.connect(database) as conn:
        conn.execute("UPDATE settings SET json = '{}'")
    conn.close()


def renumber(database: Path) -> None:
    """Say that a newer version made it."""
    with sqlite3.connect(database) as conn:
        conn.execute("PRAGMA user_version = 999")
    conn.close()


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (truncate, 8),
        (lambda db: db.write_bytes(b"no database" * 999), 8),
        (lambda db: db.write_bytes(b""), 8),
        (damage_settings, 8),
        (renumber, 7),
        (lambda db: shutil.rmtree(db.parent / "vectors"), 8),
    ],
    ids=["truncated", "garbage", "empty", "settings", "newer", "no files"],
)
def test_a_damaged_index_is_described_as_far_as_it_goes(
    path: Path, damage: Callable[[Path], None], code: int
) -> None:
    """The damage is a finding with a remedy, and the rest is looked at all the same."""
    damage(path / "interlingua.db")
    findings = list(examine(path))
    errors = [f for f in findings if f.severity == "error"]

    assert exit_code(findings) == code
    assert {f.code for f in errors} == {code}
    assert all(f.remedy for f in errors)
    assert {"file system", "permissions", "writer"} <= {f.subject for f in findings}


def test_damage_comes_before_everything_else() -> None:
    """Exit code 8 wherever it stands among the errors, else that of the first."""
    other, damaged = (Finding("error", "x", "y", "z", code) for code in (7, 8))
    assert exit_code([other, damaged]) == 8
    assert exit_code([other, Finding("error", "x", "y", "z", 2)]) == 7
    assert exit_code([Finding("warning", "x", "y", "z")]) == 0


def test_another_encoder_is_an_error(tmp_path: Path) -> None:
    """Its fingerprint differs: exit code 7. One that is gone: that of opening it."""
    findings = list(examine(build_reference(tmp_path / "i", [encoded("a")])))
    assert exit_code(findings) == 7
    assert about(findings, "encoder")[0].severity == "error"

    model = tmp_path / "model"
    fields = {f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__}
    gone = type(SETTINGS)(**{**fields, "encoder": EncoderSpec(str(model))})
    with IndexWriter.create(tmp_path / "j", gone) as writer:
        writer.finish()
    findings = list(examine(tmp_path / "j"))
    assert exit_code(findings) == 2
    assert str(model) in about(findings, "encoder")[0].what


def test_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub id that is in no cache is said to need the network; others need none."""
    assert must_be_fetched("nobody-at-all/no-such-model", None)
    (tmp_path / "org" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert not must_be_fetched("org/model", None)
    assert not must_be_fetched("multilingual-e5-small", None)
    assert not must_be_fetched("hashing:8", None)


def test_an_unfinished_build(tmp_path: Path) -> None:
    """A warning, with what to do."""
    path = build_reference(tmp_path / "i", [encoded("a"), encoded("b")], finish=False)
    state = about(list(examine(path)), "state")[0]

    assert state.severity == "warning"
    assert "behind record 2, with 2 documents" in state.what
    assert "goes on" in str(state.remedy)
    with IndexWriter.open(path):
        state = about(list(examine(path)), "state")[0]
    assert (state.severity, state.what) == ("note", "being built: 2 records so far")


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process write."""
    code = (
        "import sys, pathlib, time; from indexer.index import IndexWriter\n"
        "w = IndexWriter.open(pathlib.Path(sys.argv[1])); (w.path / 'tmp' / 'x').touch()\n"
        "print('open'); time.sleep(60)"
    )
    command = [sys.executable, "-u", "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_the_writer_is_named(path: Path, writer: subprocess.Popen[str]) -> None:
    """By process id and command; what it is making is no orphan; nobody is kept out by looking."""
    findings = list(examine(path))

    assert f"process {writer.pid} ({sys.executable}" in about(findings, "writer")[0].what
    assert about(findings, "writer")[0].severity == "note"
    assert about(findings, "orphan files") == []
    writer.kill()
    writer.wait()
    findings = list(examine(path))
    assert about(findings, "writer")[0].what == "none is at work"
    assert "tmp/x" in about(findings, "orphan files")[0].what
    IndexWriter.open(path).close()


def test_a_large_log_names_who_keeps_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that holds an old state keeps the log from being folded in."""
    monkeypatch.setattr(contents_module, "_LARGE_LOG", 1)
    with IndexReader.open(path) as reader, reader.snapshot(), IndexWriter.open(path) as open_:
        open_.delete(["d0"])
        log = about(list(examine(path)), "write-ahead log")[0]
    assert log.severity == "warning"
    assert f"process {os.getpid()} (" in log.what
    assert "restart" in str(log.remedy)


def test_what_lies_about_is_listed(path: Path) -> None:
    """Orphans, foreign files and the quarantine, each with what becomes of it."""
    (path / "vectors" / f"{'0' * 64}.faiss").write_bytes(b"x" * 2000)
    (path / "vectors" / "notes.txt").touch()
    (path / "backup.zip").touch()
    (path / "rejects.jsonl").touch()
    (path / "quarantine.jsonl").write_text("{}\n{}\n")
    findings = list(examine(path))
    orphans, foreign = about(findings, "orphan files")[0], about(findings, "foreign files")[0]

    assert orphans.what.startswith("1 left by a writer that was killed, 2 kB: vectors/000")
    assert "next writer removes" in str(orphans.remedy)
    assert foreign.what.endswith(": backup.zip, vectors/notes.txt")
    assert "2 documents" in about(findings, "quarantine")[0].what
    assert exit_code(findings) == 0


def test_many_deleted_documents_are_said(tmp_path: Path) -> None:
    """Two of ten are no news, three of ten are, until the index is compacted."""
    path = build_reference(tmp_path / "many", [encoded(f"m{n}") for n in range(10)])
    for gone, said in ((1, []), (2, []), (3, ["3 of 10 vectors"])):
        with IndexWriter.open(path) as writer:
            writer.delete([f"m{gone}"])
        found = about(list(examine(path)), "deleted documents")
        assert [f.what[: len(s)] for f, s in zip(found, said, strict=True)] == said
    assert "interlingua compact" in str(found[0].remedy)
    compact(path)
    assert about(list(examine(path)), "deleted documents") == []


def test_room_and_memory_are_held_against_what_is_needed(tmp_path: Path) -> None:
    """Sealing, rewriting, loading: more than there is warns."""
    huge = 1 << 60
    assert [f.severity for f in examine_room(tmp_path, 1, 2, 3)] == ["ok"]
    for needs, severity, said in (
        ((huge, huge, huge), "warning", "next seal"),
        ((1, huge, huge), "warning", "all FAISS files anew"),
        ((1, 2, huge), "note", "purge"),
    ):
        found = list(examine_room(tmp_path, *needs))
        assert [f.severity for f in found] == [severity]
        assert said in found[0].what
        assert found[0].remedy
    assert [f.severity for f in examine_memory(1)] == ["ok"]
    assert [f.severity for f in examine_memory(huge)] == ["warning"]


def test_the_next_seal_is_worked_out_from_the_tail(path: Path) -> None:
    """Three documents of 16 dimensions in files, none in the tail: a margin of 1 MiB each."""
    room = about(list(examine(path)), "free space")[0]
    size = faiss_files(path)[0].stat().st_size
    rewrite = (1 << 20) + 3 * -(-size // 3)
    erase = rewrite + 2 * (path / "interlingua.db").stat().st_size

    assert f"next seal takes {(1 << 20) / 1e6:.1f} MB" in room.what
    assert room.what.endswith(f"anew {rewrite / 1e6:.1f} MB, a purge {erase / 1e6:.1f} MB")


def test_a_backup_is_told(path: Path, tmp_path: Path) -> None:
    """It can be searched and not written to; where to go from there is said."""
    backup(path, tmp_path / "b")
    findings = list(examine(tmp_path / "b"))

    assert exit_code(findings) == 0
    assert about(findings, "state")[0].severity == "note"
    assert "interlingua restore" in str(about(findings, "state")[0].remedy)
    assert about(findings, "foreign files") == []


def test_anybody_may_change_it(path: Path) -> None:
    """A directory that all may write to is a warning."""
    path.chmod(path.stat().st_mode | stat.S_IWOTH)
    found = list(examine_permissions(path))
    assert [f.severity for f in found] == ["warning"]
    assert "chmod" in str(found[0].remedy)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_foreign_owner_is_named(path: Path) -> None:
    """One file of another user in an index of ours, as after one command run as root."""
    os.chown(path / "interlingua.db", 12345, -1)
    found = list(examine_permissions(path))
    assert [f.severity for f in found] == ["warning"]
    assert "belongs to 12345" in found[0].what
    assert "chown" in str(found[0].remedy)


def test_what_we_may_not_read_or_write(path: Path) -> None:
    """Seen by a user without rights; with them taken from us where we are not root."""
    # From inside its folder, whatever the folders above it allow.
    script = (
        "import sys, pathlib, os; from indexer.doctor.place import examine_permissions\n"
        "os.chdir(sys.argv[1]); os.geteuid() or os.setuid(65534)\n"
        "for f in examine_permissions(pathlib.Path('i')): print(f.severity, f.what)"
    )
    path.parent.chmod(0o755)
    path.chmod(0o555)
    (path / "interlingua.db").chmod(0o444)
    faiss_files(path)[0].chmod(0)
    ran = subprocess.run(
        [sys.executable, "-c", script, str(path.parent)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    path.chmod(0o755)
    assert "warning i/interlingua.db: cannot be written" in ran.stdout
    assert f"error i/vectors/{faiss_files(path)[0].name}: cannot be read" in ran.stdout


@pytest.mark.skipif(not MEMORY.is_dir(), reason="no tmpfs")
def test_a_file_system_in_memory_is_a_warning() -> None:
    """It is gone on restart."""
    assert [f.severity for f in examine_file_system(MEMORY)] == ["warning"]


def test_the_index_still_answers(path: Path) -> None:
    """After all that looking."""
    list(examine(path))
    assert set(dump(path)) == {"d0", "d1", "d2"}
