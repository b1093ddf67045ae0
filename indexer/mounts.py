"""The file system that an index lies on, and why some cannot hold one that is written to.

Write-ahead logging shares memory between the processes of one machine, and ``flock`` has to hold
for all of them. Where several machines reach the same files neither does: two writers would not
see each other, and a reader would mix two states (https://sqlite.org/wal.html,
https://sqlite.org/howtocorrupt.html, section 2).
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from indexer.errors import InterlinguaError

_PROC = Path("/proc/self")
_ESCAPE = re.compile(r"\\([0-7]{3})")

_KINDS = {
    "a network file system": "nfs nfs4 cifs smb3 smbfs ncpfs afs coda davfs fuse.sshfs fuse.nfs "
    "fuse.smbnetfs fuse.curlftpfs fuse.davfs fuse.rclone fuse.gvfsd-fuse fuse.kio-fuse",
    "a file system that several machines share": "ceph lustre gpfs beegfs gfs2 ocfs2 pvfs2 "
    "fuse.ceph fuse.ceph-fuse fuse.glusterfs fuse.mfs fuse.moosefs fuse.seaweedfs fuse.juicefs",
    "a folder that a virtual machine shares with its host": "9p vboxsf prl_fs vmhgfs "
    "fuse.vmhgfs-fuse fuse.grpcfuse fuse.osxfs",
    "object storage behind a file system": "fuse.s3fs fuse.goofys fuse.gcsfuse "
    "fuse.blobfuse fuse.blobfuse2",
}

SHARED_KINDS = {kind: what for what, kinds in _KINDS.items() for kind in kinds.split()}
"""Types of file system, as ``/proc/self/mountinfo`` calls them, that no writer is let on."""


class Mount(NamedTuple):
    """Where a file system appears in the tree."""

    point: str
    kind: str
    """Its type: ``ext4``, ``nfs4``, ``fuse.sshfs``."""
    source: str
    """A device, a server, or whatever its driver says."""
    read_only: bool

    @property
    def objection(self) -> str | None:
        """Why an index cannot be written here; None when it can."""
        return SHARED_KINDS.get(self.kind)


def find_mount(number: int, mountinfo: str) -> Mount | None:
    """Find a mount by its number in the text of ``/proc/self/mountinfo`` (proc(5)).

    Returns:
        None when no line of the text has that number.
    """
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        parts, after = fields.split(" "), rest.split(" ")
        if parts[0] == str(number) and len(parts) > 5 and len(after) > 2:
            options = {*parts[5].split(","), *after[2].split(",")}
            return Mount(_plain(parts[4]), after[0], _plain(after[1]), "ro" in options)
    return None


def mount_of(path: Path) -> Mount | None:
    """Find the mount that a path lies on, or would lie on once it is made.

    The kernel is asked which mount an open handle belongs to, so that neither links nor a mount
    over a mount mislead.

    Returns:
        None when the kernel does not say (no ``/proc``).
    """
    there = path.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        fd = os.open(there, os.O_PATH | os.O_CLOEXEC)
        try:
            about = (_PROC / f"fdinfo/{fd}").read_text("ascii")
        finally:
            os.close(fd)
        number = re.search(r"^mnt_id:\s*(\d+)$", about, re.MULTILINE)
        text = (_PROC / "mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    return None if number is None else find_mount(int(number[1]), text)


def refuse_shared(path: Path) -> None:
    """Let no writer on a file system where it could not keep others out.

    Raises:
        InterlinguaError: naming the file system and the reason.
    """
    mount = mount_of(path)
    if mount is not None and mount.objection is not None:
        raise InterlinguaError(
            f"{path}: lies on {mount.objection} ({mount.kind} at {mount.point}), where neither the "
            "lock nor the write-ahead log of an index holds",
            "put the index on a local disk; a copy of a finished index can be read from here",
        )


def _plain(field: str) -> str:
    r"""Undo the ``\040`` of blanks in names."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), field)
