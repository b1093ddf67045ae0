"""Tables that our own export wrote: what a table cannot say is marked in its schema."""

from typing import TYPE_CHECKING

from indexer.errors import InputError
from indexer.jsonl import DECODER

if TYPE_CHECKING:
    import pyarrow as pa

OURS = {b"interlingua": b"export/1"}
"""Of the whole schema: a null says that the record has no such field."""

AS_JSON = {b"interlingua": b"json"}
"""Of a column: its strings are JSON, because its values have several types."""

AS_NUMBER = {b"interlingua": b"number"}
"""Of a column: its whole numbers were integers, its others were not."""

WORKED_OUT = {b"interlingua": b"vectors"}
"""Of a column: it is no metadata, but comes from the vectors."""


def is_worked_out(field: "pa.Field") -> bool:
    """Tell whether a column is none of the record."""
    return WORKED_OUT.items() <= (field.metadata or {}).items()


def given_back(
    record: dict[str, object] | InputError, schema: "pa.Schema"
) -> dict[str, object] | InputError:
    """Make the record that was exported of a row; a row of another table is what it is."""
    if isinstance(record, InputError) or not OURS.items() <= (schema.metadata or {}).items():
        return record
    values = {name: value for name, value in record.items() if value is not None}
    for name, value in values.items():
        mark = (schema.field(name).metadata or {}).items()
        if AS_NUMBER.items() <= mark and isinstance(value, float) and value.is_integer():
            values[name] = int(value)
        elif AS_JSON.items() <= mark:
            try:
                values[name] = DECODER.decode(str(value))
            except (ValueError, InputError):
                return InputError(f"column {name!r} holds no JSON", "export it again")
    return values
