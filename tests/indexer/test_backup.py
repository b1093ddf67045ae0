"""A backup is one committed state; a restored index is that state, or does not appear."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from indexer import backup as backup_module
from indexer import writer as writer_module
from indexer.audits import save_audit
from indexer.backup import backup
from indexer.compaction import compact
from indexer.errors import (
    CorruptError,
    IncompatibleError,
    InterlinguaError,
    LockedError,
    UsageError,
)
from indexer.index import IndexReader, IndexWriter
from indexer.purge import purge
from indexer.repair import repair
from indexer.restore import restore
from indexer.verify import verify
from tests.indexer.reference import SETTINGS, build, dump, embed, encoded, faiss_files, flip_bit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of two files with a dead vector, and a tail."""
    monkeypatch.setattr(writer_module, "SEAL_AT", 20)
    with IndexWriter.create(tmp_path / "i", SETTINGS) as writer:
        writer.add([encoded(f"a{n}") for n in range(20)], cursor=20)
        writer.finish()
        writer.add([encoded(f"b{n}") for n in range(20)])
        writer.seal()
        writer.add([encoded("c")])
        writer.delete(["a1"])
    save_audit(tmp_path / "i", "{}", {"mode": "labels"}, 1)
    return tmp_path / "i"


def files_of(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder that is no lock and no log."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(("-shm", "-wal", "LOCK"))
    }


@pytest.mark.parametrize("copy", [False, True])
def test_a_backup_is_an_index_and_a_restored_one_goes_on(
    path: Path, tmp_path: Path, copy: bool
) -> None:
    """Same content, same answers, whole; what is done to the one does nothing to the other."""
    content = dump(path)
    report = backup(path, tmp_path / "b", copy=copy)
    assert (report.documents, report.files, report.linked) == (40, 3, 0 if copy else 2)
    assert verify(tmp_path / "b") == []
    assert dump(tmp_path / "b") == content
    with IndexReader.open(path) as one, IndexReader.open(tmp_path / "b") as other:
        assert one.search(embed("x")[None], 9) == other.search(embed("x")[None], 9)
        with one.snapshot() as state:
            assert report.commit == state.seq
    kept = files_of(tmp_path / "b")
    assert sum(map(len, kept.values())) - len(kept["manifest.json"]) == report.bytes
    with IndexWriter.open(path) as writer:
        writer.delete(["a2", "b3"])
    purge(path)
    done: list[int] = []
    restored = restore(tmp_path / "b", tmp_path / "r", copy=copy, progress=done.append)
    assert (restored.documents, restored.commit, done) == (40, report.commit, [1, 2, 3])
    assert files_of(tmp_path / "b") == kept
    assert dump(tmp_path / "r") == content
    with IndexWriter.open(tmp_path / "r") as writer:
        writer.add([encoded("new")])
        writer.delete(["a3"])
    compact(tmp_path / "r")
    assert files_of(tmp_path / "b") == kept
    assert verify(tmp_path / "r") == []
    assert set(dump(tmp_path / "r")) == set(content) - {"a3"} | {"new"}
    assert not list(tmp_path.glob(".*"))


def test_the_manifest_holds_every_file(path: Path, tmp_path: Path) -> None:
    """Its checksums are those of sha256sum."""
    (path / "quarantine.jsonl").write_text('{"id": "q"}\n')
    (path / "rejects.jsonl").write_text("{}\n")
    backup(path, tmp_path / "b")
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    names = [file["name"] for file in manifest["files"]]
    assert sorted(names) == sorted(set(files_of(tmp_path / "b")) - {"manifest.json"})
    assert "quarantine.jsonl" in names
    said = subprocess.run(
        ["sha256sum", *names], cwd=tmp_path / "b", capture_output=True, text=True, check=True
    ).stdout
    assert said == "".join(f"{file['sha256']}  {file['name']}\n" for file in manifest["files"])
    assert (path / "quarantine.jsonl").stat().st_nlink == 1


def test_nobody_writes_to_a_backup(path: Path, tmp_path: Path) -> None:
    """Whatever would change it is refused, and names what to do."""
    backup(path, tmp_path / "b")
    kept = files_of(tmp_path / "b")
    for change in (IndexWriter.open, repair, compact, purge):
        with pytest.raises(UsageError, match="interlingua restore"):
            change(tmp_path / "b")
    with pytest.raises(UsageError, match="is a backup"):
        save_audit(tmp_path / "b", "{}", {}, 1)
    assert files_of(tmp_path / "b") == kept
    restore(tmp_path / "b", tmp_path / "r")


def test_one_state_while_a_writer_and_readers_are_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every backup holds the documents of one commit, whatever is added, sealed and compacted."""
    monkeypatch.setattr(writer_module, "SEAL_AT", 30)
    path = build(tmp_path / "i", [encoded(f"d0-{n}") for n in range(10)])
    code = (
        "import sys; from pathlib import Path\n"
        "from indexer import writer; writer.SEAL_AT = 30\n"
        "from indexer.index import IndexWriter\n"
        "from indexer.compaction import compact_files\n"
        "from tests.indexer.reference import encoded\n"
        "with IndexWriter.open(Path(sys.argv[1])) as w:\n"
        "    for i in range(1, 10**6):\n"
        "        w.add([encoded(f'd{i}-{n}') for n in range(10)])\n"
        "        w.delete([f'd{i - 3}-{n}' for n in range(10)])\n"
        "        w.seal()\n"
        "        if i % 4 == 0: compact_files(w)\n"
        "        if i == 1: print('begun', flush=True)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    stop, wrong = threading.Event(), []

    def read() -> None:
        with IndexReader.open(path) as reader:
            while not stop.is_set():
                hits = reader.search(embed("x")[None], 5)[0]
                if len(hits) != 5:
                    wrong.append(hits)

    thread = threading.Thread(target=read)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        thread.start()
        commits = []
        for number in range(12):
            report = backup(path, tmp_path / f"b{number}", copy=number % 2 == 1)
            commits.append(report.commit)
            content = dump(tmp_path / f"b{number}")
            assert len(content) == report.documents
            assert report.documents % 10 == 0
            rounds = {int(id_.split("-")[0][1:]) for id_ in content}
            assert max(rounds) - min(rounds) == len(rounds) - 1 <= 3
            assert verify(tmp_path / f"b{number}") == []
        assert commits == sorted(commits)
        assert len(set(commits)) > 2
    finally:
        stop.set()
        thread.join()
        writer.kill()
        writer.wait()
        if writer.stdout is not None:
            writer.stdout.close()
    assert wrong == []
    restore(tmp_path / "b11", tmp_path / "r")
    assert dump(tmp_path / "r") == dump(tmp_path / "b11")


def test_files_that_go_meanwhile_are_looked_for_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was superseded belongs to an earlier state; one that is missing is damage."""
    monkeypatch.setattr("indexer.store._BUSY_SECONDS", 0.1)
    names = backup_module._names
    calls: list[int] = []

    def compacted_meanwhile(*arguments: object) -> list[str]:
        found = names(*arguments)  # type: ignore[arg-type]
        calls.append(1)
        if len(calls) == 1:
            compact(path)
        return found

    monkeypatch.setattr(backup_module, "_names", compacted_meanwhile)
    assert backup(path, tmp_path / "b").files == 2
    assert len(calls) == 2
    faiss_files(path)[0].unlink()
    with pytest.raises(CorruptError, match="missing"):
        backup(path, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_where_links_do_not_work_files_are_copied(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file system, or one without links."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert backup(path, tmp_path / "b").linked == 0
    assert dump(tmp_path / "b") == dump(path)


def test_a_damaged_index_is_not_backed_up(path: Path, tmp_path: Path) -> None:
    """A backup that could not be restored would be found out too late."""
    flip_bit(faiss_files(path)[0], 200)
    with pytest.raises(CorruptError, match=f"{path}.*SHA-256") as refused:
        backup(path, tmp_path / "b")
    assert "repair" in str(refused.value.remedy)
    assert [file.name for file in tmp_path.iterdir()] == ["i"]


DAMAGE = ("flip", "truncate", "remove", "database", "manifest", "no manifest", "log", "swap")


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_does_not_appear(path: Path, tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with it, it is named, and there is no index afterwards."""
    backup(path, tmp_path / "b", copy=True)
    b = tmp_path / "b"
    first, second = faiss_files(b)
    if damage == "flip":
        flip_bit(first, 200)
    elif damage == "truncate":
        os.truncate(second, 100)
    elif damage == "remove":
        first.unlink()
    elif damage == "database":
        flip_bit(b / "interlingua.db", 9000)
    elif damage == "manifest":
        (b / "manifest.json").write_text("{")
    elif damage == "no manifest":
        (b / "manifest.json").unlink()
    elif damage == "log":
        (b / "interlingua.db-wal").write_bytes(b"x" * 4000)
    else:
        content = first.read_bytes()
        shutil.copyfile(second, first)
        second.write_bytes(content)
    with pytest.raises(UsageError if damage == "no manifest" else CorruptError) as refused:
        restore(b, tmp_path / "r")
    assert str(b) in str(refused.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b", "i"]


def test_a_copy_of_a_damaged_backup_can_be_mended(path: Path, tmp_path: Path) -> None:
    """As `verify` and `restore` say of it; the backup itself stays as it is."""
    backup(path, tmp_path / "b", copy=True)
    content = dump(path)
    faiss_files(tmp_path / "b")[0].unlink()
    [problem] = verify(tmp_path / "b")
    with pytest.raises(CorruptError) as refused:
        restore(tmp_path / "b", tmp_path / "r")
    assert problem.remedy == refused.value.remedy
    assert "without manifest.json" in problem.remedy
    shutil.copytree(tmp_path / "b", tmp_path / "r", ignore=shutil.ignore_patterns("manifest.json"))
    assert len(repair(tmp_path / "r").files_written) == 1
    assert verify(tmp_path / "r") == []
    assert dump(tmp_path / "r") == content


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "vectors/../../x", "LOCK", "interlingua.db", "vectors/x.faiss"]
)
def test_a_manifest_leads_nowhere_else(path: Path, tmp_path: Path, name: str) -> None:
    """Names that no backup has, and one twice, are refused."""
    backup(path, tmp_path / "b")
    place = tmp_path / "b" / "manifest.json"
    manifest = json.loads(place.read_text())
    manifest["files"].append({"name": name, "bytes": 1, "sha256": "0" * 64})
    place.write_text(json.dumps(manifest))
    with pytest.raises(CorruptError, match="list of files"):
        restore(tmp_path / "b", tmp_path / "r")


def test_a_newer_backup_is_not_touched(path: Path, tmp_path: Path) -> None:
    """Its schema says so, exit code 7."""
    backup(path, tmp_path / "b")
    place = tmp_path / "b" / "manifest.json"
    place.write_text(place.read_text().replace("manifest/1", "manifest/2"))
    with pytest.raises(IncompatibleError, match="upgrade"):
        restore(tmp_path / "b", tmp_path / "r")


def test_nothing_that_is_there_is_overwritten(path: Path, tmp_path: Path) -> None:
    """An empty directory will do; anything else is refused before anything is read."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    backup(path, tmp_path / "b")
    for name in ("full", "file", "link", "b", "i"):
        with pytest.raises(UsageError):
            backup(path, tmp_path / name)
        with pytest.raises(UsageError):
            restore(tmp_path / "b", tmp_path / name)
    backup(path, tmp_path / "empty")
    restore(tmp_path / "empty", tmp_path / "new" / "deep" / "r")
    assert dump(tmp_path / "new" / "deep" / "r") == dump(path)
    with pytest.raises(UsageError, match="no index"):
        backup(tmp_path / "none", tmp_path / "c")


def test_a_full_disk_leaves_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be made durable does not appear."""
    backup(path, tmp_path / "b")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    for make in (
        lambda: backup(path, tmp_path / "c", copy=True),
        lambda: backup(path, tmp_path / "c"),
        lambda: restore(tmp_path / "b", tmp_path / "c"),
    ):
        with pytest.raises(InterlinguaError, match="No space"):
            make()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b", "i"]


def test_an_unfinished_build_is_backed_up_and_goes_on(tmp_path: Path) -> None:
    """A build that was interrupted can be taken elsewhere and finished."""
    with IndexWriter.create(tmp_path / "i", SETTINGS) as writer:
        writer.add([encoded("a"), encoded("b")], cursor=2)
        backup(tmp_path / "i", tmp_path / "b")
        with pytest.raises(LockedError):
            IndexWriter.open(tmp_path / "i")
    restore(tmp_path / "b", tmp_path / "r")
    with IndexWriter.open(tmp_path / "r") as writer:
        assert (writer.state, writer.cursor) == ("building", 2)
        writer.add([encoded("c")], cursor=3)
        writer.finish()
    assert set(dump(tmp_path / "r")) == {"a", "b", "c"}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_old_formats_are_backed_up_as_they_are(tmp_path: Path, version: int) -> None:
    """A restored index of an older format is migrated by its next writer, like any other."""
    shutil.copytree(ROOT / "tests" / "data" / f"index-v{version}", tmp_path / "i")
    backup(tmp_path / "i", tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "r")
    with IndexReader.open(tmp_path / "r") as reader:
        assert reader.info().format == version
    assert dump(tmp_path / "r") == dump(tmp_path / "i")
