"""The header of a table, checked once instead of with every row."""

from collections import Counter
from collections.abc import Sequence

from indexer.errors import InputError


def check_columns(names: Sequence[str], text_field: str, place: str) -> None:
    """See that a table has the text column, and no column twice.

    Raises:
        InputError: with the columns there are.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        reason = f"{place}: column {twice[0][:80]!r} comes twice"
        raise InputError(reason, "rename one of them")
    if text_field not in names:
        error = no_text(names, text_field, "column")
        raise InputError(f"{place}: {error.message}", error.remedy)


def no_text(names: Sequence[str], text_field: str, field: str = "field") -> InputError:
    """Return what is said of a record or table without a text, naming what it has."""
    found = ", ".join(repr(name[:40]) for name in list(names)[:10]) or "none"
    more = ", …" if len(names) > 10 else ""
    reason = f"no {field} {text_field!r}; the {field}s are {found}{more}"
    return InputError(reason, f"name the {field} that holds the text with --text-field")
