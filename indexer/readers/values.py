"""What a table holds beside JSON's values, made into them or refused."""

import math
from collections.abc import Mapping

from indexer.errors import InputError
from indexer.jsonl import check_values


def json_values(record: Mapping[str, object]) -> dict[str, object]:
    """Return ``record`` with JSON values only.

    NaN becomes null: it is how a table of floats says that there is none.

    Args:
        record: strings, numbers, lists and dicts as Arrow makes them of its own.

    Raises:
        InputError: an infinity, an integer beyond 64 bits, a NUL, nesting too deep.
    """
    values = {name: _value(value) for name, value in record.items()}
    check_values(values)
    return values


def _value(value: object) -> object:
    if isinstance(value, float):
        if math.isinf(value):
            raise InputError(f"{value} is no JSON number", "write null instead")
        return None if math.isnan(value) else value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise InputError("an integer beyond signed 64 bits", "write it as a string")
        return value
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _value(inner) for name, inner in value.items()}
    return value
