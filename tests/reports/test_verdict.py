"""What an audit is said to show: levels by hand, and what must hold for all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.audit.result import LabelNoise, PerQuery
from search.measures.measure import Measure, Measurement
from search.reports.verdict import verdict
from tests.reports.audits import EXCESS, MATCHED, STRONG, WEAK, measured, small, with_excess

GROUPS = small("groups")


@pytest.mark.parametrize(
    ("value", "half", "n", "level"),
    [
        (0.6, 0.02, 400, "biased"),
        (0.25, 0.02, 400, "biased"),
        (0.24, 0.02, 400, "some"),
        (0.3, 0.27, 400, "some"),  # surely above chance, perhaps hardly
        (0.06, 0.02, 400, "some"),
        (0.02, 0.01, 400, "fair"),
        (-0.02, 0.03, 400, "fair"),
        (0.3, 0.4, 400, "unclear"),
        (0.02, 0.06, 400, "unclear"),
        (0.6, 0.02, 29, "unclear"),
        (-0.3, 0.02, 400, "biased"),
        (-0.1, 0.02, 400, "some"),
        (None, 0, 400, "unclear"),
    ],
)
def test_level(value: float | None, half: float, n: int, level: str) -> None:
    """The level follows from value, interval and n."""
    assert verdict(with_excess(GROUPS, measured(value, half, n=n))).level == level


def test_words() -> None:
    """Direction, tiny effects and absent evidence are worded as what they are."""
    said = {v: verdict(with_excess(GROUPS, measured(v, 0.01))).headline for v in (0, 0.03, -0.3)}
    assert said[0].startswith("No evidence of")
    assert "tiny" in said[0.03]
    assert "avoid" in said[-0.3]
    assert "too strongly" in verdict(with_excess(GROUPS, measured(-0.3))).advice[0]
    labels = verdict(small("labels"))
    assert labels.advice[0].startswith("Give documents that mean the same one `group`")
    assert "topic cannot be told from language" in labels.headline
    assert "8.0 of 10 neighbours, 5.0 by chance" in labels.headline


@pytest.mark.parametrize(
    ("plain", "matched", "level"),
    [(0.6, 0.6, "biased"), (0.6, 0.1, "some"), (0.6, 0.0, "unclear"), (0.0, 0.6, "unclear")],
)
def test_matched_topics_temper(plain: float, matched: float, level: str) -> None:
    """Documents of matched topics can lower the level or refute it."""
    audit = with_excess(GROUPS, measured(plain), measured(matched))
    assert verdict(audit).level == level
    assert any(str(MATCHED) in sentence for sentence in verdict(audit).findings) == (
        plain != matched
    )


def test_a_fair_average_hides_no_language() -> None:
    """One language that is biased by itself is named."""
    audit = with_excess(GROUPS, measured(0.0))
    audit = replace(audit, by_language={**audit.by_language, "he": {EXCESS: measured(0.5)}})
    assert verdict(audit).level == "some"
    assert "not for he (0.500, n 400)" in verdict(audit).headline


def test_versions_of_few_things_prove_nothing() -> None:
    """Four hundred queries of two groups are two things."""
    per_query = PerQuery(("a",) * 400, ("en",) * 400, ("1", "2") * 200, {})
    assert verdict(replace(GROUPS, per_query=per_query)).level == "unclear"


@pytest.mark.parametrize(
    ("weak", "strong", "said", "advice"),
    [
        (0.8, 0.2, "language hides it", "debias --evaluate"),
        (0.1, 0.05, "does not align", "another encoder"),
        (0.9, 0.8, "come before", "debias --evaluate"),
        (0.4, 0.1, "in part", "debias --evaluate"),
    ],
)
def test_weak_against_strong(weak: float, strong: float, said: str, advice: str) -> None:
    """Alignment that is hidden is told from alignment that is not there."""
    overall = {**GROUPS.overall, WEAK: measured(weak), STRONG: measured(strong)}
    found = verdict(replace(GROUPS, overall=overall))
    assert any(said in sentence for sentence in found.findings)
    assert advice in found.advice[0]


def test_anchors_and_extremes() -> None:
    """A precision below the language-separated order is said; so are worst and best language."""
    text = " ".join(verdict(GROUPS).findings)
    assert "blocks 0.500: it stays below, so" in text
    assert "Highest excess@10: he 0.700 (0.680 to 0.720, n 200); lowest: en 0.500" in text


@pytest.mark.parametrize(("low", "words"), [(0.55, "would stand"), (0.1, "might not stand")])
def test_label_noise(low: float, words: str) -> None:
    """How far uncertain labels move the number is said, and whether the verdict survives it."""
    audit = replace(GROUPS, label_noise=LabelNoise(4, 2, 0.9, {EXCESS: (low, 0.66)}))
    assert f"{low:.3f}, in the other 0.660, and the verdict {words}" in verdict(audit).sureness


def test_languages_differ_in_what_is_cut_off() -> None:
    """A difference beyond the intervals is a finding with advice."""
    measure = Measure("truncated")
    rows = {"en": {measure: measured(0.02)}, "he": {measure: measured(0.4)}}
    audit = replace(GROUPS, overall={**GROUPS.overall, measure: measured(0.2)}, by_language=rows)
    assert any("from en 0.020" in sentence for sentence in verdict(audit).findings)
    assert any("passages" in each for each in verdict(audit).advice)


RANK = {"fair": 0, "unclear": 1, "some": 2, "biased": 3}
SHIFT = st.floats(0, 1)


@given(SHIFT, SHIFT, st.floats(0, 0.5))
def test_more_excess_is_never_better(one: float, other: float, half: float) -> None:
    """From chance upwards the level only rises."""
    low, high = (verdict(with_excess(GROUPS, measured(v, half))) for v in sorted((one, other)))
    assert RANK[low.level] <= RANK[high.level]


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(-1, 1))
def test_names_of_languages_play_no_part(value: float, half: float, other: float) -> None:
    """Swapping two languages changes no level."""
    audit = with_excess(GROUPS, measured(value, half))
    en, he = audit.by_language["en"], {EXCESS: measured(other)}
    one = replace(audit, by_language={"en": en, "he": he})
    swapped = replace(audit, by_language={"en": he, "he": en})
    assert verdict(one).level == verdict(swapped).level


def test_nothing_measured() -> None:
    """No excess, no interval: unclear, not an error."""
    assert verdict(replace(GROUPS, overall={})).level == "unclear"
    bare = Measurement(0.5, 0.0, None, None, 400, "one cluster")
    assert "one cluster" in verdict(with_excess(GROUPS, bare)).headline


def test_the_nearest_k_is_read() -> None:
    """Of several numbers of neighbours the one nearest to the matrix's decides."""
    others = {Measure("excess", k): measured(0.0) for k in (1, 50)}
    assert verdict(replace(GROUPS, overall={**GROUPS.overall, **others})).level == "biased"
    without = {m: v for m, v in GROUPS.overall.items() if m != EXCESS}
    near = {Measure("excess", 1): measured(0.6), Measure("excess", 50): measured(0.0)}
    assert verdict(replace(GROUPS, overall={**without, **near})).level == "biased"
