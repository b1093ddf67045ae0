"""Arrow IPC files and streams, also Feather (needs the extra ``parquet``)."""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.readers.reader import Head, Raw, Reader, Source
from indexer.readers.tables import ROWS, arrow, damaged, read_batches

_FILE_MAGIC = b"ARROW1"
_STREAM_MAGIC = b"\xff\xff\xff\xff"
_FORGET = 64 * ROWS


def read(source: Source) -> Iterator[Raw]:
    """Yield the rows."""
    path = source.file("Arrow")
    yield from read_file(path, source, source.name)


def read_file(path: Path, source: Source, name: str) -> Iterator[Raw]:
    """Yield the rows of one file.

    Raises:
        InputError: it is damaged or has no text column.
    """
    pa = arrow()
    try:
        memory = _mapped(path)
        schema, batches = _opened(memory)
        yield from read_batches(schema, _forgetting(batches, memory), source, name)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(name, "Arrow file", error) from error


def count(source: Source) -> int:
    """Count the rows of all batches."""
    return count_file(source.file("Arrow"), source.name)


def count_file(path: Path, name: str) -> int:
    """Count the rows of all batches of one file."""
    pa = arrow()
    try:
        return sum(batch.num_rows for batch in _opened(_mapped(path))[1])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(name, "Arrow file", error) from error


def sniff(head: Head) -> bool:
    """Tell whether the content begins as an Arrow file or stream does."""
    return head.data.startswith((_FILE_MAGIC, _STREAM_MAGIC))


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _opened(memory: mmap.mmap) -> tuple[Any, Iterator[Any]]:
    """Return schema and batches of an Arrow file or stream."""
    import pyarrow as pa

    stream = pa.BufferReader(pa.py_buffer(memory))
    if memory[: len(_FILE_MAGIC)] != _FILE_MAGIC:
        reader = pa.ipc.open_stream(stream)
        return reader.schema, iter(reader)
    file = pa.ipc.open_file(stream)
    return file.schema, (file.get_batch(i) for i in range(file.num_record_batches))


def _forgetting(batches: Iterator[Any], memory: mmap.mmap) -> Iterator[Any]:
    """Yield slices of the batches, and let go of the pages of the file behind them.

    A mapped page counts as memory of the process until it is let go, and a file may be one
    batch.
    """
    for batch in batches:
        for start in range(0, batch.num_rows, _FORGET):
            yield batch.slice(start, _FORGET)
            if hasattr(mmap, "MADV_DONTNEED"):
                memory.madvise(mmap.MADV_DONTNEED)


READER = Reader(
    "arrow",
    "Arrow IPC and Feather (extra: parquet)",
    read,
    suffixes=(".arrow", ".feather", ".ipc"),
    sniff=sniff,
    count=count,
    exact=True,
)
