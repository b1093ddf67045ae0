"""Documents cut off: by hand, by loops, at the limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.measures.truncation import truncated


def test_by_hand() -> None:
    """Language 0: 1 of 4, language 1: 2 of 2; 3 of 6 in all, and one of unknown language."""
    dropped = np.array([0, 9, 0, 0, 1, 3, 50])
    language = np.array([0, 0, 0, 0, 1, 1, -1])
    found = truncated(dropped, language, np.full(7, -1), seed=0, replicates=200)
    assert found.by_language[0].value == pytest.approx(1 / 4)
    assert found.by_language[1].value == pytest.approx(1)
    assert found.overall.value == pytest.approx(5 / 8)
    assert found.overall.chance == pytest.approx(3 / 6)
    assert (found.overall.n, found.by_language[0].n) == (6, 4)
    assert -1 not in found.by_language


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2), st.integers(-1, 3)), max_size=30))
def test_agrees_with_counting_one_by_one(documents: list[tuple[int, int, int]]) -> None:
    """Dropped tokens, language and group at random, some unknown."""
    dropped, language, group = (
        np.array([each[i] for each in documents], np.int64) for i in range(3)
    )
    found = truncated(dropped, language, group, seed=0, replicates=10)
    rows = [(d > 0, lang) for d, lang, _ in documents if d >= 0 and lang >= 0]
    shares = {}
    for code in {lang for _, lang in rows}:
        mine = [cut for cut, lang in rows if lang == code]
        shares[code] = sum(mine) / len(mine)
    assert {code: m.value for code, m in found.by_language.items()} == pytest.approx(shares)
    assert found.overall.n == len(rows)
    if not rows:
        assert (found.overall.value, found.overall.chance) == (None, None)
        assert found.overall.reason == "no document of known language"
        return
    assert found.overall.value == pytest.approx(sum(shares.values()) / len(shares))
    assert found.overall.chance == pytest.approx(sum(cut for cut, _ in rows) / len(rows))


def test_nothing_cut_off_is_zero_and_not_undefined() -> None:
    """Nothing dropped anywhere: 0 with the interval 0 to 0, at chance."""
    found = truncated(
        np.zeros(6, np.int64), np.arange(6) % 2, np.arange(6) // 2, seed=0, replicates=50
    ).overall
    assert (found.value, found.chance, found.low, found.high) == (0, 0, 0, 0)


def test_at_chance_the_interval_holds_chance() -> None:
    """Cut off at random: every language near the share of all."""
    rng = np.random.default_rng(1)
    found = truncated(
        (rng.random(3000) < 0.2).astype(np.int64),
        rng.integers(5, size=3000),
        np.full(3000, -1),
        seed=0,
        replicates=300,
    )
    for each in (found.overall, *found.by_language.values()):
        assert each.low is not None
        assert each.high is not None
        assert each.chance is not None
        assert each.low < each.chance < each.high
