"""Files of our own: making them durable, and what the errors of a disk mean."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.errors import InterlinguaError
from indexer.remedies import DISK, ROOM

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn errors of the operating system into ours, with the place and the remedy."""
    try:
        yield
    except OSError as error:
        raise InterlinguaError(
            f"{error.filename or place}: {error.strerror}",
            ROOM if error.errno in _NO_ROOM else DISK,
        ) from error


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
