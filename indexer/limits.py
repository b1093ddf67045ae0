"""What the fields of a record may hold, and how much: in a corpus, a query or a request."""

import json
import unicodedata
from collections.abc import Mapping

from indexer.errors import InputError
from indexer.jsonl import kind

TEXT_LIMIT = 1 << 20
"""Longest text, in bytes of UTF-8."""

ID_LIMIT = 512
"""Longest id and group, in bytes of UTF-8."""

METADATA_LIMIT = 1 << 20
"""Most metadata of one record, in bytes of JSON."""


def check_query(text: str) -> None:
    """Refuse what a corpus record would be refused for, before an encoder sees it.

    Raises:
        InputError: a text that is blank, too long or no Unicode.
    """
    if not text.strip():
        raise InputError("the query is empty", "give the text to search for")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise InputError("the query is no Unicode text", "give it in UTF-8, without NUL")
    if len(text.encode()) > TEXT_LIMIT:
        raise InputError(f"the query is longer than {TEXT_LIMIT} bytes", "give a shorter one")


def checked_text(field: str, value: object) -> str:
    """Return a field that must hold a text.

    Raises:
        InputError: it is no string, blank or too long.
    """
    if not isinstance(value, str):
        raise InputError(f"field {field!r} is {kind(value)}, not a string", "put it in quotes")
    if not value.strip():
        remedy = "leave the record out, or name another field with --text-field"
        raise InputError(f"field {field!r} is {'blank' if value else 'empty'}", remedy)
    _check_size(field, value, TEXT_LIMIT, "split it into shorter documents")
    return value


def checked_name(field: str, value: object) -> str:
    """Return a field that must hold an id or a group, a whole number as it is written.

    Raises:
        InputError: it is neither a string nor a whole number, too long, or would break a line.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        reason = f"field {field!r} is {kind(value)}, not a string or a whole number"
        raise InputError(reason, "put it in quotes")
    name = str(value)
    if has_control(name):
        raise InputError(f"field {field!r} holds a control character", "remove it")
    _check_size(field, name, ID_LIMIT, "use a shorter name, or leave it out to get a hash")
    return name


def has_control(name: str) -> bool:
    """Tell whether a name holds a control character or a line break.

    Ids are listed one a line (--ids-from), so a line break or a tab would forge another.
    """
    return not name.isprintable() and any(
        unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in name
    )


def checked_metadata(metadata: dict[str, object]) -> dict[str, object]:
    """Return metadata that is small enough.

    Raises:
        InputError: it is not.
    """
    if _is_small(metadata):
        return metadata
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    if size > METADATA_LIMIT:
        reason = f"the other fields take {size} bytes, {METADATA_LIMIT} at most"
        raise InputError(reason, "leave out what no search asks for")
    return metadata


def _check_size(field: str, value: str, limit: int, remedy: str) -> None:
    if 4 * len(value) <= limit:  # no character takes more
        return
    size = len(value.encode())
    if size > limit:
        raise InputError(f"field {field!r} is {size} bytes long, {limit} at most", remedy)


def _is_small(metadata: Mapping[str, object]) -> bool:
    """Tell without writing it whether metadata of strings is far from the limit."""
    letters = 0
    for name, value in metadata.items():
        if not isinstance(value, str):
            return False
        letters += len(name) + len(value) + 6  # quotes, colon, comma, braces
    return letters * 6 <= METADATA_LIMIT  # no letter takes more, \u0001 takes that
