"""Record batches of Arrow, from Parquet or Arrow files, as records."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from indexer.errors import InputError, UsageError
from indexer.jsonl import DEPTH_LIMIT
from indexer.lines import printable
from indexer.readers.columns import check_columns
from indexer.readers.exported import given_back, is_worked_out
from indexer.readers.reader import Raw, Source
from indexer.readers.values import json_values

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 256
"""Rows that are Python objects at one time: of the longest texts, 256 MiB."""


def arrow() -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return pyarrow.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        remedy = "pip install 'interlingua[parquet]'"
        raise UsageError("reading Parquet and Arrow needs the package pyarrow", remedy) from error
    return pa


def damaged(name: str, kind: str, error: Exception) -> InputError:
    """Return what pyarrow's refusal of a file is to a user."""
    said = printable(str(error).strip().partition("\n")[0][:200])
    return InputError(f"{name}: no {kind}, or a damaged one: {said}", "write or fetch it again")


def read_batches(
    schema: "pa.Schema", batches: Iterable["pa.RecordBatch"], source: Source, name: str
) -> Iterator[Raw]:
    """Yield the rows of record batches, ``name:row`` their places.

    Dates, times and decimals become strings. A column that has no counterpart in JSON (bytes,
    durations, unions) is left out and said.

    Args:
        schema: of all batches.
        batches: read as they are asked for.
        source: whose fields are wanted, and who hears what is left out.
        name: of the file.

    Raises:
        InputError: there is no text column, or a column comes twice.
    """
    check_columns(schema.names, source.fields.text, name)
    fields = [field for field in schema if field.name not in source.without]
    wanted = {field.name: _target(field.type) for field in fields if not is_worked_out(field)}
    if wanted.get(source.fields.text) is None:
        reason = f"{name}: column {source.fields.text!r} is {schema.field(source.fields.text).type}"
        raise InputError(reason, "name the column that holds the text with --text-field")
    for field in fields:
        if field.name not in wanted:
            source.note(f"{name}: column {field.name[:80]!r} left out: it comes from the vectors")
        elif wanted[field.name] is None:
            source.note(f"{name}: column {field.name[:80]!r} left out: {field.type} is no JSON")
    number = 0
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            for values in _rows(batch.slice(start, ROWS), wanted):
                number += 1
                yield Raw(f"{name}:{number}", given_back(values, schema))


def _rows(batch: Any, wanted: dict[str, Any]) -> Iterator[dict[str, object] | InputError]:  # noqa: ANN401
    """Yield the rows of a few; one by one where they cannot be read together."""
    try:
        records = _records(batch, wanted)
    except (ValueError, KeyError) as error:
        if batch.num_rows == 1:
            said = printable(str(error).partition("\n")[0][:200])
            yield InputError(f"cannot be read: {said}", "write the row again")
            return
        for at in range(batch.num_rows):
            yield from _rows(batch.slice(at, 1), wanted)
        return
    for record in records:
        try:
            yield json_values(record)
        except InputError as error:
            yield error


def _records(batch: Any, wanted: dict[str, Any]) -> list[dict[str, object]]:  # noqa: ANN401
    """Return rows as dicts; ValueError when a value is none of its type."""
    names = [name for name, target in wanted.items() if target is not None]
    columns = []
    for name in names:
        column = batch.column(name)
        # Arrow trusts the offsets of a file: without this a hostile one reads past its end.
        column.validate(full=True)
        if not column.type.equals(wanted[name]):
            column = column.cast(wanted[name])
        columns.append(column.to_pylist(maps_as_pydicts="strict"))
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _target(kind: Any) -> Any:  # noqa: ANN401
    """Return the type that a column is read as, None when it is left out."""
    pa = arrow()
    if _is_json(kind, DEPTH_LIMIT):
        return kind
    if pa.types.is_float16(kind):
        return pa.float64()
    is_text = pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind)
    return pa.string() if is_text or pa.types.is_decimal(kind) else None


def _is_json(kind: Any, depth: int) -> bool:  # noqa: ANN401
    """Tell whether every value of a type is one of JSON."""
    types = arrow().types
    if depth == 0 or types.is_float16(kind):
        return False
    if types.is_struct(kind):
        return all(_is_json(field.type, depth - 1) for field in kind)
    if types.is_map(kind):
        return types.is_string(kind.key_type) and _is_json(kind.item_type, depth - 1)
    if types.is_dictionary(kind) or _is_list(kind):
        return _is_json(kind.value_type, depth - 1)
    simple = (types.is_null, types.is_boolean, types.is_integer, types.is_floating)
    texts = (types.is_string, types.is_large_string, types.is_string_view)
    return any(test(kind) for test in (*simple, *texts))


def _is_list(kind: Any) -> bool:  # noqa: ANN401
    types = arrow().types
    listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(listed)
