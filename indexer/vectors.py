"""The FAISS side: immutable files of vectors, and the candidates they yield.

A file is ``IndexIDMap(IndexFlatIP)``: exact inner products, and the ids (``vid``) travel inside,
so that a file can be checked against the database by itself. It is named by its SHA-256, never
changed once it has its name, and derived: whatever is lost is written again from the database.
"""

import hashlib
import os
import secrets
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.disk import disk_errors, sync_directory
from indexer.errors import CorruptError
from indexer.records import Vectors
from indexer.remedies import REPAIR

Vids = NDArray[np.int64]
"""(n,) int64, ascending."""

KIND = "flat"
"""What ``info`` calls these files."""

_SUFFIX = ".faiss"
_WRITE_CHUNK = 1 << 20
_WORTH_THREADS = 250_000
"""Products of two vectors that take one thread some 25 ms."""

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


@dataclass(frozen=True, slots=True)
class Mask:
    """Which vectors may be candidates."""

    allowed: Vids | None
    """Only these; None allows all."""
    denied: Vids
    """Never these."""


class Segment:
    """Vectors that FAISS searches: a loaded file, or the tail that is in no file yet.

    Args:
        index: the FAISS index.
        vids: (n,) ascending numbers of its rows.
    """

    def __init__(self, index: Any, vids: Vids) -> None:  # noqa: ANN401 - faiss is untyped
        self._index = index
        self.vids = vids

    @classmethod
    def of(cls, vids: Vids, vectors: Vectors) -> "Segment":
        """Make a segment in memory.

        Args:
            vids: (n,) ascending.
            vectors: (n, d) float32 unit rows.
        """
        index = _faiss().IndexIDMap(_faiss().IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(vectors, vids)
        return cls(index, vids)

    def available(self, mask: Mask) -> int:
        """Count the vectors that ``mask`` lets pass."""
        if mask.allowed is None:
            return len(self.vids) - len(_shared(mask.denied, self.vids))
        allowed = _shared(mask.allowed, self.vids)
        return len(allowed) - len(_shared(mask.denied, allowed))

    def search(self, queries: Vectors, m: int, mask: Mask) -> tuple[Vectors, Vids]:
        """Find the ``m`` best vectors of each query by inner product in float32.

        Args:
            queries: (q, d) float32.
            m: at least 1.
            mask: which vectors may be found.

        Returns:
            scores (q, m) in descending order and vids (q, m); where FAISS found fewer than ``m``
            the vid is -1 and the score minus infinity.
        """
        # Search parameters belong to the call; an attribute of the index would be shared.
        parameters = _faiss().SearchParameters(sel=_selector(mask, self.vids))
        with _threads(len(queries), len(self.vids)):
            scores, vids = self._index.search(queries, m, params=parameters)
        scores[vids < 0] = -np.inf
        return scores, vids

    def vectors(self, positions: NDArray[np.int64] | None = None) -> Vectors:
        """Copy the stored vectors, (n, d) float32, at some positions in ``vids``, or all."""
        flat = _faiss().downcast_index(self._index.index)
        if positions is not None:
            return np.array(flat.reconstruct_batch(positions), dtype=np.float32)
        return np.array(flat.reconstruct_n(0, flat.ntotal), dtype=np.float32)


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


def _faiss() -> Any:  # noqa: ANN401 - its classes are extended at run time, unseen by its types
    """Import FAISS when it is needed: a command that only asks for help never is."""
    import faiss

    return faiss


@contextmanager
def _threads(queries: int, rows: int) -> Iterator[None]:
    """Let one thread do what several could not do faster; the setting is the calling thread's own.

    FAISS divides the queries among threads, so that one query gains nothing, and where other
    programs are busy its threads wait for each other: 32 ms instead of 1.4 for one query.
    """
    usual = _faiss().omp_get_max_threads()
    if queries == 1 or queries * rows < _WORTH_THREADS:
        _faiss().omp_set_num_threads(1)
    try:
        yield
    finally:
        _faiss().omp_set_num_threads(usual)


def _write_synced(path: Path, segment: Segment) -> str:
    """Write and fsync a segment; return the SHA-256 of what was meant to be written.

    ``faiss.write_index(path)`` reports success on a full disk, so FAISS hands its bytes to us.
    """
    digest = hashlib.sha256()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        writer = _faiss().PyCallbackIOWriter(_full_write(fd, digest.update), _WRITE_CHUNK)
        _faiss().write_index(segment._index, writer)
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
        _faiss().set_deserialization_vector_byte_limit(len(data))
        _faiss().set_deserialization_loop_limit(len(data))
        try:
            # What this returns owns its memory; downcast_index() would return one that does not.
            return _faiss().deserialize_index(np.frombuffer(data, np.uint8))
        except RuntimeError as error:
            raise CorruptError(f"{path}: FAISS cannot read it: {error}", REPAIR) from error


def _ids(index: Any) -> Vids:  # noqa: ANN401 - faiss is untyped
    return np.array(_faiss().vector_to_array(index.id_map), dtype=np.int64)


def _shared(vids: Vids, among: Vids) -> Vids:
    """Pick those of ``vids`` that occur in ``among``; both ascend, without repetition."""
    if not len(among) or not len(vids):
        return vids[:0]
    near = vids[np.searchsorted(vids, among[0]) : np.searchsorted(vids, among[-1], "right")]
    position = np.minimum(np.searchsorted(among, near), len(among) - 1)
    shared: Vids = near[among[position] == near]
    return shared


def _selector(mask: Mask, vids: Vids) -> Any:  # noqa: ANN401 - faiss is untyped
    """Make FAISS's selector of the mask's part in ``vids``; None lets all pass."""
    denied = _shared(mask.denied, vids)
    if mask.allowed is None:
        if not len(denied):
            return None
        return _faiss().IDSelectorNot(_faiss().IDSelectorBitmap(_bits(denied)))
    return _faiss().IDSelectorBitmap(_bits(np.setdiff1d(mask.allowed, denied, assume_unique=True)))


def _bits(vids: Vids) -> NDArray[np.uint8]:
    """Set bit ``vid`` of a bitmap, for each vid."""
    flags = np.zeros(int(vids[-1]) + 1 if len(vids) else 1, dtype=bool)
    flags[vids] = True
    return np.packbits(flags, bitorder="little")
