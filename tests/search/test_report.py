"""The language report by hand, by brute force and at its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.report import LanguageReport, Neighbour, Pool, language_report


def neighbours(spec: str) -> list[Neighbour]:
    """Read ``en+ he- he=``: + same meaning, - another, = the query's own text, ? unknown."""
    meaning = {"+": True, "-": False, "=": True, "?": None}
    return [Neighbour(s[:-1], meaning[s[-1]], s[-1] == "=") for s in spec.split()]


def test_four_way_table_by_hand() -> None:
    """Ten neighbours: five of the language only, three translations, one both, one neither."""
    spec = "en- en- en- en- en- he+ ru+ zh+ en+ fr-"
    pool = Pool(
        {"en": 20, "he": 20, "ru": 20, "zh": 20, "fr": 20}, {"he": 1, "ru": 1, "zh": 1, "en": 1}, 4
    )
    report = language_report("en", neighbours(spec), pool)
    assert (report.k, report.same_language, report.same_meaning) == (10, 6, 4)
    table = (report.language_only, report.meaning_only, report.both, report.neither)
    assert table == (5, 3, 1, 1)
    # The six that mean something else are drawn from 96 documents, 19 of them English.
    assert (report.counted, report.counted_same_language) == (6, 5)
    assert report.expected_same_language == pytest.approx(6 * 19 / 96)
    assert report.excess == pytest.approx((5 / 6 - 19 / 96) / (1 - 19 / 96))
    # P[X >= 5] = (C(19,5) C(77,1) + C(19,6)) / C(96,6)
    assert report.p_value == pytest.approx((11_628 * 77 + 27_132) / 927_048_304)
    assert report.reason is None


def test_own_text_is_counted_among_the_hits_and_out_of_the_bias() -> None:
    """A document with the query's text is a hit like others, but no sign of language preference."""
    pool = Pool({"en": 4, "he": 4}, {"en": 1, "he": 1}, 2)
    report = language_report("en", neighbours("en= he+ en-"), pool)
    assert (report.duplicates, report.k, report.counted) == (1, 3, 1)
    assert (report.same_language, report.same_meaning, report.both) == (2, 2, 1)
    assert report.expected_same_language == pytest.approx(1 * 3 / 6)


def test_without_groups_the_meaning_is_null() -> None:
    """Nothing known of meaning is None, never 0; the language is measured all the same."""
    report = language_report("en", neighbours("en? he?"), Pool({"en": 5, "he": 5}, {}, None))
    meaning = (
        report.same_meaning,
        report.language_only,
        report.meaning_only,
        report.both,
        report.neither,
        report.relevant_total,
    )
    assert meaning == (None,) * 6
    assert report.same_language == 1
    assert report.expected_same_language == pytest.approx(1.0)


def test_unknown_query_language_is_null() -> None:
    """A query of unknown language shares no language: None, with the reason."""
    report = language_report("und", neighbours("en+ he-"), Pool({"en": 5, "he": 5}, {"en": 1}, 1))
    assert report.same_language is report.language_only is report.excess is None
    assert report.counted_same_language is report.p_value is None
    assert report.same_meaning == 1
    assert report.reason == "the language of the query is unknown"


def test_documents_of_unknown_language_are_left_out_of_the_bias() -> None:
    """An `und` neighbour is a neighbour, but neither it nor its like enter the chance level."""
    pool = Pool({"en": 5, "he": 5, "und": 90}, {}, None)
    report = language_report("en", neighbours("en? und?"), pool)
    assert (report.k, report.counted, report.unknown_language) == (2, 1, 1)
    assert report.expected_same_language == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("spec", "pool", "reason"),
    [
        ("en? en?", {"en": 9}, "every document left in reach is in the language of the query"),
        ("he? he?", {"he": 9}, "no document left in reach is in the language of the query"),
        (
            "en? he?",
            {"en": 1, "he": 1},
            "every document in reach was returned, so no other share was possible",
        ),
        ("", {"en": 9, "he": 9}, "no neighbour is left to count"),
        ("en=", {"en": 1}, "no neighbour is left to count"),
    ],
)
def test_undefined_excess_is_null_with_a_reason(
    spec: str, pool: dict[str, int], reason: str
) -> None:
    """One language, none of it, or everything returned: no excess, and the reason is said."""
    report = language_report("en", neighbours(spec), Pool(pool, {}, None))
    assert (report.excess, report.reason) == (None, reason)


LANGUAGES = ("en", "he", "ar", "und")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, list[Neighbour], list[Neighbour]]:
    """A pool of documents and the neighbours that were drawn from it."""
    document = st.builds(Neighbour, st.sampled_from(LANGUAGES), st.booleans(), st.booleans())
    pool = draw(st.lists(document, max_size=25))
    k = draw(st.integers(0, len(pool)))
    return draw(st.sampled_from(LANGUAGES)), pool, draw(st.permutations(pool))[:k]


def brute_force(lang: str, pool: list[Neighbour], hits: list[Neighbour]) -> tuple[object, ...]:
    """Count everything again, one document at a time."""
    free = [n for n in pool if not n.same_meaning and not n.duplicate and n.lang != "und"]
    rest = [n for n in hits if not n.same_meaning and not n.duplicate and n.lang != "und"]
    if lang == "und":
        return (len(hits), None, sum(1 for n in hits if n.same_meaning), None, None)
    expected = sum(1 for n in free if n.lang == lang) * len(rest) / len(free) if rest else None
    only = sum(1 for n in hits if n.lang == lang and not n.same_meaning)
    same = sum(1 for n in hits if n.lang == lang)
    return (len(hits), same, sum(1 for n in hits if n.same_meaning), only, expected)


def summary(report: LanguageReport) -> tuple[object, ...]:
    """The fields that :func:`brute_force` counts."""
    return (
        report.k,
        report.same_language,
        report.same_meaning,
        report.language_only,
        report.expected_same_language,
    )


@given(worlds())
def test_report_agrees_with_brute_force(
    world: tuple[str, list[Neighbour], list[Neighbour]],
) -> None:
    """Every count equals one made by looking at each document; the table adds up to k."""
    lang, pool, hits = world
    languages = {code: sum(n.lang == code for n in pool) for code in LANGUAGES}
    mine = [n.lang for n in pool if n.same_meaning or n.duplicate]
    own = {code: mine.count(code) for code in LANGUAGES}
    relevant = sum(bool(n.same_meaning) for n in pool)
    report = language_report(lang, hits, Pool(languages, own, relevant))
    assert summary(report) == pytest.approx(brute_force(lang, pool, hits))
    assert (report.excess is None) == (report.reason is not None)
    if report.language_only is not None:
        assert report.meaning_only is not None
        assert report.both is not None
        assert report.neither is not None
        table = report.language_only + report.meaning_only + report.both + report.neither
        assert table == report.k
    if report.p_value is not None:
        assert 0 <= report.p_value <= 1
