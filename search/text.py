"""Corpus text made safe to show on a terminal."""

import unicodedata

_BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def printable(text: str, limit: int | None = None) -> str:
    """Replace what could drive a terminal or reorder the lines around the text.

    Escape sequences and other control characters, overrides of the writing direction, lone
    surrogates and line breaks are replaced (breaks by a space, the others by U+FFFD). Letters
    of every script stay, and the joiners that some of them need.

    Args:
        text: any text.
        limit: characters to show at most; a longer text ends in an ellipsis.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(_shown(c) for c in text)


def _shown(c: str) -> str:
    if c in "\t\n\r\x0b\x0c\x85\u2028\u2029":
        return " "
    unsafe = c in _BIDI_CONTROLS or unicodedata.category(c) in {"Cc", "Cs"}
    return "\ufffd" if unsafe else c
