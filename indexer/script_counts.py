"""The scripts of many texts at once: what a batch of thousands of documents can afford.

The same as :mod:`indexer.scripts` says of each text, in arrays.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from indexer.languages import DETECTED_CHARACTERS
from indexer.scripts import (
    HAN,
    HANGUL,
    JAPANESE,
    KANA,
    KOREAN,
    NO_SCRIPT,
    script_of_character,
    scripts_of_language,
    unicode_scripts,
)

_CHARACTERS = 1 << 20
"""Characters that are looked at together, unless one text alone has more."""
_PAGE = 256
_LAST = 0x110000

Counts = NDArray[np.int64]


@cache
def codes() -> tuple[str, ...]:
    """Return the ISO 15924 codes that letters are counted by, in the order of the alphabet."""
    return tuple(sorted({*unicode_scripts(), JAPANESE, KOREAN}))


def scripts_of(texts: Sequence[str]) -> list[str]:
    """Return the script of each text, see :func:`indexer.scripts.script_of`."""
    return [script for _, counts in counted(texts) for script in most_counted(counts)]


def most_counted(counts: Counts) -> list[str]:
    """Return the script of each text that was counted, see :func:`indexer.scripts.script_of`."""
    # The first of the largest is the first in the alphabet.
    best = counts.argmax(axis=1)
    names: list[str] = np.where(counts.any(axis=1), np.array(codes())[best], NO_SCRIPT).tolist()
    return names


def counted(texts: Sequence[str]) -> Iterator[tuple[slice, Counts]]:
    """Count the letters of texts by script, a part of the texts at a time.

    Yields:
        which texts, and (n, len(codes())), as :func:`indexer.scripts.count_scripts` counts.
    """
    for part in _parts(texts):
        yield part, _count(texts[part])


@cache
def written_in(lang: str) -> NDArray[np.bool_]:
    """Mark the codes of the scripts that a language is written in, (len(codes()),)."""
    scripts = scripts_of_language(lang)
    return np.array([code in scripts for code in codes()])


def _parts(texts: Sequence[str]) -> Iterator[slice]:
    """Cut texts, in their order, so that the arrays stay small."""
    start = characters = 0
    for at, text in enumerate(texts):
        characters += min(len(text), DETECTED_CHARACTERS)
        if characters > _CHARACTERS and at > start:
            yield slice(start, at)
            start, characters = at, min(len(text), DETECTED_CHARACTERS)
    if texts:
        yield slice(start, len(texts))


def _count(texts: Sequence[str]) -> Counts:
    """Count letters by text and script, (n, len(codes()))."""
    read = [text[:DETECTED_CHARACTERS] for text in texts]
    points = np.frombuffer("".join(read).encode("utf-32-le", "surrogatepass"), "<u4")
    lengths = np.fromiter(map(len, read), np.int64, len(read))
    width = len(codes()) + 1  # the last column: no script
    cells = np.repeat(np.arange(len(read)) * width, lengths) + _scripts_of_points(points)
    counts = np.bincount(cells, minlength=len(read) * width).reshape(-1, width)[:, :-1]
    _join_east_asian(counts)
    return counts


def _join_east_asian(counts: Counts) -> None:
    """Make one count of Han, kana and Hangul, in place."""
    columns = {code: at for at, code in enumerate(codes())}
    kana = sum(counts[:, columns[code]].copy() for code in KANA)
    hangul = sum(counts[:, columns[code]].copy() for code in HANGUL)
    total = kana + hangul + counts[:, columns[HAN]]
    for code in (*KANA, *HANGUL):
        counts[:, columns[code]] = 0
    few = np.maximum(kana, hangul) * 10 < total
    counts[:, columns[HAN]] = np.where(few, total, 0)
    counts[:, columns[JAPANESE]] = np.where(~few & (kana >= hangul), total, 0)
    counts[:, columns[KOREAN]] = np.where(~few & (kana < hangul), total, 0)


def _scripts_of_points(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Look up the column of each character; pages of Unicode are filled when they first come."""
    table, known = _table()
    pages = np.flatnonzero(np.bincount(points // _PAGE))
    columns = {code: at for at, code in enumerate(codes())} | {NO_SCRIPT: len(codes())}
    for page in pages[~known[pages]].tolist():
        span = range(page * _PAGE, (page + 1) * _PAGE)
        table[span.start : span.stop] = [columns[script_of_character(chr(p))] for p in span]
        known[page] = True
    return table[points]


@cache
def _table() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Make room for the column of every character, and for which pages are filled."""
    return np.zeros(_LAST, np.uint8), np.zeros(_LAST // _PAGE, bool)
