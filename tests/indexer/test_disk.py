"""A full disk: an error with its remedy, nothing acknowledged lost, and on it goes with room."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.errors import InterlinguaError
from indexer.index import IndexWriter
from indexer.verify import verify
from tests.indexer.reference import SETTINGS, build, dump, encoded

ROOT = Path(__file__).parents[2]

WRITE = """
import json, resource, sys
from pathlib import Path
from indexer import writer as writer_module
from indexer.errors import InterlinguaError
from indexer.index import IndexReader, IndexWriter
from tests.indexer.reference import encoded

writer_module.SEAL_AT = 50
path, limit = Path(sys.argv[1]), int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
acknowledged, error = [], None
try:
    with IndexWriter.open(path) as writer:
        for batch in range(200):
            ids = [f"{batch}-{n}" for n in range(10)]
            writer.add([encoded(id_, id_ * 50) for id_ in ids])
            acknowledged.extend(ids)
            writer.seal()
except InterlinguaError as raised:
    error = [type(raised).__name__, raised.message, raised.remedy]
with IndexReader.open(path) as reader:
    held = [d.id for d in reader.documents()]
print(json.dumps({"acknowledged": acknowledged, "error": error, "held": held}))
if limit:  # else what coverage writes at the end would be torn
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def check(path: Path, said: str) -> int:
    """Hold what the writer said against the index; return how many it had acknowledged."""
    result = json.loads(said)
    name, message, remedy = result["error"]
    assert name == "InterlinguaError"
    assert "full" in message or "disk" in message or "large" in message or "space" in message
    assert "nothing committed is lost" in remedy
    acknowledged = set(result["acknowledged"])
    assert acknowledged <= set(result["held"])
    assert len(set(result["held"])) % 10 == 1  # the first document, and whole batches
    return len(acknowledged)


def run(*command: str | Path) -> str:
    """Run a command in the repository, and give what it printed."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("limit", [98_305, 140_000, 200_000, 262_144, 400_000, 1_000_000])
def test_a_file_that_may_not_grow(tmp_path: Path, limit: int) -> None:
    """Wherever the limit falls, in the log, the database or a FAISS file."""
    path = build(tmp_path / "i", [encoded("first")])
    said = run(sys.executable, "-c", WRITE, path, str(limit))
    acknowledged = check(path, said)

    assert verify(path) == []
    held = set(json.loads(said)["held"])
    assert set(dump(path)) == held
    with IndexWriter.open(path) as writer:
        writer.add([encoded("after")])
        writer.finish()
    assert verify(path) == []
    assert set(dump(path)) == {*held, "after"}
    assert not list((path / "tmp").iterdir())
    assert acknowledged < 2000


def namespaces() -> bool:
    """Say whether a file system of our own can be mounted here."""
    probe = "mount -t tmpfs -o size=64k tmpfs /mnt"
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", probe], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("kilobytes", [220, 260, 304, 400, 640, 1200])
def test_a_disk_without_room(tmp_path: Path, kilobytes: int) -> None:
    """A small disk fills up; with the ballast removed, the same index goes on."""
    if not namespaces():
        pytest.skip("no user namespaces here")
    source = build(tmp_path / "i", [encoded("first")])
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    script = f"""
        mount -t tmpfs -o size={kilobytes + 400}k tmpfs {disk} || exit 1
        head -c 400k /dev/zero > {disk}/ballast
        cp -r {source} {disk}/i
        "$@" {disk}/i 0 || exit 1
        rm {disk}/ballast
        "$@" {disk}/i 0 || exit 1
        rm -f {disk}/i/*-shm
        cp -r {disk}/i {copy}
    """
    command = ["unshare", "-Urm", "sh", "-c", script, "sh", sys.executable, "-c", WRITE]
    first, second = run(*command).splitlines()
    check(source, first)
    # The second run begins with ids that are there: it is refused by name, or fills the disk.
    assert json.loads(second)["error"][0] in {"DuplicateError", "InterlinguaError"}

    assert verify(copy) == []
    assert set(dump(copy)) >= set(json.loads(first)["held"])


def test_creating_on_a_full_disk_leaves_no_index(tmp_path: Path) -> None:
    """The next attempt, with room, finds nothing in its way."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from indexer.index import IndexWriter\n"
        "from indexer.errors import InterlinguaError\n"
        "from tests.indexer.reference import SETTINGS\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, -1))\n"
        "try: IndexWriter.create(Path(sys.argv[1]), SETTINGS)\n"
        "except InterlinguaError as error: print(error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))"
    )
    said = run(sys.executable, "-c", code, tmp_path / "i")
    assert "disk" in said
    assert not (tmp_path / "i" / "interlingua.db").exists()
    with IndexWriter.create(tmp_path / "i", SETTINGS) as writer:
        writer.add([encoded("a")], cursor=1)
    assert set(dump(tmp_path / "i")) == {"a"}


def test_a_seal_that_fails_leaves_the_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents are found as before, and the next seal succeeds."""
    path = build(tmp_path / "i", [encoded("a")])
    with IndexWriter.open(path) as writer:
        writer.add([encoded("b")])

        def fail(_: int) -> None:
            raise OSError(5, os.strerror(5))

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(InterlinguaError, match="Input/output error"):
            writer.finish()
        monkeypatch.undo()
        assert set(dump(path)) == {"a", "b"}
        writer.finish()
    assert verify(path) == []
