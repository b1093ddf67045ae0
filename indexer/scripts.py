"""Which script a text is written in, and which scripts a language is written in.

Codes are ISO 15924. The script of a character is Unicode's ``Script`` property, read by the
package ``regex``; the scripts of a language are those of CLDR's likely subtags, as ``langcodes``
has them.
"""

from collections import Counter
from functools import cache
from typing import Any

from indexer.languages import DETECTED_CHARACTERS

NO_SCRIPT = "Zyyy"
"""ISO 15924 for what belongs to no script: digits, signs, emoji."""

LATIN, HAN, JAPANESE, KOREAN = "Latn", "Hani", "Jpan", "Kore"

KANA = ("Hira", "Kana")
HANGUL = ("Hang",)
_EAST_ASIAN = frozenset((*KANA, *HANGUL, HAN))

_NO_ASCII_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalpha())

# How CLDR's codes for several scripts together appear in a text. Japanese is at times Han alone
# (a name, a headline); Korean today is not, so that Chinese labelled ko is found.
_AS_WRITTEN = {
    "Hans": (HAN,),
    "Hant": (HAN,),
    "Hanb": (HAN, "Bopo"),
    JAPANESE: (JAPANESE, HAN),
}

# Scripts of CLDR's languageData (supplementalData.xml, CLDR 44) that its likely subtags leave out:
# the primary ones, and of the secondary ones those in which corpora are found; and Serbo-Croatian,
# which CLDR folds into Serbian and we do not.
_ALSO = {
    "ban": ("Bali",),
    "bm": ("Nkoo",),
    "bs": ("Cyrl",),
    "ccp": ("Beng",),
    "cr": ("Latn",),
    "grc": ("Grek",),
    "hif": ("Deva",),
    "hnj": ("Laoo",),
    "iu": ("Latn",),
    "jv": ("Java",),
    "kaa": ("Latn",),
    "kok": ("Latn",),
    "ks": ("Deva",),
    "ku": ("Cyrl",),
    "nan": ("Hant", "Latn"),
    "sat": ("Beng", "Deva", "Latn", "Orya"),
    "sh": ("Cyrl", "Latn"),
    "shi": ("Arab", "Latn"),
    "su": ("Sund",),
    "tg": ("Latn",),
    "tk": ("Arab", "Cyrl"),
    "tzm": ("Tfng",),
    "vai": ("Latn",),
}


def count_scripts(text: str) -> Counter[str]:
    """Count the letters of a text by script; what belongs to no script is left out.

    Han, kana and Hangul count together, as what Chinese (``Hani``), Japanese (``Jpan``: Han with
    kana) or Korean (``Kore``: Hangul with Han) makes of them: kana or Hangul must be a tenth of
    their letters, so that one の on a Chinese poster does not make it Japanese.

    Args:
        text: its first 4,096 characters are read.
    """
    return Counter(_letters(text))


def script_of(text: str) -> str:
    """Return the ISO 15924 code of the script that most letters of a text are in.

    ``Zyyy`` when it has no letter; of two scripts with as many letters, the first in the alphabet.
    """
    letters = _letters(text)
    if len(letters) < 2:
        return next(iter(letters), NO_SCRIPT)
    return min(letters, key=lambda code: (-letters[code], code))


def _letters(text: str) -> dict[str, int]:
    """Count letters by script, as :func:`count_scripts` says; every document comes through here."""
    read = text[:DETECTED_CHARACTERS]
    if read.isascii():
        latin = len(read.encode().translate(None, _NO_ASCII_LETTERS))
        return {LATIN: latin} if latin else {}
    letters: dict[str, int] = {}
    for character in set(read):
        script = script_of_character(character)
        letters[script] = letters.get(script, 0) + read.count(character)
    letters.pop(NO_SCRIPT, None)
    if not _EAST_ASIAN.isdisjoint(letters):
        _join_east_asian(letters)
    return letters


@cache
def scripts_of_language(lang: str) -> frozenset[str]:
    """Return the scripts that a language is written in, empty when CLDR does not say.

    Args:
        lang: a canonical tag, see :func:`indexer.languages.normalise_language`.
    """
    codes = _likely_scripts().get(lang, frozenset()) | frozenset(_ALSO.get(lang, ()))
    return frozenset(w for code in codes for w in _AS_WRITTEN.get(code, (code,)))


def _join_east_asian(letters: dict[str, int]) -> None:
    """Make one count of Han, kana and Hangul, in place; there is one of them."""
    kana = sum(letters.pop(code, 0) for code in KANA)
    hangul = sum(letters.pop(code, 0) for code in HANGUL)
    total = kana + hangul + letters.pop(HAN, 0)
    if max(kana, hangul) * 10 < total:
        letters[HAN] = total
    else:
        letters[JAPANESE if kana >= hangul else KOREAN] = total


@cache
def _likely_scripts() -> dict[str, frozenset[str]]:
    """Return by language the scripts that CLDR's likely subtags know for any of its regions."""
    from langcodes.data_dicts import LIKELY_SUBTAGS

    found: dict[str, set[str]] = {}
    for tag, likely in LIKELY_SUBTAGS.items():
        if not tag.startswith("und"):
            lang, script = likely.split("-")[:2]
            found.setdefault(lang, set()).add(script)
    return {lang: frozenset(scripts) for lang, scripts in found.items()}


@cache
def script_of_character(character: str) -> str:
    """Return the script of one character; at most as many are kept as Unicode has."""
    match = _pattern().match(character)
    return match.lastgroup if match else NO_SCRIPT


@cache
def unicode_scripts() -> tuple[str, ...]:
    """Return the codes of Unicode's scripts that a language is written in, Latin first."""
    from langcodes.data_dicts import LIKELY_SUBTAGS

    # Hans, Jpan and the like are no scripts of Unicode.
    joined = {NO_SCRIPT, "Zzzz", "Hanb", "Hans", "Hant", "Jamo", JAPANESE, KOREAN}
    found = {likely.split("-")[1] for likely in LIKELY_SUBTAGS.values()}
    found |= {LATIN, HAN, *HANGUL, *KANA, "Bopo"}
    return tuple(sorted(found - joined, key=lambda code: (code != LATIN, code)))


@cache
def _pattern() -> Any:  # noqa: ANN401 - regex has no types
    """Make the pattern whose group that matches is the script of a character."""
    import regex

    # Latin comes first, since most texts are.
    return regex.compile(
        "|".join(rf"(?P<{code}>\p{{Script={code}}})" for code in unicode_scripts())
    )
