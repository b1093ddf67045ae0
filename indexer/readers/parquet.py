"""Parquet, read batch by batch (needs the extra ``parquet``)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from indexer.errors import InputError
from indexer.packed import RATIO
from indexer.readers.reader import Head, Raw, Reader, Source
from indexer.readers.tables import ROWS, arrow, damaged, read_batches

_GRACE = 64 << 20
_BUFFER = 1 << 20


@contextmanager
def opened(path: Path, name: str) -> Iterator[Any]:
    """Open a Parquet file to read it batch by batch.

    Args:
        path: the file.
        name: what messages call it.

    Yields:
        A ``pyarrow.parquet.ParquetFile``.

    Raises:
        UsageError: pyarrow is not installed.
        InputError: it is no Parquet, damaged or swells too much, also while it is read.
    """
    pa = arrow()
    import pyarrow.parquet as pq

    try:
        # Neither flag may be left at its default: whole row groups would be kept in memory.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
            _check_size(file.metadata, path.stat().st_size, name)
            yield file
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(name, "Parquet file", error) from error


def read(source: Source) -> Iterator[Raw]:
    """Yield the rows."""
    arrow()
    with opened(source.file("Parquet"), source.name) as file:
        schema = file.schema_arrow
        wanted = [name for name in schema.names if name not in source.without]
        columns = wanted if source.without else None
        batches = file.iter_batches(ROWS, columns=columns, use_threads=False)
        yield from read_batches(schema, batches, source, source.name)


def count(source: Source) -> int:
    """Return the rows that the footer tells."""
    pa, path = arrow(), source.file("Parquet")
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(source.name, "Parquet file", error) from error


def sniff(head: Head) -> bool:
    """Tell whether the content begins with Parquet's magic."""
    return head.data.startswith(b"PAR1")


def _check_size(metadata: Any, size: int, name: str) -> None:  # noqa: ANN401
    """Refuse a file that unpacks to far more than it is."""
    groups = range(metadata.num_row_groups)
    plain = sum(metadata.row_group(group).total_byte_size for group in groups)
    if plain > max(_GRACE, RATIO * size):
        reason = f"{name}: Parquet that swells beyond {RATIO} to 1"
        raise InputError(reason, "if you trust it, write it again without compression")


READER = Reader(
    "parquet",
    "Parquet (extra: parquet)",
    read,
    suffixes=(".parquet", ".pq"),
    sniff=sniff,
    count=count,
    exact=True,
)
