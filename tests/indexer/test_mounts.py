"""The file system under an index is told rightly, and no writer is let on one that is shared."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer import mounts
from indexer.errors import InterlinguaError
from indexer.index import IndexReader, IndexWriter
from indexer.mounts import SHARED_KINDS, Mount, find_mount, mount_of
from indexer.verify import repair, verify
from tests.indexer.reference import SETTINGS, as_pairs, build, embed, encoded

MOUNTINFO = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
41 27 0:39 / /mnt/two\040words rw,nosuid - fuse.sshfs me@host:/a\040b rw,user_id=0
42 27 0:40 /sub /media ro,relatime - squashfs /dev/loop0 rw
43 27 0:41 / /backup rw - nfs4 server:/export ro,vers=4.2
cut off
"""


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (22, Mount("/proc", "proc", "proc", read_only=False)),
        (27, Mount("/", "ext4", "/dev/vda", read_only=False)),
        (41, Mount("/mnt/two words", "fuse.sshfs", "me@host:/a b", read_only=False)),
        (42, Mount("/media", "squashfs", "/dev/loop0", read_only=True)),
        (43, Mount("/backup", "nfs4", "server:/export", read_only=True)),
        (4, None),
        (2, None),
    ],
)
def test_a_mount_is_found_by_its_number(number: int, expected: Mount | None) -> None:
    """Optional fields, blanks in names, and either place where ``ro`` may stand."""
    assert find_mount(number, MOUNTINFO) == expected


@pytest.mark.skipif(not shutil.which("findmnt"), reason="findmnt is not installed")
def test_the_kernel_is_asked_which_mount_a_path_lies_on(tmp_path: Path) -> None:
    """As ``findmnt`` says, also for what does not exist yet and through a link."""
    (tmp_path / "link").symlink_to("/proc")
    asked = {tmp_path: tmp_path, tmp_path / "not/yet": tmp_path, tmp_path / "link/1": Path("/proc")}
    for path, real in asked.items():
        found = mount_of(path)
        said = subprocess.run(
            ["findmnt", "--noheadings", "--output", "TARGET,FSTYPE", "--target", str(real)],
            capture_output=True,
            text=True,
            check=True,
        )

        assert found is not None
        assert [found.point, found.kind] == said.stdout.split()


@pytest.mark.parametrize(
    "kind",
    [
        *("ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay", "vfat", "virtiofs"),
        *("fuse", "fuseblk", "fuse.fuse-overlayfs", "fuse.gocryptfs", "ecryptfs"),
    ],
)
def test_file_systems_of_one_machine_are_allowed(kind: str) -> None:
    """FUSE as such is no reason: encrypted folders and rootless containers are local."""
    assert Mount("/", kind, "x", read_only=False).objection is None


def test_every_objection_names_what_it_is() -> None:
    """The reason is shown to people."""
    for kind in ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "lustre", "fuse.s3fs"):
        assert Mount("/", kind, "x", read_only=False).objection == SHARED_KINDS[kind]
    assert all(re.match(r"an? |object storage ", what) for what in SHARED_KINDS.values())


@pytest.fixture
def on_nfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the kernel's table of mounts say that everything lies on NFS from the call on."""

    def switch() -> None:
        proc = tmp_path / "proc"
        proc.mkdir()
        (proc / "fdinfo").symlink_to("/proc/self/fdinfo")
        real = Path("/proc/self/mountinfo").read_text("utf-8")
        (proc / "mountinfo").write_text(re.sub(r" - \S+ ", " - nfs4 ", real), encoding="utf-8")
        monkeypatch.setattr(mounts, "_PROC", proc)

    return switch


def test_no_writer_works_on_a_network_file_system(
    tmp_path: Path, on_nfs: Callable[[], None]
) -> None:
    """Creating, opening to write and repairing are refused with the reason; nothing is made."""
    path = build(tmp_path / "i", [encoded("a")])
    files = sorted(path.rglob("*"))
    on_nfs()
    attempts: tuple[Callable[[], object], ...] = (
        lambda: IndexWriter.create(tmp_path / "new" / "deep", SETTINGS),
        lambda: IndexWriter.open(path),
        lambda: repair(path),
    )
    for attempt in attempts:
        with pytest.raises(InterlinguaError, match=r"network file system \(nfs4 at ") as caught:
            attempt()
        assert caught.value.exit_code == 1
        assert "local disk" in str(caught.value.remedy)
    assert not (tmp_path / "new").exists()
    assert sorted(path.rglob("*")) == files


def test_a_closed_index_is_read_there(tmp_path: Path, on_nfs: Callable[[], None]) -> None:
    """Its answers are those of a local disk, and reading leaves no file behind."""
    path = build(tmp_path / "i", [encoded("a"), encoded("b")])
    with IndexReader.open(path) as reader:
        before = as_pairs(reader.search(embed("x")[None], 2)[0])
    for file in path.glob("*-shm"):
        file.unlink()
    on_nfs()
    with IndexReader.open(path) as reader:
        assert as_pairs(reader.search(embed("x")[None], 2)[0]) == before
    assert verify(path) == []
    assert not list(path.glob("*-shm"))


def test_an_index_in_use_is_not_read_there(tmp_path: Path, on_nfs: Callable[[], None]) -> None:
    """What its log holds could not be read as one state; when the writer has gone it can."""
    path = build(tmp_path / "i", [encoded("a")])
    with IndexWriter.open(path) as writer:
        writer.add([encoded("b")])
        on_nfs()
        with pytest.raises(InterlinguaError, match="being written to") as caught:
            IndexReader.open(path)
        assert "writer has finished" in str(caught.value.remedy)
    with IndexReader.open(path) as reader:
        assert len(list(reader.documents())) == 2


def test_without_proc_nobody_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not knowing is no reason to refuse."""
    monkeypatch.setattr(mounts, "_PROC", tmp_path / "none")
    assert mount_of(tmp_path) is None
    assert verify(build(tmp_path / "i", [encoded("a")])) == []


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a folder again through FUSE, under the name of any FUSE file system."""
    made: list[Path] = []

    def mount(subtype: str) -> Path:
        (tmp_path / "real").mkdir(exist_ok=True)
        point = tmp_path / subtype
        point.mkdir()
        command = ["bindfs", "-o", f"subtype={subtype}", str(tmp_path / "real"), str(point)]
        subprocess.run(command, check=True)
        made.append(point)
        return point

    yield mount
    for point in made:
        subprocess.run(["umount", str(point)], check=True)


@pytest.mark.skipif(
    not (shutil.which("bindfs") and Path("/dev/fuse").exists()), reason="bindfs is not installed"
)
def test_on_real_fuse(mounted: Callable[[str], Path]) -> None:
    """A local one holds an index; through the same one under sshfs's name it is only read."""
    path = build(mounted("local") / "i", [encoded("a"), encoded("b")])
    assert verify(path) == []
    remote = mounted("sshfs") / "i"
    with pytest.raises(InterlinguaError, match=r"fuse\.sshfs"):
        IndexWriter.open(remote)
    with IndexReader.open(remote) as reader:
        assert len(reader.search(embed("x")[None], 9)[0]) == 2
