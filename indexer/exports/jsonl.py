"""Records as JSON Lines."""

import json
from collections.abc import Callable, Iterable
from typing import BinaryIO

from indexer.exports.rows import VECTOR, ExportRow, check_names, record
from indexer.fields import Fields
from indexer.records import Vectors


def write_jsonl(
    file: BinaryIO,
    pages: Iterable[list[ExportRow]],
    fields: Fields,
    progress: Callable[[int], None],
) -> None:
    """Write one record a line, in UTF-8.

    Raises:
        InputError: a name is taken, see :func:`~indexer.exports.rows.record`.
    """
    done = 0
    for rows in pages:
        file.writelines(_line(row, fields) for row in rows)
        done += len(rows)
        progress(done)


def _line(row: ExportRow, fields: Fields) -> bytes:
    values = record(row.document, fields)
    if row.vector is not None:
        check_names(row.document, frozenset((VECTOR,)))
        values[VECTOR] = shortest(row.vector)
    return f"{json.dumps(values, ensure_ascii=False, allow_nan=False)}\n".encode()


def shortest(vector: Vectors) -> list[float]:
    """Write float32 in no more digits than tell it from its neighbours."""
    return [float(number) for number in vector.astype(str)]
