"""The database: its format over the years, and what its errors say."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.errors import CorruptError, IncompatibleError, InterlinguaError
from indexer.index import IndexReader, IndexWriter, content_hash, index_state
from indexer.migrations import APPLICATION_ID, FORMAT, MIGRATIONS
from indexer.records import Document, EncodedDocument
from indexer.store import WriteStore, create_database, schema_of, translated
from indexer.verify import repair, verify
from tests.indexer.reference import SETTINGS, build, dump, embed, encoded, faiss_files

NAMESPACE = ("unshare", "-Urm", "sh", "-c")
ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"

GOLDEN = [
    encoded("de/1", "Die Katze springt.", lang="de", group="cat", metadata={"topic": "Tiere"}),
    encoded("he/1", "החתול קופץ.", lang="he", group="cat", dropped=3),
    EncodedDocument(
        Document("x", "Nǐ hǎo", "zh-Latn", None, {"n": 1, "é": [None]}, "detected", 0.75),
        embed("Nǐ hǎo"),
        6,
        0,
    ),
    encoded("late", "Added after the build.", lang="en"),
]


def make_golden(path: Path) -> None:
    """Make what lies in ``tests/data/index-v1``: a file, a tombstone and a tail."""
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add([*GOLDEN[:3], encoded("gone")], cursor=4)
        writer.finish()
        writer.delete(["gone"])
        writer.add(GOLDEN[3:])


@pytest.mark.parametrize("version", range(1, FORMAT + 1))
def test_every_released_format_is_read(tmp_path: Path, version: int) -> None:
    """An index made by an earlier version answers, grows, verifies and repairs."""
    path = tmp_path / "i"
    shutil.copytree(DATA / f"index-v{version}", path)
    expected = {e.document.id: (e.document, e.vector.tobytes()) for e in GOLDEN}

    assert verify(path) == []
    assert dump(path) == expected
    with IndexReader.open(path) as reader:
        info = reader.info()
        assert (info.documents, info.deleted, info.tail, info.files) == (4, 1, 1, 1)
        assert info.truncated == {"he": (1, 3)}
        assert reader.search(embed("Nǐ hǎo")[None], 1)[0][0].document == GOLDEN[2].document
    with IndexWriter.open(path) as writer:
        assert writer.settings == SETTINGS
        assert dict(writer.contents.all_hashes()) == {
            e.document.id: content_hash(e.document) for e in GOLDEN
        }
        writer.add([encoded("new")])
        writer.finish()
    repair(path)
    assert verify(path) == []
    assert set(dump(path)) == {*expected, "new"}


def test_todays_indexes_look_like_the_newest_golden_one(tmp_path: Path) -> None:
    """The schema and the bytes of FAISS files change only with the format number."""
    make_golden(tmp_path / "i")
    golden = DATA / f"index-v{FORMAT}"
    assert [f.name for f in faiss_files(tmp_path / "i")] == [f.name for f in faiss_files(golden)]
    schemas = []
    for path in (tmp_path / "i", golden):
        shutil.copy(path / "interlingua.db", tmp_path / "copy.db")
        conn = sqlite3.connect(tmp_path / "copy.db")
        schemas.append(schema_of(conn))
        conn.close()
    assert schemas[0] == schemas[1]


def test_the_format_number_counts_the_migrations() -> None:
    """Forgetting to raise it would let old versions open what they cannot read."""
    assert len(MIGRATIONS._migrations) == FORMAT


def tamper(path: Path, *statements: str) -> None:
    """Change a database behind our back."""
    conn = sqlite3.connect(path / "interlingua.db")
    for statement in statements:
        conn.execute(statement)
    conn.commit()
    conn.close()


OPENERS = [IndexReader.open, IndexWriter.open, verify, repair, index_state]


@pytest.mark.parametrize("open_", OPENERS)
def test_a_newer_format_is_refused_untouched(
    tmp_path: Path, open_: Callable[[Path], object]
) -> None:
    """Exit code 7, and not a byte of the database differs afterwards."""
    path = build(tmp_path / "i", [encoded("a")])
    tamper(path, f"PRAGMA user_version = {FORMAT + 1}", "ALTER TABLE documents ADD COLUMN new")
    before = (path / "interlingua.db").read_bytes()
    with pytest.raises(IncompatibleError, match=f"format {FORMAT + 1}") as caught:
        open_(path)

    assert caught.value.exit_code == 7
    assert caught.value.remedy == "upgrade interlingua"
    assert (path / "interlingua.db").read_bytes() == before
    log = path / "interlingua.db-wal"
    assert not log.exists() or log.stat().st_size == 0


@pytest.mark.parametrize("open_", [IndexReader.open, IndexWriter.open, repair, index_state])
@pytest.mark.parametrize("content", [b"", b"not a database, " * 400, None])
def test_another_kind_of_file_is_refused(
    tmp_path: Path, open_: Callable[[Path], object], content: bytes | None
) -> None:
    """Empty, foreign, or a database of somebody else: exit code 8 with a remedy."""
    path = build(tmp_path / "i", [encoded("a")])
    database = path / "interlingua.db"
    database.unlink()
    for log in ("-wal", "-shm"):
        (path / f"interlingua.db{log}").unlink(missing_ok=True)
    if content is None:
        tamper(path, "CREATE TABLE addresses (name)", "PRAGMA application_id = 7")
    else:
        database.write_bytes(content)
    with pytest.raises(CorruptError, match=r"interlingua\.db") as caught:
        open_(path)
    assert caught.value.exit_code == 8
    assert caught.value.remedy
    assert verify(path)


def test_a_crash_while_creating_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    """The database appears complete or not at all."""
    path = tmp_path / "i"
    (path / "tmp").mkdir(parents=True)
    create_database(path / "tmp" / "half.db", lambda _: None)
    (path / "LOCK").write_text("1\n")
    assert index_state(path) is None
    build(path, [encoded("a")])
    assert set(dump(path)) == {"a"}
    IndexWriter.open(path).close()
    assert not list((path / "tmp").iterdir())


def test_commits_are_synced_and_checks_are_on(tmp_path: Path) -> None:
    """WAL with full synchronisation: what is committed survives a power cut."""
    path = build(tmp_path / "i", [encoded("a")])
    store = WriteStore(path / "interlingua.db")
    pragmas = {
        name: store.conn.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
    }
    store.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
    }


def test_acknowledging_waits_for_the_disk(tmp_path: Path) -> None:
    """Between the last write of a batch and its acknowledgement there is an fsync of the log."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    path = build(tmp_path / "i", [encoded("a")])
    code = (
        "import os; from pathlib import Path; from indexer.index import IndexWriter\n"
        "from tests.indexer.reference import encoded\n"
        f"with IndexWriter.open(Path({str(path)!r})) as w:\n"
        "    os.write(1, b'begin'); w.add([encoded('b')]); os.write(1, b'acknowledged')\n"
        "    os.write(1, b'begin'); w.delete(['b']); os.write(1, b'acknowledged')\n"
    )
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=write,pwrite64,fsync,fdatasync"]
    done = subprocess.run(
        [*command, sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr[-200:]!r}")
    batches = trace.read_text().split('"begin"')[1:]
    assert len(batches) == 2
    for batch in batches:
        calls = [c for c in batch.split('"acknowledged"')[0].splitlines() if "-wal>" in c]
        assert "pwrite64(" in calls[0]
        assert "sync(" in calls[-1]


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (sqlite3.SQLITE_FULL, InterlinguaError, "make room"),
        (sqlite3.SQLITE_IOERR_WRITE, InterlinguaError, "failing disk"),
        (sqlite3.SQLITE_CANTOPEN, InterlinguaError, "permissions"),
        (sqlite3.SQLITE_READONLY, InterlinguaError, "permissions"),
        (sqlite3.SQLITE_BUSY, InterlinguaError, "try again"),
        (sqlite3.SQLITE_CORRUPT_VTAB, CorruptError, "restore"),
        (sqlite3.SQLITE_NOTADB, CorruptError, "restore"),
        (sqlite3.SQLITE_ERROR, CorruptError, "restore"),
    ],
)
def test_errors_of_sqlite_become_ours(code: int, error: type[InterlinguaError], said: str) -> None:
    """Each names the place and the remedy; our own programming errors stay what they are."""
    raised = sqlite3.OperationalError("said")
    raised.sqlite_errorcode = code
    with (
        pytest.raises(InterlinguaError, match="a place: said") as caught,
        translated(Path("a place")),
    ):
        raise raised
    assert type(caught.value) is error
    assert said in str(caught.value.remedy)
    with pytest.raises(sqlite3.ProgrammingError), translated(Path("a place")):
        raise sqlite3.ProgrammingError("closed")


def test_after_an_io_error_nothing_more_is_written(tmp_path: Path) -> None:
    """A second fsync may report success for what the first one lost, so we do not ask."""
    path = build(tmp_path / "i", [encoded("a")])
    failed = sqlite3.OperationalError("disk I/O error")
    failed.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    with IndexWriter.open(path) as writer:
        with pytest.raises(InterlinguaError, match="disk"), writer.store.transaction():
            raise failed
        with pytest.raises(InterlinguaError, match="an earlier write failed") as caught:
            writer.add([encoded("b")])
        assert "open it again" in str(caught.value.remedy)
    with IndexWriter.open(path) as writer:
        writer.add([encoded("b")])
    assert set(dump(path)) == {"a", "b"}


def test_a_file_system_without_shared_memory_is_refused(tmp_path: Path) -> None:
    """Write-ahead logging needs it; the remedy is a local disk."""
    conn = sqlite3.connect(":memory:")  # answers "memory" when asked for a write-ahead log
    assert conn.execute("PRAGMA journal_mode = WAL").fetchone() == ("memory",)
    conn.close()
    with pytest.raises(InterlinguaError, match="cannot share memory") as caught:
        create_database(Path(":memory:"), lambda _: None)
    assert "local disk" in str(caught.value.remedy)


def test_an_index_on_a_read_only_medium_is_read(tmp_path: Path) -> None:
    """Where SQLite cannot make its shared memory, a closed index is still readable."""
    path = build(tmp_path / "i", [encoded("a")])
    code = (
        "import sys; from pathlib import Path; from tests.indexer.reference import dump\n"
        f"print(sorted(dump(Path({str(path)!r}))))"
    )
    mount = f"mount --bind {path} {path} && mount -o remount,ro,bind {path} && ! touch {path}/x"
    try:
        done = subprocess.run(
            [*NAMESPACE, f'{mount} 2>/dev/null && exec "$@"', "sh", sys.executable, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        pytest.skip(f"no namespaces here: {os.strerror(error.errno or errno.EPERM)}")
    if done.returncode and "Traceback" not in done.stderr:
        pytest.skip(f"no mounts here: {done.stderr}")
    assert done.stdout.strip() == "['a']", done.stderr


def test_the_application_id_spells_our_name() -> None:
    """`file` and other tools can tell what it is."""
    assert APPLICATION_ID.to_bytes(4, "big") == b"ILNG"
