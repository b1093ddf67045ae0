"""Chance levels against scipy, hand-computed cases and limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from search.statistics import excess, hypergeometric_tail


@st.composite
def draws(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """A possible outcome: hits of a language among drawn out of a pool."""
    total = draw(st.integers(1, 300))
    same = draw(st.integers(0, total))
    drawn = draw(st.integers(0, total))
    hits = draw(st.integers(max(0, drawn - (total - same)), min(drawn, same)))
    return hits, drawn, same, total


@pytest.mark.parametrize(
    ("hits", "drawn", "same", "total", "expected"),
    [
        (5, 10, 50, 100, 0.0),  # half of the pool, half of the hits
        (10, 10, 50, 100, 1.0),  # as many as there can be
        (0, 10, 50, 100, -1.0),  # b = 0.5: (0 - 0.5) / (1 - 0.5)
        (3, 10, 3, 30, 1.0),  # all three that exist, though seven hits are others
        (6, 7, 9, 90, (6 / 7 - 0.1) / 0.9),
    ],
)
def test_excess_by_hand(hits: int, drawn: int, same: int, total: int, expected: float) -> None:
    """The normalised excess is what the formula gives by hand."""
    assert excess(hits, drawn, same, total) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("drawn", "same", "total"),
    [(0, 5, 10), (5, 10, 10), (5, 0, 10), (10, 5, 10), (0, 0, 0)],
)
def test_excess_is_undefined_where_no_other_share_is_possible(
    drawn: int, same: int, total: int
) -> None:
    """A pool of one language, or an answer that is the whole pool, has no excess."""
    assert excess(min(drawn, same), drawn, same, total) is None


@given(draws())
def test_excess_is_at_most_one_and_has_the_sign_of_the_difference(
    case: tuple[int, int, int, int],
) -> None:
    """Above chance it is positive, at chance 0, and 1 only when no more was possible."""
    hits, drawn, same, total = case
    value = excess(hits, drawn, same, total)
    if value is None:
        return
    difference = hits * total - same * drawn  # whole numbers: no rounding to argue about
    assert value <= 1 + 1e-12
    assert (value > 1e-12) == (difference > 0)
    assert (abs(value - 1) < 1e-12) == (hits == min(drawn, same))


@given(draws())
def test_tail_agrees_with_scipy(case: tuple[int, int, int, int]) -> None:
    """The tail probability is scipy's survival function one below."""
    hits, drawn, same, total = case
    ours = hypergeometric_tail(hits, drawn, same, total)
    assert ours == pytest.approx(hypergeom.sf(hits - 1, total, same, drawn), rel=1e-9, abs=1e-12)


def test_tail_by_hand() -> None:
    """Both of two draws marked, one in four documents of eight: 2/8 * 1/7."""
    assert hypergeometric_tail(2, 2, 2, 8) == pytest.approx(2 / 8 * 1 / 7)


def test_tail_of_a_large_draw_is_quick_and_exact() -> None:
    """Ten thousand neighbours: the terms follow one from another, each a whole number."""
    ours = hypergeometric_tail(5_100, 10_000, 50_000, 100_000)
    assert ours == pytest.approx(hypergeom.sf(5_099, 100_000, 50_000, 10_000), rel=1e-6)


def test_tail_in_a_large_index_keeps_its_digits() -> None:
    """Ten of ten out of one language in eleven, a million documents: about 11**-10."""
    value = hypergeometric_tail(10, 10, 90_909, 1_000_000)
    assert value == pytest.approx(0.090909**10, rel=1e-3)
