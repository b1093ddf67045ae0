"""Macro averages and their intervals."""

import numpy as np
import pytest

from search.audit.aggregate import Aggregator
from search.measures.evidence import Scores
from search.measures.neighbours import log_odds


def aggregator(language: list[int], clusters: list[str], replicates: int = 2000) -> Aggregator:
    """Make one over languages aa, bb, cc."""
    codes = np.array(language, np.int64)
    return Aggregator(codes, clusters, ["aa", "bb", "cc"], seed=0, replicates=replicates)


def scores(values: list[float], chance: float = 0.25) -> Scores:
    """Make scores with one chance level."""
    found = np.array(values, np.float64)
    return Scores(found, np.where(np.isnan(found), np.nan, chance), "luck")


def test_macro_average_weighs_languages_alike() -> None:
    """Three queries of one language and one of another: each language counts once."""
    overall, rows = aggregator([0, 0, 0, 1], ["a", "b", "c", "d"]).measure(scores([1, 1, 1, 0]))
    assert (overall.value, overall.chance, overall.n) == (0.5, 0.25, 4)
    assert (rows["aa"].value, rows["aa"].n, rows["bb"].value, rows["bb"].n) == (1, 3, 0, 1)
    assert "cc" not in rows


def test_undefined_is_none_with_a_reason() -> None:
    """A language without a defined query has a row that says why, and no part in the average."""
    nan = float("nan")
    overall, rows = aggregator([0, 0, 1], ["a", "b", "c"]).measure(scores([1, 0, nan]))
    assert (overall.value, overall.n) == (0.5, 2)
    assert rows["bb"].value is rows["bb"].chance is rows["bb"].low is None
    assert rows["bb"].reason == "no query has luck"


def test_no_interval_from_versions_of_one_thing() -> None:
    """Two languages of one question are one observation."""
    overall, _ = aggregator([0, 1], ["same", "same"]).measure(scores([1, 0]))
    assert overall.value == 0.5
    assert overall.low is None
    assert "versions of one" in (overall.reason or "")


def test_interval_is_that_of_the_normal_approximation() -> None:
    """With many independent queries the percentile bootstrap agrees with mean ± 1.96 se."""
    rng = np.random.default_rng(3)
    values = rng.random(2000)
    overall, _ = aggregator([0] * 2000, [str(i) for i in range(2000)]).measure(
        scores(values.tolist())
    )
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert overall.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert overall.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_clusters_widen_the_interval() -> None:
    """A thing asked in three languages, always with one outcome, counts once and not thrice."""
    rng = np.random.default_rng(4)
    outcome = rng.integers(0, 2, 300).astype(float)
    values = np.tile(outcome, 3).tolist()
    language = np.repeat([0, 1, 2], 300).tolist()
    things = [str(i) for i in range(300)] * 3
    joined, _ = aggregator(language, things).measure(scores(values))
    apart, _ = aggregator(language, [str(i) for i in range(900)]).measure(scores(values))
    assert joined.low is not None
    assert joined.high is not None
    assert apart.low is not None
    assert apart.high is not None
    ratio = (joined.high - joined.low) / (apart.high - apart.low)
    assert ratio == pytest.approx(np.sqrt(3), rel=0.1)


def test_interval_covers_as_often_as_it_says() -> None:
    """Of 200 samples about 95 % have the true mean inside."""
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        values = rng.binomial(1, 0.3, 120).astype(float)
        found, _ = aggregator([0] * 120, [str(i) for i in range(120)], 300).measure(
            scores(values.tolist())
        )
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 0.3 <= found.high
    assert 180 <= inside <= 199


def test_log_odds_of_languages() -> None:
    """Taken on a language's share: ten queries, ten neighbours, 60 hits, a quarter by chance."""
    found, _ = aggregator([0] * 10, [str(i) for i in range(10)]).measure(
        scores([0.6] * 10), lambda mean, chance, n: log_odds(mean, chance, n * 10)
    )
    assert found.value == pytest.approx(np.log(60.5 / 40.5) - np.log(0.25 / 0.75))
    assert found.chance == 0
