"""Plain text: a line a document."""

from collections.abc import Iterator
from pathlib import Path

from indexer.errors import InputError
from indexer.lines import decode
from indexer.readers.jsonl import kept
from indexer.readers.reader import Raw, Reader, Source

_CHUNK = 1 << 20


def read(source: Source) -> Iterator[Raw]:
    """Yield the lines that are not blank; the others are counted."""
    blank = 0
    for line in source.lines():
        try:
            text = decode(line).rstrip("\r\n")
        except InputError as error:
            yield Raw(line.place, error, kept(line))
            continue
        if text.strip():
            yield Raw(line.place, {source.fields.text: text}, line.raw)
        else:
            blank += 1
    if blank:
        source.note(f"{source.name}: {blank} blank lines left out")


def count_lines(source: Source) -> int:
    """Count line ends, and a last line without one."""
    count, last = 0, b"\n"
    with Path(source.path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")


READER = Reader("text", "plain text, a line a document", read, usual=(".txt",), count=count_lines)
