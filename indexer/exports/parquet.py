"""Records as Parquet (needs the extra ``parquet``)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from indexer.exports.columns import Kind, column_values
from indexer.exports.rows import VECTOR, ExportRow, check_names
from indexer.fields import LANG_PROBABILITY, LANG_SOURCE, Fields
from indexer.readers.exported import AS_JSON, AS_NUMBER, OURS, WORKED_OUT
from indexer.readers.tables import arrow

_ROWS_A_GROUP = 8192
_BYTES_A_GROUP = 8 << 20
"""Of text and vectors; Arrow and Parquet hold several copies of a group while they write it."""


def write_parquet(
    file: BinaryIO,
    pages: Iterable[list[ExportRow]],
    kinds: Mapping[str, Kind],
    fields: Fields,
    dim: int | None,
    extra: Mapping[str, Any],
    progress: Callable[[int], None],
) -> None:
    """Write documents as rows, the fields of their metadata as columns.

    Columns that hold JSON, and that of the vector, are marked, so that a build that reads the file
    gets every document back as it was.

    Args:
        file: where to.
        pages: the documents.
        kinds: the columns of metadata.
        fields: what the other columns are called.
        dim: length of a vector; None writes none.
        extra: Arrow types of further columns, by name.
        progress: called with the number of rows written.

    Raises:
        InputError: a field of metadata has the name of another column.
        UsageError: pyarrow is not installed.
    """
    arrow()
    import pyarrow.parquet as pq

    schema = _schema(kinds, fields, dim, extra)
    taken = frozenset(_schema({}, fields, dim, extra).names)
    done = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in _groups(pages):
            for row in rows:
                check_names(row.document, taken)
            writer.write_table(_table(rows, schema, kinds, fields))
            done += len(rows)
            progress(done)


def _groups(pages: Iterable[list[ExportRow]]) -> Iterator[list[ExportRow]]:
    """Join pages into row groups of bounded size."""
    held: list[ExportRow] = []
    size = 0
    for rows in pages:
        held.extend(rows)
        size += sum(len(r.document.text) for r in rows)
        size += sum(r.vector.nbytes for r in rows if r.vector is not None)
        if len(held) >= _ROWS_A_GROUP or size >= _BYTES_A_GROUP:
            yield held
            held, size = [], 0
    if held:
        yield held


def _schema(
    kinds: Mapping[str, Kind], fields: Fields, dim: int | None, extra: Mapping[str, Any]
) -> Any:  # noqa: ANN401 - pyarrow has no types
    pa = arrow()
    types = {
        "string": (pa.string(), None),
        "bool": (pa.bool_(), None),
        "int64": (pa.int64(), None),
        "double": (pa.float64(), None),
        "number": (pa.float64(), AS_NUMBER),
        "json": (pa.string(), AS_JSON),
    }
    columns = [pa.field(name, pa.string()) for name in (fields.id, fields.text, fields.lang)]
    columns.append(pa.field(LANG_SOURCE, pa.string()))
    columns.append(pa.field(LANG_PROBABILITY, pa.float64()))
    columns.append(pa.field(fields.group, pa.string()))
    for name, kind in kinds.items():
        type_, mark = types[kind]
        columns.append(pa.field(name, type_, metadata=mark))
    if dim is not None:
        columns.append(pa.field(VECTOR, pa.list_(pa.float32(), dim), metadata=WORKED_OUT))
    columns.extend(pa.field(name, kind, metadata=WORKED_OUT) for name, kind in extra.items())
    return pa.schema(columns, metadata=OURS)


def _table(
    rows: list[ExportRow],
    schema: Any,  # noqa: ANN401
    kinds: Mapping[str, Kind],
    fields: Fields,
) -> Any:  # noqa: ANN401
    pa = arrow()
    documents = [row.document for row in rows]
    detected = [d.lang_source == "detected" for d in documents]
    columns: dict[str, Any] = {
        fields.id: [d.id for d in documents],
        fields.text: [d.text for d in documents],
        fields.lang: [d.lang for d in documents],
        LANG_SOURCE: ["detected" if found else None for found in detected],
        LANG_PROBABILITY: [d.lang_probability for d in documents],
        fields.group: [d.group for d in documents],
        **column_values([d.metadata for d in documents], kinds),
    }
    if VECTOR in schema.names and VECTOR not in kinds:
        flat = np.concatenate([np.asarray(row.vector, np.float32) for row in rows])
        columns[VECTOR] = pa.FixedSizeListArray.from_arrays(
            pa.array(flat), schema.field(VECTOR).type.list_size
        )
    for name in rows[0].extra:
        columns[name] = [row.extra[name] for row in rows]
    return pa.table([_array(columns[field.name], field.type) for field in schema], schema=schema)


def _array(values: Any, kind: Any) -> Any:  # noqa: ANN401
    pa = arrow()
    return pa.array(values, kind) if isinstance(values, list) else values
