"""The lines of a source: a file, standard input, either of them packed; all streamed."""

import glob
import io
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from indexer.errors import InputError, UsageError
from indexer.packed import BUFFER, Stream, unpacked
from indexer.patterns import matches

LINE_LIMIT = 4 << 20
"""Longest line in bytes, its end not counted: four times the longest text."""


BOM = b"\xef\xbb\xbf"
"""The byte order mark that some programs put before UTF-8."""


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


def _no_folder(_path: str) -> bool:
    return False


def find_sources(names: Sequence[str], is_corpus: Callable[[str], bool] = _no_folder) -> list[str]:
    """Return the files that ``names`` mean, patterns resolved in sorted order.

    Args:
        names: paths, patterns with ``*``, ``?`` or ``[…]``, or ``-`` for standard input.
        is_corpus: tells whether a folder is one source; by default none is.

    Raises:
        UsageError: no name is given.
        InputError: a name is a directory or an empty file, or nothing matches it.
    """
    # A lone string is a sequence of strings to the type checker, one for each letter.
    wanted = [names] if isinstance(names, str) else names
    if not wanted:
        raise UsageError("no corpus is named", "name a file, or - for standard input")
    return [found for name in wanted for found in _expanded(name, is_corpus)]


def read_lines(source: str) -> Iterator[Line]:
    """Yield every line of one source, blank ones too.

    Memory is bounded by the line limit; the rest of a longer line is skipped, and only when
    the next line is asked for. A byte order mark at the start is taken off.

    Args:
        source: a path or ``-``; gzip and Zstandard are told by their first bytes.

    Raises:
        InputError: the source cannot be read, is UTF-16, is damaged where it is packed, or
            swells beyond the limits.
    """
    return _lines(source, blank=True)


def read_records(source: str) -> Iterator[Line]:
    """Yield the lines of one source that are not blank: those which hold a record.

    Raises:
        InputError: as ``read_lines``, or there is no such line.
    """
    return held(_lines(source, blank=False), source_name(source))


def held(lines: Iterator[Line], name: str) -> Iterator[Line]:
    """Yield ``lines``, of which there has to be one.

    Raises:
        InputError: there is none.
    """
    empty = True
    for line in lines:
        empty = False
        yield line
    if empty:
        raise InputError(f"{name}: holds no record", "write one JSON object a line")


@contextmanager
def open_source(source: str) -> Iterator[Stream]:
    """Open a file or standard input as the bytes that it unpacks to.

    Raises:
        InputError: it cannot be read, also while its bytes are used.
    """
    with ExitStack() as stack:
        try:
            yield unpacked(_opened(source, stack), source_name(source))
        except (OSError, ValueError) as error:
            raise unreadable(source_name(source), error) from error


def lines_of(stream: Stream, name: str, *, blank: bool) -> Iterator[Line]:
    """Yield the lines of an opened source, ``blank`` ones too or not.

    Raises:
        InputError: the source is UTF-16.
        OSError: it cannot be read further.
    """
    for number, line in enumerate(_split(stream), 1):
        raw = _without_mark(line, name) if number == 1 else line
        if blank or raw.strip():
            yield Line(name, number, raw, not _is_cut(line))


def _lines(source: str, *, blank: bool) -> Iterator[Line]:
    with open_source(source) as stream:
        yield from lines_of(stream, source_name(source), blank=blank)


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


def source_name(source: str) -> str:
    """Return what messages call a source; ``stdin`` for standard input."""
    return "stdin" if source == "-" else printable(source)


def _expanded(name: str, is_corpus: Callable[[str], bool]) -> list[str]:
    if name == "-":
        return [name]
    if "\0" not in name and glob.has_magic(name) and not Path(name).exists():
        found = matches(name)
        if not found:
            raise InputError(f"{printable(name)}: no file matches", "check the pattern")
    else:
        found = [name]
    for path in found:
        _check_file(path, is_corpus)
    return found


def _check_file(path: str, is_corpus: Callable[[str], bool]) -> None:
    name = printable(path)
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unreadable(name, error) from error
    if stat.S_ISDIR(status.st_mode):
        if is_corpus(path):
            return
        remedy = f"name its files, or a pattern such as '{name.rstrip('/')}/*.jsonl'"
        raise InputError(f"{name}: is a directory, not a file", remedy)
    if stat.S_ISREG(status.st_mode) and status.st_size == 0:
        raise InputError(f"{name}: is empty", "check the program that wrote it")


def unreadable(name: str, error: Exception) -> InputError:
    """Return what the failed reading of a source is to a user."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"{name}: no such file", "check the path; - reads standard input")
    reason = error.strerror if isinstance(error, OSError) else None
    return InputError(f"{name}: cannot be read: {reason or error}", "check path and permissions")


def _opened(source: str, stack: ExitStack) -> Stream:
    if source != "-":
        stream = io.BufferedReader(io.FileIO(source), BUFFER)
        stack.callback(stream.close)
        return stream
    piped = sys.stdin.buffer
    if isinstance(piped, io.BufferedReader):
        return piped
    wrapped = io.BufferedReader(cast("io.RawIOBase", piped), BUFFER)
    stack.callback(wrapped.detach)  # else standard input would be closed with the wrapper
    return wrapped


def _split(stream: Stream) -> Iterator[bytes]:
    while line := stream.readline(LINE_LIMIT + 1):
        yield line
        rest = line
        while rest and _is_cut(line) and not rest.endswith(b"\n"):
            rest = stream.readline(BUFFER)


def _is_cut(line: bytes) -> bool:
    return len(line) > LINE_LIMIT and not line.endswith(b"\n")


def _without_mark(line: bytes, name: str) -> bytes:
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name}: is UTF-16, not UTF-8", "convert it: iconv -f UTF-16 -t UTF-8")
    return line.removeprefix(BOM)
