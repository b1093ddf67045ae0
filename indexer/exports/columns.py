"""Metadata as columns: one type a column, or JSON where there are several."""

import json
from collections.abc import Iterable, Mapping
from typing import Literal

from indexer.errors import InputError
from indexer.records import Document

Kind = Literal["string", "bool", "int64", "double", "number", "json"]
"""``number``: whole ones and others in one column, each of which a double tells apart."""

MOST = 1000
"""Columns of metadata in one file."""

_EXACT = 2**53
"""Every whole number up to here is a double."""

_KINDS: Mapping[frozenset[str], Kind] = {
    frozenset({"string"}): "string",
    frozenset({"bool"}): "bool",
    frozenset({"int"}): "int64",
    frozenset({"large"}): "int64",
    frozenset({"int", "large"}): "int64",
    frozenset({"fraction"}): "double",
    frozenset({"whole double"}): "double",
    frozenset({"fraction", "whole double"}): "double",
    frozenset({"int", "fraction"}): "number",
}


def column_kinds(documents: Iterable[Document]) -> dict[str, Kind]:
    """Find the type of every field of metadata, fields in the order in which they come.

    A field whose values have several types, are ``null``, lists or objects is kept as JSON.

    Raises:
        InputError: more fields than a table can have.
    """
    found: dict[str, set[str]] = {}
    for document in documents:
        for name, value in document.metadata.items():
            found.setdefault(name, set()).add(_kind(value))
        if len(found) > MOST:
            raise InputError(
                f"the documents have more than {MOST:,} fields of metadata", "export them as JSONL"
            )
    return {name: _KINDS.get(frozenset(kinds), "json") for name, kinds in found.items()}


def column_values(
    rows: Iterable[Mapping[str, object]], kinds: Mapping[str, Kind]
) -> dict[str, list[object]]:
    """Make columns of metadata; None where a record has no such field."""
    columns: dict[str, list[object]] = {name: [] for name in kinds}
    for metadata in rows:
        for name, kind in kinds.items():
            value = metadata.get(name)
            if kind == "json" and name in metadata:
                value = json.dumps(value, ensure_ascii=False, allow_nan=False)
            columns[name].append(value)
    return columns


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if abs(value) <= _EXACT else "large" if -(2**63) <= value < 2**63 else "json"
    if isinstance(value, float):
        return "whole double" if value.is_integer() else "fraction"
    return "string" if isinstance(value, str) else "json"
