"""Gzip and Zstandard unpacked as they are read, with a watch on how far they swell."""

import gzip
import io
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from indexer.errors import InputError, UsageError

RATIO = 100
"""Most bytes that one packed byte may become, asked after the first 4 MiB."""

LIMIT = 10 << 30
"""Most bytes that one packed source may become."""

BUFFER = 1 << 18
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SUFFIXES = (".gz", ".zst", ".zstd")

_GRACE = 4 << 20
# One packed byte of Zstandard can become 32 KiB before the ratio is asked: feed it little.
_MORSEL = 1 << 10
_INSTALL = "pip install 'interlingua[zstd]', or unpack it yourself: zstd -dc FILE | …"


class Stream(Protocol):
    """What is used of a buffered reader."""

    def read(self, size: int = -1, /) -> bytes:
        """Return so many bytes, fewer only at the end."""
        ...

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the bytes up to a line end, at most so many."""
        ...

    def peek(self, size: int = 0, /) -> bytes:
        """Return the next bytes without taking them."""
        ...


def unpacked(stream: Stream, name: str) -> Stream:
    """Return what ``stream`` unpacks to; itself when it is not packed.

    Args:
        stream: told by its first bytes.
        name: of the source, for messages.

    Raises:
        UsageError: it is Zstandard, and nothing that unpacks it is installed.
        InputError: while it is read: it is damaged, or swells beyond ``RATIO`` or ``LIMIT``.
    """
    magic = stream.peek(4)[:4]
    if magic[:2] == GZIP_MAGIC:
        return io.BufferedReader(_Unpacked(stream, name, "gzip", _gunzip), BUFFER)
    if magic == ZSTD_MAGIC:
        return io.BufferedReader(_Unpacked(stream, name, "zstd", _Unzstd), BUFFER)
    return stream


def is_packed(head: bytes) -> bool:
    """Tell whether these are the first bytes of gzip or Zstandard."""
    return head[:2] == GZIP_MAGIC or head[:4] == ZSTD_MAGIC


class _Plain(Protocol):
    """Reads unpacked bytes, at most so many; none at the end."""

    def __call__(self, size: int, /) -> bytes: ...


class _Unpacked(io.RawIOBase):
    """What a packed stream unpacks to, counted on both sides."""

    def __init__(
        self, packed: Stream, name: str, kind: str, opener: Callable[["_Counted"], _Plain]
    ) -> None:
        self._packed = _Counted(packed)
        self._read = opener(self._packed)
        self._name = name
        self._kind = kind
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._read(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            reason = f"{self._name}: damaged {self._kind}: {error}"
            raise InputError(reason, "fetch or pack it again") from error
        self._bytes += len(data)
        allowed = max(_GRACE, RATIO * self._packed.bytes)
        if self._bytes > min(allowed, LIMIT):
            raise InputError(
                f"{self._name}: {self._kind} swells beyond {RATIO} to 1 or {LIMIT >> 30} GiB",
                f"if you trust it, unpack it yourself and pipe it in: {self._kind} -dc FILE | …",
            )
        buffer[: len(data)] = data
        return len(data)


class _Counted(io.RawIOBase):
    """Passes reads on and counts the bytes."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.bytes += len(data)
        return data


def _gunzip(packed: _Counted) -> _Plain:
    return gzip.GzipFile(fileobj=packed).read1


class _Unzstd:
    """Unpacks frame after frame; unlike ``zstandard``'s own reader it misses a cut-off end."""

    def __init__(self, packed: _Counted) -> None:
        self._packed = packed
        self._new, self._error = _zstd()
        self._frame = self._new()
        self._left = b""
        self._ready = memoryview(b"")

    def __call__(self, size: int, /) -> bytes:
        while not self._ready:
            morsel = self._left or self._packed.read(_MORSEL)
            if not morsel:
                if not self._frame.eof:
                    raise EOFError("it ends in the middle")
                return b""
            self._unpack(morsel)
        data, self._ready = bytes(self._ready[:size]), self._ready[size:]
        return data

    def _unpack(self, morsel: bytes) -> None:
        if self._frame.eof:
            self._frame = self._new()
        try:
            self._ready = memoryview(self._frame.decompress(morsel))
        except self._error as error:
            raise EOFError(str(error)) from error
        self._left = self._frame.unused_data if self._frame.eof else b""


def _zstd() -> tuple[Callable[[], Any], type[Exception]]:
    """Return what makes a decompressor of one frame, and the error it raises."""
    try:  # the standard library has it from Python 3.14 on
        library = import_module("compression.zstd")
    except ModuleNotFoundError:
        pass
    else:
        return library.ZstdDecompressor, library.ZstdError
    try:
        library = import_module("zstandard")
    except ModuleNotFoundError as error:
        raise UsageError("reading Zstandard needs the package zstandard", _INSTALL) from error
    return library.ZstdDecompressor().decompressobj, library.ZstdError
