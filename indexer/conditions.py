"""What a document must be to pass: languages and conditions read, checked, and made into SQL.

Keys and values only ever travel as parameters. A key is compared with the names of the fields of
a document and is no path into them, so that no key can reach further than its own field.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import cast, get_args

from indexer.errors import UsageError
from indexer.languages import normalise_language
from indexer.records import Condition, Filter, Operator

Operand = str | int | float | bool
Where = Mapping[str, Operand | Mapping[Operator, Operand]]
"""A value by key, or values by operator by key: ``{"topic": "food", "year": {">=": 2000}}``."""

_REMEDY = "write --where topic=food, or in quotes --where 'year>=2000'"
_OPERATORS: tuple[Operator, ...] = get_args(Operator)

_CONDITION = re.compile(
    r"\s*(?P<key>[^\s<>=^!].*?)\s*(?P<operator><=|>=|\^=|!=|==|=|<|>)\s*(?P<value>.*)", re.DOTALL
)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_FIELD = "EXISTS (SELECT 1 FROM json_each(d.metadata) AS e WHERE e.key = ? AND {})"

# The text a person would write for a value: a string as it is, anything else as JSON. A null is
# no value: nothing holds of it.
_TEXT = """CASE e.type WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
    WHEN 'real' THEN json_number(e.value) ELSE CAST(e.value AS TEXT) END"""

_AS_NUMBER = """CASE e.type WHEN 'integer' THEN e.value WHEN 'real' THEN e.value
    WHEN 'text' THEN text_number(e.value) END"""


def parse_condition(text: str) -> Condition:
    """Read ``key=value``, or another operator in its place; spaces around it do not count.

    Raises:
        UsageError: it is no condition.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(f"--where {text!r} is no KEY=VALUE", _REMEDY)
    key, operator, value = found["key"], found["operator"], found["value"]
    return Condition(key, value, cast("Operator", "=" if operator == "==" else operator))


def make_conditions(where: Where | Iterable[Condition]) -> tuple[Condition, ...]:
    """Make conditions of a mapping, and check them.

    Raises:
        UsageError: an unknown operator, a field that must equal two values, or no Unicode.
    """
    made = tuple(_listed(where) if isinstance(where, Mapping) else where)
    equal = [c.key for c in made if c.operator == "="]
    for condition in made:
        if equal.count(condition.key) > 1:
            raise UsageError(
                f"--where names {condition.key!r} twice", "a field has one value; name it once"
            )
        try:
            f"{condition.key}{condition.value}".encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"--where {condition.key!r}: holds no Unicode text", "give it in UTF-8"
            ) from error
    return made


def make_filter(
    languages: Iterable[str] | None = None, where: Where | Iterable[Condition] | None = None
) -> Filter:
    """Make a filter out of language tags, normalised here, and conditions on metadata.

    Args:
        languages: of documents that pass; all when None.
        where: a value by key, or a value by operator by key, as in
            ``{"topic": "food", "year": {">=": 2000}}``; see :class:`Condition`.

    Raises:
        InputError: an unknown language tag.
        UsageError: an unknown operator, or a field that must equal two values.
    """
    tags = None if languages is None else frozenset(normalise_language(tag) for tag in languages)
    return Filter(languages=tags, where=make_conditions(where or ()))


def condition_sql(condition: Condition) -> tuple[str, list[object]]:
    """Make the SQL of a condition on ``documents AS d``, and its parameters."""
    key, value, operator = condition
    if operator == "^=":
        return _FIELD.format(f"substr({_TEXT}, 1, length(?)) = ?"), [key, value, value]
    if operator in {"=", "!="}:
        return _FIELD.format(f"{_TEXT} {operator} ?"), [key, value]
    number = text_number(value)
    if number is None:
        return _FIELD.format(f"e.type = 'text' AND e.value {operator} ?"), [key, value]
    return _FIELD.format(f"{_AS_NUMBER} {operator} ?"), [key, number]


def text_number(text: str) -> int | float | None:
    """Read a decimal number, None when the text is none; also a function of our SQL.

    A whole number beyond 64 bits is rounded to a float, which SQLite would do, too.
    """
    if not _NUMBER.fullmatch(text):
        return None
    if len(text) < 20 and not set(text) & set(".eE"):
        return int(text) if -(2**63) <= int(text) < 2**63 else float(text)
    return float(text)


def _listed(where: Where) -> Iterable[Condition]:
    for key, wanted in where.items():
        if not isinstance(wanted, Mapping):
            yield Condition(key, _written(key, wanted))
            continue
        for operator, value in wanted.items():
            if operator not in _OPERATORS:
                raise UsageError(
                    f"--where {key!r}: no operator {operator!r}", f"use {' '.join(_OPERATORS)}"
                )
            yield Condition(key, _written(key, value), operator)


def _written(key: str, value: Operand) -> str:
    """Write an operand as it would be typed."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"--where {key!r}: {value} is no number of JSON", "write a number")
    return value if isinstance(value, str) else json.dumps(value)
