"""CSV: a header, then a record a row, quoted as RFC 4180 has it."""

import csv
from collections.abc import Callable, Iterator
from functools import partial

from indexer.errors import InputError
from indexer.lines import BOM, LINE_LIMIT, Line, decode, placed
from indexer.readers.columns import check_columns
from indexer.readers.reader import Head, Raw, Reader, Source

_KEPT_RAW = 4096
_QUOTES = "put quotes around a cell with quotes, separators or line breaks, and double its quotes"
_LIMIT = 1 << 30  # csv's own limit, one for all threads: ours, by the record, is lower


def read(source: Source, separator: str = ",") -> Iterator[Raw]:
    """Yield the rows behind the header; blank lines are passed over."""
    csv.field_size_limit(_LIMIT)
    rows = _Rows(source.lines(), separator)
    first = next(rows, None)
    if first is None:
        return
    place = f"{source.name}:{rows.start}"
    if isinstance(first, InputError):
        raise placed(place, first)
    _check_separator(first, separator, place, source.fields.text)
    check_columns(first, source.fields.text, place)
    for row in rows:
        values: dict[str, object] | InputError
        if isinstance(row, InputError):
            values = row
        elif len(row) != len(first):
            reason = f"{len(row)} cells, the header has {len(first)}{rows.span}"
            values = InputError(reason, _QUOTES)
        else:
            values = dict(zip(first, row, strict=True))
        yield Raw(f"{source.name}:{rows.start}", values, rows.raw)


def count(source: Source, separator: str = ",") -> int:
    """Count the rows behind the header."""
    return sum(1 for _ in _Rows(source.lines(), separator)) - 1


def sniff(head: Head, separator: str = ",") -> bool:
    """Tell whether the first line is a header with the text column and another one."""
    first, end, _ = head.data.removeprefix(BOM).partition(b"\n")
    names = [name.strip(' "\r') for name in first.decode("utf-8", "replace").split(separator)]
    return bool(end) and len(names) > 1 and head.text_field in names


class _BadRowError(Exception):
    """Ends a row, and unlike an error of the source itself not the reading."""

    def __init__(self, reason: InputError) -> None:
        super().__init__(reason.message)
        self.reason = reason


class _Rows:
    """The rows of a table, or why one is none; goes on behind a bad one."""

    def __init__(self, lines: Iterator[Line], separator: str) -> None:
        self._lines = lines
        self._reader = csv.reader(iter(self._next_line, None), delimiter=separator, strict=True)
        self._taken: list[Line] = []
        self._bytes = 0
        self.start = 0

    def __iter__(self) -> "_Rows":
        return self

    def __next__(self) -> list[str] | InputError:
        while True:
            self._taken, self._bytes = [], 0
            try:
                row = next(self._reader)
            except csv.Error as error:
                return InputError(f"not well quoted: {_said(error)}{self.span}", _QUOTES)
            except _BadRowError as error:
                return InputError(error.reason.message + self.span, error.reason.remedy)
            finally:
                self.start = self._taken[0].number if self._taken else self.start
            if row:
                return row

    @property
    def raw(self) -> bytes:
        """The bytes of the row; the first of them when it is very long."""
        if len(self._taken) == 1:
            return self._taken[0].raw
        return b"".join(line.raw for line in self._taken)[: LINE_LIMIT + _KEPT_RAW]

    @property
    def span(self) -> str:
        """The lines of a row that takes several."""
        last = self._taken[-1].number if self._taken else self.start
        first = self._taken[0].number if self._taken else self.start
        return f", lines {first} to {last}" if last > first else ""

    def _next_line(self) -> str | None:
        line = next(self._lines, None)
        if line is None:
            return None
        self._taken.append(line)
        self._bytes += len(line.raw)
        if len(self._taken) > 1 and self._bytes > LINE_LIMIT:
            reason = f"a row longer than {LINE_LIMIT >> 20} MiB"
            remedy = "close the quote that it opened, or split the text"
            raise _BadRowError(InputError(reason, remedy))
        try:
            return decode(line)
        except InputError as error:
            raise _BadRowError(error) from error


def _said(error: csv.Error) -> str:
    """Return csv's message, but for the one that speaks of Python."""
    said = str(error)
    return "a lone carriage return in a cell" if said.startswith("new-line character") else said


def _check_separator(header: list[str], separator: str, place: str, text_field: str) -> None:
    """Refuse a header that another separator would split."""
    for other, named in ((",", "commas"), (";", "semicolons"), ("\t", "tabs")):
        if other != separator and len(header) == 1 and text_field in header[0].split(other):
            remedy = {",": "--format csv", "\t": "--format tsv"}.get(other, "write commas")
            raise InputError(f"{place}: its columns are separated by {named}", remedy)


def table(name: str, separator: str, what: str, suffixes: tuple[str, ...]) -> Reader:
    """Return the reader of tables with that separator."""
    bound: Callable[[Source], Iterator[Raw]] = partial(read, separator=separator)
    return Reader(
        name,
        what,
        bound,
        suffixes=suffixes,
        sniff=partial(sniff, separator=separator),
        count=partial(count, separator=separator),
    )


READER = table("csv", ",", "a table with commas", (".csv",))
