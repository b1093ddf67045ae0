"""Parquet, read batch by batch (needs the extra ``parquet``)."""

from collections.abc import Iterator

from indexer.errors import InputError
from indexer.packed import RATIO
from indexer.readers.reader import Head, Raw, Reader, Source
from indexer.readers.tables import ROWS, arrow, damaged, read_batches

_GRACE = 64 << 20
_BUFFER = 1 << 20


def read(source: Source) -> Iterator[Raw]:
    """Yield the rows."""
    pa, path = arrow(), source.file("Parquet")
    import pyarrow.parquet as pq

    try:
        # Neither flag may be left at its default: whole row groups would be kept in memory.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
            _check_size(file.metadata, path.stat().st_size, source.name)
            batches = file.iter_batches(ROWS, use_threads=False)
            yield from read_batches(file.schema_arrow, batches, source, source.name)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(source.name, "Parquet file", error) from error


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


def _check_size(metadata, size: int, name: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
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
)
