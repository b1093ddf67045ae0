"""The lines of a source: a file, standard input, either of them gzipped; all streamed."""

import glob
import gzip
import io
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from indexer.errors import InputError, UsageError

LINE_LIMIT = 4 << 20
"""Longest line in bytes, its end not counted: four times the longest text."""

GZIP_RATIO = 100
"""Most bytes that one gzipped byte may become, asked after the first 4 MiB."""

GZIP_LIMIT = 10 << 30
"""Most bytes that one gzipped source may become."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_GRACE = 4 << 20
_GZIP_REMEDY = "if you trust it, unpack it yourself and pipe it in: gzip -dc FILE | …"
_BUFFER = 1 << 18


class Line(NamedTuple):
    """One line of a source."""

    source: str
    """As it may be printed; ``stdin`` for standard input."""
    number: int
    """Counted from 1."""
    raw: bytes
    """As it stands, line end included; the first bytes of it when it is not whole."""
    whole: bool
    """False when the line is longer than ``LINE_LIMIT``."""

    @property
    def place(self) -> str:
        """``source:line``."""
        return f"{self.source}:{self.number}"


class _Stream(Protocol):
    """What is used of a buffered reader."""

    def read(self, size: int = -1, /) -> bytes: ...
    def readline(self, size: int | None = -1, /) -> bytes: ...
    def peek(self, size: int = 0, /) -> bytes: ...


def find_sources(names: Sequence[str]) -> list[str]:
    """Return the files that ``names`` mean, patterns resolved in sorted order.

    Args:
        names: paths, patterns with ``*``, ``?`` or ``[…]``, or ``-`` for standard input.

    Raises:
        UsageError: no name is given.
        InputError: a name is a directory or an empty file, or nothing matches it.
    """
    # A lone string is a sequence of strings to the type checker, one for each letter.
    wanted = [names] if isinstance(names, str) else names
    if not wanted:
        raise UsageError("no corpus is named", "name a JSONL file, or - for standard input")
    return [found for name in wanted for found in _expanded(name)]


def read_lines(source: str) -> Iterator[Line]:
    """Yield every line of one source, blank ones too.

    Memory is bounded by the line limit; the rest of a longer line is skipped, and only when
    the next line is asked for. A byte order mark at the start is taken off.

    Args:
        source: a path or ``-``; gzip is told by its first bytes, whatever the name.

    Raises:
        InputError: the source cannot be read, is UTF-16, is damaged gzip or swells beyond
            the gzip limits.
    """
    return _lines(source, blank=True)


def read_records(source: str) -> Iterator[Line]:
    """Yield the lines of one source that are not blank: those which hold a record.

    Raises:
        InputError: as ``read_lines``, or there is no such line.
    """
    empty = True
    for line in _lines(source, blank=False):
        empty = False
        yield line
    if empty:
        raise InputError(f"{_name(source)}: holds no record", "write one JSON object a line")


def _lines(source: str, *, blank: bool) -> Iterator[Line]:
    name = _name(source)
    with ExitStack() as stack:
        try:
            stream = _unpacked(_opened(source, stack), name)
            for number, line in enumerate(_split(stream), 1):
                raw = _without_mark(line, name) if number == 1 else line
                if blank or raw.strip():
                    yield Line(name, number, raw, not _is_cut(line))
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise _unreadable(name, error) from error


def decode(line: Line) -> str:
    """Return the text of a line, its end included.

    Raises:
        InputError: it is too long, not UTF-8 or holds a NUL; without the place.
    """
    if not line.whole:
        reason = f"a line longer than {LINE_LIMIT >> 20} MiB"
        raise InputError(reason, "split the text into shorter documents, one a line")
    try:
        text = line.raw.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start + 1} (0x{line.raw[error.start]:02x})"
        raise InputError(reason, "convert it: iconv -f ENCODING -t UTF-8") from error
    if "\0" in text:
        raise InputError("holds a NUL byte", "remove it; is this a text file?")
    return text


def printable(text: str) -> str:
    """Return ``text`` with everything escaped that would break or forge a line of output."""
    return text if text.isprintable() else repr(text)[1:-1]


def placed(place: str, error: InputError) -> InputError:
    """Return ``error`` with the place that its raiser did not know."""
    return InputError(f"{place}: {error.message}", error.remedy)


def _name(source: str) -> str:
    return "stdin" if source == "-" else printable(source)


def _expanded(name: str) -> list[str]:
    if name == "-":
        return [name]
    if "\0" not in name and glob.has_magic(name) and not Path(name).exists():
        # Path.glob takes no absolute pattern.
        matches = glob.glob(name, recursive=True)  # noqa: PTH207
        found = sorted(path for path in matches if Path(path).is_file())
        if not found:
            raise InputError(f"{printable(name)}: no file matches", "check the pattern")
    else:
        found = [name]
    for path in found:
        _check_file(path)
    return found


def _check_file(path: str) -> None:
    name = printable(path)
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(name, error) from error
    if stat.S_ISDIR(status.st_mode):
        remedy = f"name its files, or a pattern such as '{name.rstrip('/')}/*.jsonl'"
        raise InputError(f"{name}: is a directory, not a file", remedy)
    if stat.S_ISREG(status.st_mode) and status.st_size == 0:
        raise InputError(f"{name}: is empty", "check the program that wrote it")


def _unreadable(name: str, error: Exception) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"{name}: no such file", "check the path; - reads standard input")
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return InputError(f"{name}: damaged gzip: {error}", "fetch or pack it again")
    reason = error.strerror if isinstance(error, OSError) else None
    return InputError(f"{name}: cannot be read: {reason or error}", "check path and permissions")


def _opened(source: str, stack: ExitStack) -> _Stream:
    if source != "-":
        stream = io.BufferedReader(io.FileIO(source), _BUFFER)
        stack.callback(stream.close)
        return stream
    piped = sys.stdin.buffer
    if isinstance(piped, io.BufferedReader):
        return piped
    wrapped = io.BufferedReader(cast("io.RawIOBase", piped), _BUFFER)
    stack.callback(wrapped.detach)  # else standard input would be closed with the wrapper
    return wrapped


def _unpacked(stream: _Stream, name: str) -> _Stream:
    if stream.peek(2)[:2] != _GZIP_MAGIC:
        return stream
    return io.BufferedReader(_Unzipped(stream, name), _BUFFER)


def _split(stream: _Stream) -> Iterator[bytes]:
    while line := stream.readline(LINE_LIMIT + 1):
        yield line
        rest = line
        while rest and _is_cut(line) and not rest.endswith(b"\n"):
            rest = stream.readline(_BUFFER)


def _is_cut(line: bytes) -> bool:
    return len(line) > LINE_LIMIT and not line.endswith(b"\n")


def _without_mark(line: bytes, name: str) -> bytes:
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name}: is UTF-16, not UTF-8", "convert it: iconv -f UTF-16 -t UTF-8")
    return line.removeprefix(b"\xef\xbb\xbf")


class _Unzipped(io.RawIOBase):
    """What a gzipped stream unpacks to, with a watch on how far it swells."""

    def __init__(self, packed: _Stream, name: str) -> None:
        self._packed = _Counted(packed)
        self._plain = gzip.GzipFile(fileobj=self._packed)
        self._name = name
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._plain.read1(len(buffer))
        self._bytes += len(data)
        allowed = max(_GZIP_GRACE, GZIP_RATIO * self._packed.bytes)
        if self._bytes > min(allowed, GZIP_LIMIT):
            raise InputError(
                f"{self._name}: gzip swells beyond {GZIP_RATIO} to 1 or {GZIP_LIMIT >> 30} GiB",
                _GZIP_REMEDY,
            )
        buffer[: len(data)] = data
        return len(data)


class _Counted(io.RawIOBase):
    """Passes reads on and counts the bytes."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self.bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.bytes += len(data)
        return data
