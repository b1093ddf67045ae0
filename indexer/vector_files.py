"""FAISS files on disk: written whole, checked before they have their name and when they are read.

A file is ``IndexIDMap(IndexFlatIP)``: exact inner products, and the ids (``vid``) travel inside,
so that a file can be checked against the database by itself. It is named by its SHA-256, never
changed once it has its name, and derived: whatever is lost is written again from the database.
"""

import hashlib
import os
import secrets
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexer.disk import disk_errors, sync_directory
from indexer.errors import CorruptError
from indexer.records import Vectors
from indexer.remedies import REPAIR
from indexer.vectors import Segment, Vids, faiss_module

_SUFFIX = ".faiss"
_WRITE_CHUNK = 1 << 20

# What a file must begin with: FAISS picks the class to build by these codes, and some classes
# open further files that the index names. Between the two stands the outer index header.
_OUTER, _INNER = b"IxMp", b"IxFI"
_HEADER = struct.Struct("<4siq8x8x?i4siq8x8x?i")
_INNER_PRODUCT = 0

_limits = threading.Lock()


class FileRecord(NamedTuple):
    """What the database knows of a file."""

    name: str
    bytes: int
    rows: int
    first_vid: int
    last_vid: int


def write_file(directory: Path, scratch: Path, vids: Vids, vectors: Vectors) -> FileRecord:
    """Write an immutable file; when this returns it is on disk, under its name, and checked.

    Args:
        directory: where files live.
        scratch: where they are written first, on the same file system.
        vids: (n,) ascending, n at least 1.
        vectors: (n, d) float32 unit rows.

    Raises:
        InterlinguaError: the disk is full or fails; no file has appeared.
    """
    temporary = scratch / f"{secrets.token_hex(8)}{_SUFFIX}"
    with disk_errors(directory):
        try:
            digest = _write_synced(temporary, Segment.of(vids, vectors))
            size = temporary.stat().st_size
            ends = (int(vids[0]), int(vids[-1]))
            record = FileRecord(f"{digest}{_SUFFIX}", size, len(vids), *ends)
            written = _load(temporary, record, vectors.shape[1])
            if not np.array_equal(written.vids, vids):
                raise CorruptError(f"{temporary}: FAISS wrote other ids than it was given", REPAIR)
            temporary.replace(directory / record.name)
            sync_directory(directory)
        finally:
            with suppress(OSError):  # the next writer sweeps it
                temporary.unlink(missing_ok=True)
    return record


def load_file(directory: Path, record: FileRecord, dim: int) -> Segment:
    """Load a file after checking its name, size, SHA-256, header and ids.

    The bytes that are hashed are the bytes that FAISS reads.

    Raises:
        FileNotFoundError: it is not there; it may have been superseded since it was named.
        CorruptError: it is not the file that was written.
    """
    return _load(directory / record.name, record, dim)


def _write_synced(path: Path, segment: Segment) -> str:
    """Write and fsync a segment; return the SHA-256 of what was meant to be written.

    ``faiss.write_index(path)`` reports success on a full disk, so FAISS hands its bytes to us.
    """
    digest = hashlib.sha256()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        writer = faiss_module().PyCallbackIOWriter(_full_write(fd, digest.update), _WRITE_CHUNK)
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


def _load(path: Path, record: FileRecord, dim: int) -> Segment:
    data = _read(path, record.bytes)
    if f"{hashlib.sha256(data).hexdigest()}{_SUFFIX}" != record.name:
        raise CorruptError(f"{path}: its SHA-256 is not its name, so it is damaged", REPAIR)
    _check_header(path, data, record.rows, dim)
    index = _deserialize(path, data)
    vids = _ids(index)
    ascending = bool((np.diff(vids) > 0).all())
    if (len(vids), int(vids[0]), int(vids[-1])) != record[2:] or not ascending:
        raise CorruptError(f"{path}: it holds other vectors than the database says", REPAIR)
    return Segment(index, vids)


def _read(path: Path, size: int) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            found = os.fstat(fd).st_size
            if found != size:
                raise CorruptError(f"{path}: has {found:,} bytes instead of {size:,}", REPAIR)
            return file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CorruptError(f"{path}: cannot be read: {error.strerror}", REPAIR) from error


def _check_header(path: Path, data: bytes, count: int, dim: int) -> None:
    """Let FAISS see nothing but the one kind of file that we write."""
    header = _HEADER.unpack(data[: _HEADER.size]) if len(data) >= _HEADER.size else ()
    per_index = (dim, count, True, _INNER_PRODUCT)
    if header != (_OUTER, *per_index, _INNER, *per_index):
        raise CorruptError(f"{path}: not a vector file of interlingua", REPAIR)


def _deserialize(path: Path, data: bytes) -> Any:  # noqa: ANN401 - faiss is untyped
    with _limits:  # the limits are global to the process
        faiss_module().set_deserialization_vector_byte_limit(len(data))
        faiss_module().set_deserialization_loop_limit(len(data))
        try:
            # What this returns owns its memory; downcast_index() would return one that does not.
            return faiss_module().deserialize_index(np.frombuffer(data, np.uint8))
        except RuntimeError as error:
            raise CorruptError(f"{path}: FAISS cannot read it: {error}", REPAIR) from error


def _ids(index: Any) -> Vids:  # noqa: ANN401 - faiss is untyped
    return np.array(faiss_module().vector_to_array(index.id_map), dtype=np.int64)
