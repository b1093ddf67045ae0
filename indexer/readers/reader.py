"""What a reader is, what it is given and what it yields."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from indexer.errors import InputError
from indexer.fields import USUAL, Fields
from indexer.lines import Line, held, lines_of, open_source, read_lines, read_records, source_name
from indexer.packed import Stream, is_packed


def unheard(_said: str) -> None:
    """Say nothing."""


class Raw(NamedTuple):
    """One record as it stands in a source, before anything of it is checked."""

    place: str
    """``file:line``, or what the format counts instead of lines."""
    values: Mapping[str, object] | InputError
    """Field names and JSON values; or why there are none, without the place."""
    raw: bytes | None = None
    """The bytes it was read from, for the file of refused records; None: its values are shown."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one call of a reader reads."""

    paths: tuple[str, ...]
    """One path or ``-``; all of them for a reader that reads files together."""
    fields: Fields = USUAL
    """What the corpus calls its fields, and so what a reader calls those it makes."""
    lang: str | None = None
    """The language of records that bring none, if the user gave it."""
    without: frozenset[str] = frozenset()
    """Columns of a table that are not wanted, and not read where that can be helped."""
    note: Callable[[str], None] = unheard
    """Takes what is left out, and how much."""
    guessed: Callable[[str], None] = unheard
    """Takes which format was guessed."""
    stream: Stream | None = None
    """Already opened and unpacked, where that can be done only once."""

    @property
    def path(self) -> str:
        """The only path."""
        (path,) = self.paths
        return path

    @property
    def name(self) -> str:
        """What messages call it."""
        return source_name(self.path)

    @contextmanager
    def opened(self) -> Iterator[Stream]:
        """Open it as the bytes it unpacks to; InputError when it cannot be read."""
        if self.stream is not None:
            yield self.stream
        else:
            with open_source(self.path) as stream:
                yield stream

    def lines(self) -> Iterator[Line]:
        """Yield every line, blank ones too."""
        if self.stream is not None:
            return lines_of(self.stream, self.name, blank=True)
        return read_lines(self.path)

    def records(self) -> Iterator[Line]:
        """Yield the lines that are not blank; InputError when there are none."""
        if self.stream is not None:
            return held(lines_of(self.stream, self.name, blank=False), self.name)
        return read_records(self.path)

    def file(self, kind: str) -> Path:
        """Return the path of a source that cannot be read from a pipe or packed.

        Args:
            kind: what is to be read.

        Raises:
            InputError: it is standard input, a pipe or packed.
        """
        path = Path(self.path)
        if self.stream is not None or not path.is_file():
            remedy = "write it to a file, and name the file"
            raise InputError(f"{self.name}: {kind} cannot be read from a pipe", remedy)
        with path.open("rb") as file:
            if is_packed(file.read(4)):
                remedy = "unpack it first: it is compressed inside"
                raise InputError(f"{self.name}: {kind} cannot be read packed", remedy)
        return path


class Head(NamedTuple):
    """What there is to tell a format by."""

    data: bytes
    """The first bytes, unpacked; none of a folder."""
    path: str
    text_field: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that corpora are written in."""

    name: str
    """What ``--format`` calls it."""
    what: str
    """What it reads, in a few words."""
    read: Callable[[Source], Iterator[Raw]]
    """Yields the records in order, streaming. InputError, with its place, when the source as a
    whole cannot be read; a single bad record is yielded as a refusal."""
    suffixes: tuple[str, ...] = ()
    """File names that end so are of this format, whatever they hold."""
    sniff: Callable[[Head], bool] | None = None
    """Tells other files, pipes and folders of this format by their first bytes."""
    usual: tuple[str, ...] = ()
    """File names that end so are of this format when no content says otherwise."""
    count: Callable[[Source], int] | None = None
    """Counts the records of plain files, much faster than reading them; None when it cannot."""
    exact: bool = False
    """Whether ``count`` says how many records reading yields, refused ones included."""
    together: bool = False
    """Whether all files are read as one source."""
