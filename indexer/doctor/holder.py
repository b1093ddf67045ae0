"""Who has an index open, told by the kernel's list of locks: taking one to see would disturb."""

from pathlib import Path
from typing import NamedTuple

_LOCKS = Path("/proc/locks")
_FIRST_READ_LOCK, _CONNECTED = 123, 128
"""Bytes of SQLite's shared-memory file: an open read transaction holds one of 123 to 127, every
connection holds 128 (https://sqlite.org/walformat.html, section 2.3)."""


class Lock(NamedTuple):
    """A line of ``/proc/locks`` (proc(5))."""

    kind: str
    """``FLOCK`` or ``POSIX``."""
    write: bool
    pid: int
    """-1 when its process is in another container."""
    device: tuple[int, int]
    inode: int
    start: int


def locks_on(path: Path, text: str) -> list[Lock]:
    """Find the locks that are held on a file, in the text of ``/proc/locks``."""
    try:
        status = path.stat()
    except OSError:
        return []
    found = (_parsed(line) for line in text.splitlines() if "->" not in line)
    return [lock for lock in found if lock is not None and lock.inode == status.st_ino]


def writers(lock_file: Path, text: str) -> list[int]:
    """List the processes that hold the writer's lock: one or none."""
    return [lock.pid for lock in locks_on(lock_file, text) if lock.kind == "FLOCK"]


def readers(shared_memory: Path, text: str) -> list[int]:
    """List the processes that are reading one state of the database right now."""
    held = (lock for lock in locks_on(shared_memory, text) if lock.kind == "POSIX")
    return sorted({lock.pid for lock in held if _FIRST_READ_LOCK <= lock.start < _CONNECTED})


def read_locks() -> str | None:
    """Read the kernel's list of locks; None where there is none."""
    try:
        return _LOCKS.read_text("ascii", "replace")
    except OSError:
        return None


def describe(pid: int) -> str:
    """Name a process: its number and its command, as far as we may see it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        words = []
    command = b" ".join(words).decode("utf-8", "backslashreplace")
    shown = command if len(command) <= 120 else f"{command[:119]}…"
    return f"process {pid if pid > 0 else 'of another container'}" + (
        f" ({shown})" if shown else ""
    )


def _parsed(line: str) -> Lock | None:
    """Parse ``5: FLOCK ADVISORY WRITE 9371 fe:00:2148741 0 EOF``."""
    fields = line.split()
    try:
        _, kind, _, access, pid, place, start, _ = fields
        major, minor, inode = place.split(":")
        device = (int(major, 16), int(minor, 16))
        return Lock(kind, access == "WRITE", int(pid), device, int(inode), int(start))
    except ValueError:
        return None
