"""One line of JSON, read more strictly than Python's parser does."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import NoReturn

from indexer.errors import InputError

DEPTH_LIMIT = 32
"""Deepest nesting of objects and arrays, the record itself counted."""

_LONGEST_INTEGER = 20  # characters of -2**63
_ONE_A_LINE = "write one JSON object a line, in UTF-8"


def parse_object(text: str) -> dict[str, object]:
    """Return the JSON object that one line holds.

    Refused beside plain syntax errors: NUL and lone surrogates as escapes, NaN and infinities
    (also by overflow), a key twice in one object, integers beyond 64 bits, nesting deeper than
    ``DEPTH_LIMIT``.

    Args:
        text: the line, decoded from UTF-8.

    Raises:
        InputError: what is wrong and what to do, without the place, which the caller knows.
    """
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(text, error) from error
    except RecursionError as error:
        raise _too_deep() from error
    if not isinstance(value, dict):
        raise InputError(f"{kind(value)} instead of an object", _ONE_A_LINE)
    # Only an escape can bring in what the line itself may not hold, and only a bracket depth.
    if "\\u" in text or "[" in text or text.find("{", 1) > 0:
        check_values(value)
    return value


def kind(value: object) -> str:
    """Return what JSON calls the type of ``value``, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "a number" if isinstance(value, int | float) else "an object"


def _decode(text: str) -> object:
    """Decode a line; one without blanks at its ends needs nobody to look for them."""
    try:
        value, end = DECODER.raw_decode(text)
    except json.JSONDecodeError:
        return DECODER.decode(text)
    return value if end == len(text) else DECODER.decode(text)


def _malformed(text: str, error: json.JSONDecodeError) -> InputError:
    start = text.lstrip()
    if start[:1] == "[":
        remedy = "an array is no JSON Lines: jq -c '.[]' makes one of it"
    elif start.rstrip() == "{":
        remedy = "a record has to stand on one line: jq -c . puts it there"
    else:
        remedy = _ONE_A_LINE
    said = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
    return InputError(f"not JSON: {said} at column {error.pos + 1}", remedy)


def _too_deep() -> InputError:
    return InputError(f"nested deeper than {DEPTH_LIMIT}", "flatten the record")


def check_values(record: dict[str, object]) -> None:
    """Check every string and the depth of a parsed record.

    Raises:
        InputError: a NUL, a lone surrogate, or nesting deeper than ``DEPTH_LIMIT``.
    """
    if _is_plain(record):
        return
    # Without recursion: the depth is not yet known.
    level: list[object] = [record]
    for _ in range(DEPTH_LIMIT):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    if any(isinstance(value, dict | list) for value in level):
        raise _too_deep()
    for value in level:
        _check_string(value)


def _is_plain(record: dict[str, object]) -> bool:
    """Tell at once what holds for nearly every record: flat, and its strings are in order."""
    strings = [*record]
    for value in record.values():
        if isinstance(value, str):
            strings.append(value)
        elif isinstance(value, dict | list):
            return False
    joined = "".join(strings)
    if "\0" in joined:
        return False
    try:
        return joined.isascii() or bool(joined.encode())
    except UnicodeEncodeError:
        return False


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value
    else:
        _check_string(value)


def _check_string(value: object) -> None:
    if not isinstance(value, str):
        return
    if "\0" in value:
        raise InputError("holds a NUL character (\\u0000)", "remove it")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        found = ord(value[error.start])
        reason = f"holds a lone surrogate (\\u{found:04x}), which is no character"
        raise InputError(
            reason, "write the character itself, or both halves of the pair"
        ) from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise InputError(f"field {twice[:80]!r} comes twice", "keep one of them")
    return record


def _integer(digits: str) -> int:
    if len(digits) <= _LONGEST_INTEGER and -(2**63) <= (value := int(digits)) < 2**63:
        return value
    raise InputError("an integer beyond signed 64 bits", "write it as a string")


def _float(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise InputError(f"{digits[:40]} is beyond the range of a number", "write it as a string")
    return value


def _constant(name: str) -> NoReturn:
    raise InputError(f"{name} is no JSON number", "leave the field out or write null")


DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)
