"""What lexical search compares: texts brought to one form, and the terms of a query.

SQLite's trigram tokenizer takes every three characters in a row for a term. That suits words, but
in Chinese and Japanese the usual word has two characters, which no trigram of running text equals.
So every ideograph and kana is set between spaces here: of ``北京大学`` the tokenizer sees
``␣北␣京␣大␣学␣``, and its trigrams are the pairs ``北␣京``, ``京␣大``, ``大␣学`` and the single
characters ``␣北␣``, …. Words of one or two letters are found, too, by the spaces around them.
"""

import unicodedata

_UNITS = (
    (0x3005, 0x3007),  # ideographic iteration mark, closing mark, zero
    (0x3040, 0x30FF),  # hiragana, katakana
    (0x3100, 0x312F),  # bopomofo
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""Ranges of characters that stand alone. Thai, Lao, Khmer and Burmese are not among them: their
words are longer than three characters, and trigrams of running text found more (docs/log.md)."""


class _Folded(dict[int, str]):
    """What each character becomes, by code point; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        kind = unicodedata.category(chr(code))[0]
        if kind == "S" or (kind in "LMN" and _is_unit(chr(code))):
            found = f" {chr(code)} "
        else:
            found = chr(code) if kind in "LMN" else " "
        self[code] = found
        return found


_FOLDED = _Folded()


def fold(text: str) -> str:
    """Bring a text to the form that is compared.

    Compatibility forms are unified (NFKC) and case is folded; accents stay, since they tell words
    apart in Vietnamese and elsewhere. Letters, marks and numbers make words, symbols and
    characters of scripts with short words stand alone, all else separates.

    Returns:
        Words with one space before, between and after; empty when there is none.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    words = unicodedata.normalize("NFKC", text.casefold()).translate(_FOLDED).split()
    return f" {' '.join(words)} " if words else ""


def terms(folded: str) -> list[str]:
    """List the distinct terms of a folded text, three characters each, in their order.

    Of a word all trigrams, the spaces around it included; of neighbouring characters that stand
    alone each pair, of one without such a neighbour the character.
    """
    words = folded.split()
    alone = [len(word) == 1 and _stands_alone(word) for word in words]
    found: dict[str, None] = {}
    for place, word in enumerate(words):
        after = alone[place] and place + 1 < len(words) and alone[place + 1]
        before = alone[place] and place > 0 and alone[place - 1]
        if after:
            found[f"{word} {words[place + 1]}"] = None
        elif not before:
            padded = f" {word} "
            found.update(dict.fromkeys(padded[i : i + 3] for i in range(len(word))))
    return list(found)


def _stands_alone(character: str) -> bool:
    return _is_unit(character) or unicodedata.category(character)[0] == "S"


def _is_unit(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _UNITS)
