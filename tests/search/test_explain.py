"""The words of a report: they say what was counted and no more than the numbers allow."""

import pytest

from search.explain import explain
from search.options import Mode
from search.report import Neighbour, Pool, language_report
from search.text import printable

FAIR = {"en": 10, "he": 10, "de": 10}


def words(
    lang: str,
    spec: str,
    relevant: int | None,
    pool: dict[str, int] = FAIR,
    mode: Mode = "dense",
) -> str:
    """Explain the report of neighbours written ``en+ he-``."""
    meaning = {"+": True, "-": False, "?": None}
    neighbours = [Neighbour(s[:-1], meaning[s[-1]], duplicate=False) for s in spec.split()]
    return explain(language_report(lang, neighbours, Pool(pool, {}, relevant)), lang, mode)


def test_bias_is_said_with_chance_p_and_n() -> None:
    """Six of six English strangers where a third would be: named as more than chance."""
    said = words("en", "en- en- en- en- en- en-", 2)
    assert "6 of 6 neighbours are in en" in said
    assert "0 of the 2 documents that mean the same are among them" in said
    assert "chance would put 2.0" in said
    assert "n = 6" in said
    assert "language bias" in said


def test_a_fair_answer_is_not_accused() -> None:
    """What chance explains is called within chance."""
    said = words("en", "en- he- de- he+ de+", 2)
    assert "no more than chance" in said
    assert "2 of the 2 documents that mean the same are among them, 2 in other languages" in said


def test_fewer_than_chance_is_no_bias_either() -> None:
    """An answer that avoids the query's language is not called biased towards it."""
    said = words("en", "he- he- he- he-", 1, {"en": 90, "he": 10})
    assert "no more than chance" in said


def test_one_stranger_proves_nothing() -> None:
    """Nine translations and one neighbour of the query's language: too few to conclude from."""
    pool = {f"l{i}": 10 for i in range(30)} | {"en": 10}
    said = words("en", "en- " + "l1+ " * 9, 9, pool)
    assert "of the 1 neighbour that means something else, 1 is in en" in said
    assert "too few to conclude" in said


def test_small_probabilities_are_not_printed_as_zero() -> None:
    """Below a thousandth the words say so; p and excess are not mixed up."""
    said = words("en", "en? " * 9, None, {"en": 10, "he": 90})
    assert "(excess +1.00, p < 0.001, n = 9)" in said
    # (2/3 - 4/9) / (1 - 4/9), and (C(4,2) C(5,1) + C(4,3)) / C(9,3) = 34/84
    assert "(excess +0.40, p = 0.405, n = 3)" in words(
        "en", "en? en? de?", None, {"en": 4, "de": 5}
    )


def test_what_is_unknown_or_absent_is_said() -> None:
    """An unknown query language, unknown documents, a meaning that nobody shares, no hits."""
    assert "Language: that of the query is unknown." in words("und", "en+ he-", 1)
    assert "the language of 1 is unknown" in words("en", "en+ und- he-", 1)
    assert "no document in reach means the same" in words("en", "en- he- de-", 0)
    assert words("en", "", 1) == "There is no neighbour to report on."


def test_without_meaning_two_explanations_stay_open() -> None:
    """Without groups, many same-language answers may also be right: both readings are named."""
    said = words("en", "en? en? en? en? en? en?", None)
    assert "Meaning: unknown" in said
    assert "either the answers do lie in that language, or" in said


def test_an_encoder_that_took_no_part_is_not_blamed() -> None:
    """A list found by words was drawn to its language by words, with groups and without."""
    assert "the encoder groups" in words("en", "en? " * 6, None)
    for relevant, mark in ((None, "?"), (2, "-")):
        lexical = words("en", f"en{mark} " * 6, relevant, mode="lexical").lower()
        assert "words" in lexical
        assert "encoder" not in lexical
        assert "language bias" not in lexical
        assert "words" in words("en", f"en{mark} " * 6, relevant, mode="hybrid").lower()


def test_undefined_is_said_with_its_reason() -> None:
    """A corpus of one language cannot be biased: the words say why there is no number."""
    said = words("en", "en- en-", 2, {"en": 9})
    assert "cannot be measured here, since every document left in reach is in the language" in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "\ufffd[31mred\ufffd"),
        ("one\ntwo\ttabs", "one two tabs"),
        ("\u202eevil", "\ufffdevil"),
        ("חתול קפץ", "חתול קפץ"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # the joiner belongs to the word
        ("👩‍👧", "👩‍👧"),
        ("\ud800", "\ufffd"),
    ],
)
def test_printable_text_cannot_drive_a_terminal(text: str, shown: str) -> None:
    """Escape sequences and direction overrides go, letters of every script stay."""
    assert printable(text) == shown


def test_printable_text_is_cut_with_an_ellipsis() -> None:
    """At most `limit` characters, the last of them an ellipsis."""
    assert printable("abcdef", 4) == "abc…"
    assert printable("abcd", 4) == "abcd"
