"""Which reader reads which source: told by name, else by content."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.errors import InputError
from indexer.fields import USUAL, Fields
from indexer.lines import find_sources, open_source, source_name
from indexer.packed import SUFFIXES
from indexer.readers.reader import Head, Raw, Reader, Source, unheard
from indexer.readers.registry import FORMATS, reader_of, readers

HEAD = 1 << 16
"""Bytes that a format is told by."""

_BLANK = b"\xef\xbb\xbf \t\r\n"


@dataclass(frozen=True, slots=True)
class Found:
    """A source and who reads it."""

    source: Source
    reader: Reader | None
    """None when only its content can tell, and that can be read only once."""

    @property
    def countable(self) -> bool:
        """Whether its records can be counted before they are read."""
        files = [Path(path) for path in self.source.paths]
        packed = any(path.suffix in SUFFIXES for path in files)
        return all(path.exists() and not path.is_fifo() for path in files) and not packed

    def read(self) -> Iterator[Raw]:
        """Yield the records.

        Raises:
            InputError: the source cannot be read, or holds no record.
        """
        if self.reader is None:
            yield from self._read_pipe()
            return
        empty = True
        for raw in self.reader.read(self.source):
            empty = False
            yield raw
        if empty:
            name = source_name(self.source.paths[0])
            raise InputError(f"{name}: holds no record", "check the program that wrote it")

    def _read_pipe(self) -> Iterator[Raw]:
        path = self.source.path
        with open_source(path) as stream:
            reader = guess(Head(stream.peek(HEAD), path, self.source.fields.text))
            self.source.guessed(f"reading {self.source.name} as {reader.name}")
            yield from Found(replace(self.source, stream=stream), reader).read()


def find_readers(
    names: Sequence[str],
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    fields: Fields = USUAL,
    lang: str | None = None,
    without: frozenset[str] = frozenset(),
    note: Callable[[str], None] = unheard,
    guessed: Callable[[str], None] = unheard,
) -> list[Found]:
    """Return the sources that ``names`` mean, each with its reader.

    Args:
        names: files, patterns, folders saved by ``datasets``, or ``-``.
        format: the reader's name; None to tell it by name and content of each source.
        fields: what the fields are called.
        lang: the language of records that bring none.
        without: columns of tables that are not wanted.
        note: takes what readers leave out, as they read.
        guessed: takes which formats were guessed.

    Raises:
        UsageError: no name is given, or the format is unknown.
        InputError: a name is missing, empty or a directory, or its format cannot be told.
    """
    asked = None if format is None else reader_of(format)
    paths = find_sources(names, _is_saved)
    plain = Source((), fields, lang, without, note, guessed)
    if asked is not None and asked.together:
        return [Found(replace(plain, paths=tuple(paths)), asked)]
    found = []
    for path in paths:
        reader = asked or guess_file(path, fields.text)
        found.append(Found(replace(plain, paths=(path,)), reader))
    if asked is None:
        for said in _guesses(found):
            guessed(said)
    return found


def guess_file(path: str, text_field: str) -> Reader | None:
    """Return the reader of a file, None for a pipe whose name does not tell.

    Raises:
        InputError: it cannot be read, or its format cannot be told.
    """
    named = _by_name(path)
    if named is not None:
        return named
    if path == "-" or not (Path(path).is_file() or Path(path).is_dir()):
        return None
    if Path(path).is_dir():
        return guess(Head(b"", path, text_field))
    with open_source(path) as stream:
        return guess(Head(stream.peek(HEAD), path, text_field))


def guess(head: Head) -> Reader:
    """Return the reader of what a source begins with.

    Raises:
        InputError: no format knows it.
    """
    for reader in readers():
        if reader.sniff is not None and reader.sniff(head):
            return reader
    suffix = _suffix(head.path)
    for reader in readers():
        if suffix in reader.usual:
            return reader
    if not head.data.strip(_BLANK):
        return reader_of("jsonl")  # which says that there is no record
    name = source_name(head.path)
    remedy = f"name it with --format: {', '.join(sorted(FORMATS))}"
    raise InputError(f"{name}: neither name nor content tells its format", remedy)


def _by_name(path: str) -> Reader | None:
    suffix = _suffix(path)
    return next((reader for reader in readers() if suffix in reader.suffixes), None)


def _suffix(path: str) -> str:
    name = Path(path)
    return Path(name.stem if name.suffix in SUFFIXES else name.name).suffix.lower()


def _is_saved(path: str) -> bool:
    sniff = reader_of("datasets").sniff
    return sniff is not None and sniff(Head(b"", path, ""))


def _guesses(found: list[Found]) -> Iterator[str]:
    """Say once for each format what is read as it."""
    names: dict[str, list[str]] = {}
    for one in found:
        if one.reader is not None:
            names.setdefault(one.reader.name, []).append(one.source.name)
    for format_, (first, *rest) in names.items():
        more = f" and {len(rest)} more" if rest else ""
        yield f"reading {first}{more} as {format_}"
