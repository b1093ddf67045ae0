"""Spans of a text put together to chunks of a size."""

import re
from collections.abc import Callable, Sequence

import regex

Span = tuple[int, int]
"""(start, end) in characters."""

Count = Callable[[Sequence[str]], Sequence[int]]
"""Counts the tokens of each of some texts."""

_WORD = re.compile(r"\S+")  # white space as str.strip() knows it
_GRAPHEME = regex.compile(r"\X")

_FINE = 8
"""A word with more than this part of a chunk's tokens is divided further: scripts without spaces
have words as long as sentences."""


def windows(spans: Sequence[Span], size: int, overlap: int) -> list[Span]:
    """Put spans in a row together to chunks.

    Args:
        spans: at least one.
        size: spans of a chunk, at least 1; the last chunk has whatever is left.
        overlap: of these, those shared with the chunk before; fewer than ``size``.
    """
    last = max(len(spans) - overlap, 1)
    return [
        (spans[first][0], spans[min(first + size, len(spans)) - 1][1])
        for first in range(0, last, size - overlap)
    ]


def token_spans(text: str, size: int, overlap: int, count: Count) -> list[Span]:
    """Cut a text into chunks of at most ``size`` tokens, between words where that is possible.

    Args:
        text: not blank.
        size: tokens of a chunk at most, as ``count`` counts them; a single character may have
            more.
        overlap: tokens at most that a chunk shares with the one before, whole words only.
        count: counts tokens.

    Returns:
        At least one (start, end) in characters; nothing but white space lies outside them.
    """
    words = _divided(text, max(1, size // _FINE), count)
    spans: list[Span] = []
    first = 0
    while first < len(words):
        last = _filled(text, words, first, size, count)
        spans.append((words[first][0], words[last - 1][1]))
        if last == len(words):
            break
        back, shared = last, 0
        while back - 1 > first and shared + words[back - 1][2] <= overlap:
            back -= 1
            shared += words[back][2]
        first = back
    return spans or [(0, len(text))]


def stripped(text: str, start: int, end: int) -> list[Span]:
    """Take white space off the ends of a span; none is left of one that is blank."""
    part = text[start:end]
    begin = start + len(part) - len(part.lstrip())
    return [(begin, start + len(part.rstrip()))] if part.strip() else []


def _filled(
    text: str, words: Sequence[tuple[int, int, int]], first: int, size: int, count: Count
) -> int:
    """Find the word behind the last that a chunk has room for."""
    last, total = first + 1, words[first][2]
    while last < len(words) and total + words[last][2] <= size:
        total += words[last][2]
        last += 1
    # The tokens of words need not add up: those of the chunk itself are what counts.
    while last - first > 1 and count([text[words[first][0] : words[last - 1][1]]])[0] > size:
        last -= 1
    return last


def _divided(text: str, most: int, count: Count) -> list[tuple[int, int, int]]:
    """List words and parts of long words: (start, end, tokens), tokens at most ``most`` if so."""
    found: list[tuple[int, int, int]] = []
    waiting = [match.span() for match in _WORD.finditer(text)]
    while waiting:
        counts = count([text[start:end] for start, end in waiting])
        long: list[Span] = []
        for (start, end), tokens in zip(waiting, counts, strict=True):
            halves = _halves(text, start, end) if tokens > most else []
            if halves:
                long.extend(halves)
            else:
                found.append((start, end, tokens))
        waiting = long
    return sorted(found)


def _halves(text: str, start: int, end: int) -> list[Span]:
    """Divide a word between two characters as people see them; nothing where it is only one."""
    borders = [start + match.end() for match in _GRAPHEME.finditer(text[start:end])]
    if len(borders) < 2:
        return []
    middle = borders[len(borders) // 2 - 1]
    return [(start, middle), (middle, end)]
