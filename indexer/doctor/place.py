"""Where an index lies: file system, room, memory, and who may do what."""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from indexer.directory import FILES, LOCK, SCRATCH
from indexer.doctor.finding import Finding, ok
from indexer.errors import InterlinguaError
from indexer.mounts import mount_of, refuse_shared
from indexer.store import DATABASE

_KNOWN = (
    "ext2 ext3 ext4 xfs btrfs zfs bcachefs f2fs jfs reiserfs nilfs2 overlay tmpfs squashfs erofs"
)
_SUBJECT = "file system"


def examine_file_system(path: Path) -> Iterator[Finding]:
    """Look at what an index lies on, or would lie on."""
    mount = mount_of(path)
    if mount is None:
        yield Finding("note", _SUBJECT, "the kernel does not say what it is")
        return
    what = f"{mount.kind} at {mount.point}"
    try:
        refuse_shared(path)
    except InterlinguaError as error:
        yield Finding("error", _SUBJECT, error.message, error.remedy, error.exit_code)
        return
    if mount.read_only:
        remedy = "copy the index to where it can be written, if it is to change"
        yield Finding("note", _SUBJECT, f"{what}, mounted read-only: it can be searched", remedy)
    elif mount.kind in {"tmpfs", "ramfs"}:
        remedy = "put what is to last on a disk"
        yield Finding("warning", _SUBJECT, f"{what} lies in memory and is gone on restart", remedy)
    elif mount.kind in _KNOWN.split():
        yield ok(_SUBJECT, what)
    else:
        yield Finding(
            "note",
            _SUBJECT,
            f"{what}, of which nothing is known: it must share memory between processes, keep "
            "flock, and not lie about fsync",
            "put the index on a local disk if in doubt",
        )


def examine_room(path: Path, seal: int, rewrite: int, erase: int) -> Iterator[Finding]:
    """Hold the free space against what the next changes write.

    Args:
        path: the index directory.
        seal: bytes that putting the tail into a FAISS file takes.
        rewrite: bytes that writing all FAISS files anew takes (compact, debias, repair).
        erase: bytes that writing these and the database anew takes (purge).
    """
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize
    remedy = "make room, or move the index to a larger disk"
    have = f"{megabytes(free)} are free"
    if free < seal:
        what = f"{have}; the next seal takes {megabytes(seal)} and will fail, losing nothing"
        yield Finding("warning", "free space", what, remedy)
    elif free < rewrite:
        takes = f"writing all FAISS files anew (compact, debias) takes {megabytes(rewrite)}"
        yield Finding("warning", "free space", f"{have}; {takes}", remedy)
    elif free < erase:
        what = f"{have}; `interlingua purge` takes {megabytes(erase)}"
        yield Finding("note", "free space", what, "make room before you purge")
    else:
        need = f"the next seal takes {megabytes(seal)}, writing all files anew {megabytes(rewrite)}"
        yield ok("free space", f"{have}; {need}, a purge {megabytes(erase)}")
    if disk.f_files and disk.f_favail < 100:
        what = f"only {disk.f_favail} more files can be made"
        yield Finding("warning", "free space", what, "remove files, or move the index")


def examine_permissions(path: Path) -> Iterator[Finding]:
    """Look for parts of an index that we cannot use, or that belong to somebody else."""
    owner, problems = path.stat().st_uid, 0
    for file in _parts(path):
        status = file.lstat()
        for finding in (_access(file, status), _owner(file, status, owner)):
            if finding is not None:
                problems += 1
                yield finding
    if path.stat().st_mode & stat.S_IWOTH:
        problems += 1
        remedy = f"chmod o-w {path}"
        yield Finding("warning", "permissions", f"{path}: anybody may change it", remedy)
    if not problems:
        yield ok("permissions", f"ours to read and write, owned by {_name(owner)}")


def examine_memory(loaded: int) -> Iterator[Finding]:
    """Hold the memory that is left against what searching loads.

    Args:
        loaded: bytes of all FAISS files and of the tail.
    """
    left = _available()
    if left is None:
        return
    what = f"{megabytes(left)} are available; searching loads {megabytes(loaded)}"
    if loaded > left:
        remedy = "stop other programs, or search on a larger machine"
        yield Finding("warning", "memory", what, remedy)
    else:
        yield ok("memory", what)


def megabytes(size: int) -> str:
    """Write a number of bytes for people."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{-(-size // 1000)} kB"


def _parts(path: Path) -> Iterator[Path]:
    yield path
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, FILES, SCRATCH):
        if os.path.lexists(path / name):
            yield path / name
    yield from (path / FILES).glob("*.faiss")


def _access(file: Path, status: os.stat_result) -> Finding | None:
    """Say what we may not do; FAISS files only ever have to be read."""
    if stat.S_ISLNK(status.st_mode) and file.name == LOCK:
        return Finding("error", "permissions", f"{file}: is a link", "put a plain file there", 1)
    if not os.access(file, os.R_OK):
        remedy = f"let {_name(os.geteuid())} read it, or run as {_name(status.st_uid)}"
        return Finding("error", "permissions", f"{file}: cannot be read", remedy, 1)
    if file.suffix == ".faiss" or os.access(file, os.W_OK):
        return None
    what = f"{file}: cannot be written; the index can be searched and not changed"
    remedy = f"let {_name(os.geteuid())} write it, or run as {_name(status.st_uid)}"
    return Finding("warning", "permissions", what, remedy)


def _owner(file: Path, status: os.stat_result, owner: int) -> Finding | None:
    """Say when a part of an index belongs to another than its directory does."""
    if status.st_uid == owner:
        return None
    what = f"{file}: belongs to {_name(status.st_uid)}, the index to {_name(owner)}"
    return Finding("warning", "permissions", what, f"chown {_name(owner)} {file}")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _available() -> int | None:
    """Read how much memory programs can still have, in bytes; None when the kernel is silent."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None
