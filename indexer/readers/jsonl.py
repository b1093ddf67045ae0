"""JSON Lines: one object a line."""

from collections.abc import Iterator
from pathlib import Path

from indexer.errors import InputError
from indexer.jsonl import parse_object
from indexer.lines import Line, decode
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


def count_lines(source: Source) -> int:
    """Count line ends, and a last line without one."""
    count, last = 0, b"\n"
    with Path(source.path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")


def sniff(head: Head) -> bool:
    """Tell whether the content begins as an object does, or an array of them."""
    start = head.data.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start[:1] in {b"{", b"["}


READER = Reader(
    "jsonl",
    "one JSON object a line",
    read,
    suffixes=(".jsonl", ".ndjson"),
    sniff=sniff,
    usual=(".json",),
    count=count_lines,
)
