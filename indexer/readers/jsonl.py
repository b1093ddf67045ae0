"""JSON Lines: one object a line."""

from collections.abc import Iterator

from indexer.errors import InputError
from indexer.jsonl import parse_object
from indexer.lines import BOM, Line, decode, open_source
from indexer.readers.reader import Head, Raw, Reader, Source

_KEPT_RAW = 4096  # of a line that was too long to be read whole
_CHUNK = 1 << 20


def read(source: Source) -> Iterator[Raw]:
    """Yield the records of the lines that are not blank."""
    for line in source.records():
        try:
            yield Raw(line.place, parse_object(decode(line).rstrip("\r\n")), line.raw)
        except InputError as error:
            yield Raw(line.place, error, kept(line))


def kept(line: Line) -> bytes:
    """Return what is kept of a refused line."""
    return line.raw.rstrip(b"\r\n") if line.whole else line.raw[:_KEPT_RAW]


def count_records(source: Source) -> int:
    """Count the lines that are not blank.

    Raises:
        InputError: there is none, or the file cannot be read.
    """
    next(source.records())  # refuses what holds none, or is no text
    count, within = 0, False
    with open_source(source.path) as stream:
        chunk = stream.read(_CHUNK).removeprefix(BOM)
        while chunk:
            first, *others = chunk.split(b"\n")
            within = within or bool(first.strip())
            if others:
                count += within + sum(map(bool, map(bytes.strip, others[:-1])))
                within = bool(others[-1].strip())
            chunk = stream.read(_CHUNK)
    return count + within


def sniff(head: Head) -> bool:
    """Tell whether the content begins as an object does, or an array of them."""
    start = head.data.removeprefix(BOM).lstrip()
    return start[:1] in {b"{", b"["}


READER = Reader(
    "jsonl",
    "one JSON object a line",
    read,
    suffixes=(".jsonl", ".ndjson"),
    sniff=sniff,
    usual=(".json",),
    count=count_records,
    exact=True,
)
