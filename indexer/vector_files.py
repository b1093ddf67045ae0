"""FAISS files on disk: written whole, checked before they have their name and when they are read.

A file is an ``IndexIDMap`` over one of the indexes of :mod:`indexer.kinds`; the ids (``vid``)
travel inside, so that it can be checked against the database by itself. It is named by its
SHA-256, never changed once it has its name, and derived: whatever is lost is written again from
the database.
"""

import errno
import hashlib
import mmap
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexer.disk import disk_errors, sync_directory
from indexer.errors import CorruptError, InterlinguaError
from indexer.faiss_calls import faiss_module
from indexer.faiss_structure import StructureError, check_structure
from indexer.kinds import kind_of
from indexer.remedies import DISK, REPAIR
from indexer.vectors import Segment, Vids

_SUFFIX = ".faiss"
_CHUNK = 1 << 20
_AHEAD = 128 << 10
"""Bytes. Of a longer piece Linux fetches no more than the readahead of the device, by default so
much, and says nothing of the rest."""

MAPPED_FROM = 64 << 20
"""Bytes from which a file is mapped into memory and not read."""

_NOT_THE_FILE = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors that say nothing of what is in a file: who asks may not open it, or no more of them."""

_limits = threading.Lock()


class FileRecord(NamedTuple):
    """What the database knows of a file."""

    name: str
    bytes: int
    rows: int
    first_vid: int
    last_vid: int
    factory: str = "Flat"
    """What is inside, in FAISS's words."""
    inode: int = 0
    mtime_ns: int = 0
    """With ``inode``: those of the file when its writer read it back. As long as they stay, nobody
    has written to it, and a large one is not hashed again to be read."""


def write_segment(directory: Path, scratch: Path, segment: Segment, dim: int) -> FileRecord:
    """Write an immutable file; when this returns it is on disk, under its name, and checked.

    Raises:
        InterlinguaError: the disk is full or fails; no file has appeared.
    """
    temporary = scratch / f"{secrets.token_hex(8)}{_SUFFIX}"
    vids, factory = segment.vids, segment.factory
    with disk_errors(directory):
        try:
            digest = _write_synced(temporary, segment)
            del segment  # gives its memory back if it was the last to hold it
            size = temporary.stat().st_size
            ends = (int(vids[0]), int(vids[-1]))
            name = f"{digest}{_SUFFIX}"
            record = FileRecord(name, size, len(vids), *ends, factory)
            written = _load(temporary, record, dim)
            if not np.array_equal(written.vids, vids):
                raise CorruptError(f"{temporary}: FAISS wrote other ids than it was given", REPAIR)
            temporary.replace(directory / record.name)
            sync_directory(directory)
            found = (directory / record.name).stat()
        finally:
            with suppress(OSError):  # the next writer sweeps it
                temporary.unlink(missing_ok=True)
    return record._replace(inode=found.st_ino, mtime_ns=found.st_mtime_ns)


def load_file(directory: Path, record: FileRecord, dim: int, *, whole: bool = False) -> Segment:
    """Load a file after checking its name, size, SHA-256, structure and ids.

    A small file is read, and the bytes that are hashed are the bytes that FAISS gets. A large one
    is mapped into memory; it is hashed unless it is the very file that its writer read back and
    nobody has written to since.

    Args:
        directory: where files live.
        record: what the database knows of it.
        dim: length of a vector.
        whole: hash it in any case.

    Raises:
        FileNotFoundError: it is not there; it may have been superseded since it was named.
        CorruptError: it is not the file that was written.
        InterlinguaError: it may not be read.
    """
    return _load(directory / record.name, record, dim, trusting=not whole)


def _write_synced(path: Path, segment: Segment) -> str:
    """Write and fsync a segment; return the SHA-256 of what was meant to be written.

    ``faiss.write_index(path)`` reports success on a full disk, so FAISS hands its bytes to us.
    """
    digest = hashlib.sha256()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        writer = faiss_module().PyCallbackIOWriter(_full_write(fd, digest.update), _CHUNK)
        faiss_module().write_index(segment.index, writer)
        os.fsync(fd)
    finally:
        os.close(fd)
    return digest.hexdigest()


def _full_write(fd: int, seen: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def write(chunk: bytes) -> None:
        seen(chunk)
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(fd, rest) :]

    return write


def _load(path: Path, record: FileRecord, dim: int, trusting: bool = False) -> Segment:
    with _opened(path, record.bytes) as fd:
        if record.bytes < MAPPED_FROM:
            with os.fdopen(os.dup(fd), "rb") as file:
                data = file.read()
            _check(path, data, record, dim, hashlib.sha256(data).hexdigest())
            index = _deserialize(path, data)
        else:
            known = trusting and _stamp(fd) == (record.inode, record.mtime_ns)
            digest = record.name.removesuffix(_SUFFIX) if known else _digest(fd)
            with mmap.mmap(fd, record.bytes, prot=mmap.PROT_READ) as held, memoryview(held) as view:
                _check(path, view, record, dim, digest)
            if kind_of([record.factory]) != "ivf":
                _read_ahead(fd, record.bytes)
            index = _map(path, fd)
    vids = _ids(index)
    ascending = bool((np.diff(vids) > 0).all())
    if (len(vids), int(vids[0]), int(vids[-1])) != record[2:5] or not ascending:
        raise CorruptError(f"{path}: it holds other vectors than the database says", REPAIR)
    return Segment(index, vids, record.factory)


@contextmanager
def _opened(path: Path, size: int) -> Iterator[int]:
    """Open a file of the right size, and no link to one."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(fd).st_size
            if found != size:
                raise CorruptError(f"{path}: has {found:,} bytes instead of {size:,}", REPAIR)
            yield fd
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        unread = f"{path}: cannot be read: {error.strerror}"
        if error.errno in _NOT_THE_FILE:
            raise InterlinguaError(unread, DISK) from error
        raise CorruptError(unread, REPAIR) from error


def _stamp(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_ino, found.st_mtime_ns


def _digest(fd: int) -> str:
    """SHA-256 of a file, read piece by piece, so that no memory is taken for it."""
    with os.fdopen(os.dup(fd), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, data: bytes | memoryview, record: FileRecord, dim: int, digest: str) -> None:
    """Let FAISS see nothing but what we have written."""
    if f"{digest}{_SUFFIX}" != record.name:
        raise CorruptError(f"{path}: its SHA-256 is not its name, so it is damaged", REPAIR)
    try:
        check_structure(data, record.factory, record.rows, dim)
    except StructureError as error:
        raise CorruptError(f"{path}: not a vector file of interlingua", REPAIR) from error


def _deserialize(path: Path, data: bytes) -> Any:  # noqa: ANN401 - faiss is untyped
    with _limited(path, len(data)):
        # What this returns owns its memory; downcast_index() would return one that does not.
        bytes_ = np.frombuffer(data, np.uint8)
        return faiss_module().deserialize_index(bytes_, _no_tables())


def _read_ahead(fd: int, size: int) -> None:
    """Have the kernel fetch a file of which a search reads all, or a bit of every part: a graph.

    FAISS maps files for random access, so that pages of 4 KiB would be waited for one by one: the
    first query of a million vectors that were not in memory took 24 s then, and 1.3 s so. Of
    clusters a query reads a twentieth, and comes sooner without.
    """
    for start in range(0, size, _AHEAD):
        os.posix_fadvise(fd, start, _AHEAD, os.POSIX_FADV_WILLNEED)


def _map(path: Path, fd: int) -> Any:  # noqa: ANN401 - faiss is untyped
    """Let FAISS map the file that is open, whatever the folder says by now."""
    with _limited(path, os.fstat(fd).st_size):
        flags = faiss_module().IO_FLAG_MMAP_IFC | _no_tables()
        return faiss_module().read_index(f"/proc/self/fd/{fd}", flags)


def _no_tables() -> int:
    """Keep FAISS from making room for tables that inner products have no use for."""
    return int(faiss_module().IO_FLAG_SKIP_PRECOMPUTE_TABLE)


@contextmanager
def _limited(path: Path, size: int) -> Iterator[None]:
    """Let FAISS read no more than there is."""
    with _limits:  # the limits are global to the process
        faiss_module().set_deserialization_vector_byte_limit(size)
        faiss_module().set_deserialization_loop_limit(size)
        try:
            yield
        except RuntimeError as error:
            raise CorruptError(f"{path}: FAISS cannot read it: {error}", REPAIR) from error


def _ids(index: Any) -> Vids:  # noqa: ANN401 - faiss is untyped
    return np.array(faiss_module().vector_to_array(index.id_map), dtype=np.int64)
