"""Texts brought to one form, and the terms of a query."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.folding import fold, terms


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("The Cat", " the cat "),
        ("  a\tb\n", " a b "),
        ("STRAẞE, Straße", " strasse strasse "),
        ("ﬁne １２ Ⅳ", " fine 12 iv "),
        ("Zürich", " zürich "),
        ("Zu\u0308rich", " zürich "),
        ("北京大学", " 北 京 大 学 "),
        ("ﾃｽﾄ", " テ ス ト "),
        ("2024年", " 2024 年 "),
        ("สวัสดี", " สวัสดี "),
        ("C++ 👍", " c + + 👍 "),
        ('"x" AND (y* OR -z) NEAR', " x and y or z near "),
        ("...", ""),
        ("", ""),
    ],
)
def test_form(text: str, folded: str) -> None:
    """Case, compatibility forms and punctuation go; accents and words stay."""
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat", [" ca", "cat", "at "]),
        ("EU", [" eu", "eu "]),
        ("x", [" x "]),
        ("北京大学", ["北 京", "京 大", "大 学"]),
        ("北", [" 北 "]),
        ("第3章", [" 第 ", " 3 ", " 章 "]),
        ("C++", [" c ", "+ +"]),
        ("aa aa", [" aa", "aa "]),
        ("สวัส", [" สว", "สวั", "วัส", "ัส "]),
        ("!", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    """Trigrams of words, pairs of characters that stand alone, each once."""
    assert terms(fold(text)) == expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_term_is_in_every_text_that_holds_its_query(query: str, other: str) -> None:
    """Three characters each, found as they are in the folded text, alone or among others."""
    found = terms(fold(query))
    assert all(len(term) == 3 and term in fold(query) for term in found)
    inside = fold(f"{other} . {query} . {other}")
    assert all(term in inside for term in found if not _borders(term))
    assert not {unicodedata.category(c)[0] for c in "".join(found)} - {"L", "M", "N", "S", "Z"}


def _borders(term: str) -> bool:
    """Say whether a term depends on what stands beside the query: it may become a pair there."""
    return term[0] == term[2] == " "
