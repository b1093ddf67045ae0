"""The writer's lock: one process at a time changes an index."""

import fcntl
import os
import weakref
from contextlib import suppress
from pathlib import Path

from indexer.errors import InterlinguaError, LockedError
from indexer.mounts import refuse_shared

_held: "weakref.WeakSet[WriterLock]" = weakref.WeakSet()
_fork_hook: list[bool] = []


class WriterLock:
    """An exclusive ``flock`` on a file that stays in the index directory.

    The kernel frees it when its holder dies, however it dies. The file is never removed: a lock
    on a file that somebody has unlinked excludes nobody.

    Args:
        path: the lock file; made when absent. Its content is the holder's process id.

    Raises:
        LockedError: another process holds it; never waits.
        InterlinguaError: the file cannot be made or opened, or lies where a lock excludes nobody.
    """

    def __init__(self, path: Path) -> None:
        refuse_shared(path.parent)
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._fd = os.open(path, flags, 0o644)
        except OSError as error:
            raise InterlinguaError(
                f"{path}: cannot be opened: {error.strerror}", "check who may write there"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise LockedError(
                f"{path.parent}: process {holder or 'unknown'} is writing to this index",
                "wait until it has finished, or stop it; the lock is freed when it ends",
            ) from error
        self._sign()
        _close_in_children()
        _held.add(self)

    def _sign(self) -> None:
        """Write our process id for the message of whoever is refused; a full disk loses it."""
        with suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        _held.discard(self)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _close_in_children() -> None:
    """Keep forked children from holding the lock beyond the life of the writer.

    A lock belongs to the open file, which a forked child shares; a worker that outlives a killed
    writer would keep everybody out.
    """
    if not _fork_hook:
        _fork_hook.append(True)
        os.register_at_fork(after_in_child=_release_all)


def _release_all() -> None:
    for lock in list(_held):
        lock.release()
