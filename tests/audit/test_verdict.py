"""What an audit says, held against audits whose answer is plain."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.audit.result import Audit, LabelNoise
from search.audit.verdict import verdict
from search.measures.measure import Measure, Measurement
from tests.audit.examples import groups_audit, labels_audit

LEVELS = ["unclear", "fair", "some", "biased"]


def with_overall(audit: Audit, found: dict[str, Measurement]) -> Audit:
    """Replace measurements of an audit."""
    changed = {Measure.parse(name): m for name, m in found.items()}
    return dataclasses.replace(audit, overall={**audit.overall, **changed})


def with_excess(value: float, half: float, n: int = 1000) -> Audit:
    """Make an audit with this excess and this interval."""
    share = Measurement(0.2 + 0.8 * value, 0.2, None, None, n)
    excess = Measurement(value, 0.0, value - half, value + half, n)
    alone = dataclasses.replace(groups_audit(), by_language={})
    return with_overall(alone, {"excess@10": excess, "same_language@10": share})


@pytest.mark.parametrize(
    ("value", "half", "n", "level"),
    [
        (0.8, 0.02, 1000, "biased"),
        (0.8, 0.3, 1000, "biased"),  # wide, but all of it is beyond what is negligible
        (0.3, 0.04, 1000, "biased"),
        (0.1, 0.02, 1000, "some"),
        (0.03, 0.01, 1000, "fair"),  # beyond chance, and too small to be seen
        (0.0, 0.03, 1000, "fair"),
        (-0.3, 0.05, 1000, "biased"),  # avoiding one's language is a bias, too
        (0.1, 0.15, 1000, "unclear"),
        (0.0, 0.08, 1000, "unclear"),  # neither chance nor a bias that matters is excluded
        (0.8, 0.02, 12, "unclear"),  # few queries
    ],
)
def test_level(value: float, half: float, n: int, level: str) -> None:
    """The level follows from the interval first, then from the value."""
    assert verdict(with_excess(value, half, n)).level == level


@given(st.floats(0.06, 0.8), st.floats(0, 0.2), st.floats(0.005, 0.05))
def test_more_excess_is_never_a_milder_level(value: float, more: float, half: float) -> None:
    """With one width of the interval, the level rises with the excess."""
    mild, strong = (verdict(with_excess(v, half)).level for v in (value, value + more))
    assert LEVELS.index(mild) <= LEVELS.index(strong)


def test_headline_says_the_numbers() -> None:
    """Shares become neighbours of ten, beside chance."""
    said = verdict(with_excess(0.75, 0.02))
    assert "8.0 of 10 neighbours, 2.0 by chance" in said.headline


def test_avoidance_is_named() -> None:
    """A negative excess is no absence of an effect."""
    assert "avoid" in verdict(with_excess(-0.3, 0.05)).headline


def test_undefined_is_said_with_its_reason() -> None:
    """One language: nothing can be said, and why."""
    undefined = Measurement(None, None, None, None, 0, "no query has neighbours of another")
    audit = with_overall(groups_audit(), {"excess@10": undefined, "same_language@10": undefined})
    said = verdict(audit)
    assert said.level == "unclear"
    assert "no query has neighbours of another" in said.headline


@pytest.mark.parametrize(
    ("weak", "strong", "advice"),
    [(0.9, 0.1, "mean vector"), (0.2, 0.05, "another encoder")],
)
def test_advice_follows_alignment(weak: float, strong: float, advice: str) -> None:
    """Hidden alignment can be brought out; alignment that is not there cannot."""
    audit = with_overall(
        with_excess(0.8, 0.02),
        {
            "weak_recall@1": Measurement(weak, 0.01, weak - 0.02, weak + 0.02, 1000),
            "strong_strict": Measurement(strong, 0.01, strong - 0.02, strong + 0.02, 1000),
            "strong_auc": Measurement(0.7, 0.5, 0.68, 0.72, 1000),
        },
    )
    assert advice in " ".join(verdict(audit).advice)


def test_labels_alone_warn_of_topic() -> None:
    """Without groups the verdict says what it cannot tell apart."""
    said = verdict(labels_audit())
    assert "topic" in said.sureness
    assert any("group" in advice for advice in said.advice)


def test_below_the_separated_anchor_is_said() -> None:
    """A mean average precision that keeping languages apart would reach, too."""
    low = Measurement(0.15, 0.01, 0.14, 0.16, 1000)
    audit = with_overall(groups_audit(), {"map": low})
    assert any("it stays below" in finding for finding in verdict(audit).findings)


def test_uncertain_labels_are_part_of_how_sure_it_is() -> None:
    """The bounds of the headline measure are said."""
    noise = LabelNoise(40, 5, 0.9, {Measure("excess", 10): (0.31, 0.93)})
    said = verdict(dataclasses.replace(groups_audit(), label_noise=noise))
    assert "would be 0.310, in the other 0.930, and the verdict would stand" in said.sureness


def test_languages_cut_off_unequally_are_named() -> None:
    """Truncation that meets one language more than another is a finding."""
    audit = groups_audit()
    cut = {"zh": Measurement(0.2, 0.04, 0.17, 0.23, 300)}
    whole = Measurement(0.0, 0.04, 0.0, 0.01, 300)
    rows = {
        lang: {**row, Measure("truncated"): cut.get(lang, whole)}
        for lang, row in audit.by_language.items()
    }
    findings = verdict(dataclasses.replace(audit, by_language=rows)).findings
    assert any("to zh 0.200" in finding for finding in findings)


def test_fair_on_average_is_not_fair_for_a_language_that_is_biased() -> None:
    """One language with a large excess of its own keeps the average from being called fair."""
    audit = with_excess(0.0, 0.03)
    row = {Measure("excess", 10): Measurement(0.6, 0.0, 0.55, 0.65, 200)}
    said = verdict(dataclasses.replace(audit, by_language={"he": row}))
    assert said.level == "some"
    assert "not for he" in said.headline
