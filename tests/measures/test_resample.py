"""The bootstrap over groups against one written with plain loops, and at its limits."""

import numpy as np
import pytest

from search.measures.resample import (
    NO_REPLICATE,
    ONE_CLUSTER,
    clusters,
    drawn_sums,
    draws,
    macro,
    measured,
    ratio,
    share_profile,
)


def test_a_group_is_one_cluster_and_a_document_without_one_is_its_own() -> None:
    """Seven twice, nine twice, two without a group: four clusters."""
    found = clusters(np.array([7, -1, 9, 7, -1, 9]))
    assert found[0] == found[3]
    assert found[2] == found[5]
    assert len({*found.tolist()}) == 4
    assert sorted({*found.tolist()}) == [0, 1, 2, 3]


def test_every_draw_has_as_many_clusters_as_there_are() -> None:
    """Rows of whole numbers that add up; all the replicates, also beyond one block."""
    blocks = list(draws(5, seed=1, replicates=1000))
    assert len(blocks) > 1
    drawn = np.concatenate(blocks)
    assert drawn.shape == (1000, 5)
    assert (drawn.sum(axis=1) == 5).all()
    # Multinomial: mean 1, variance 1 - 1/5; five standard errors of 5000 numbers.
    assert drawn.mean(axis=0) == pytest.approx(1, abs=5 * (0.8 / 1000) ** 0.5)
    assert drawn.var() == pytest.approx(0.8, abs=0.1)


def test_the_seed_decides() -> None:
    """The same seed draws the same, another one something else."""
    one, same, other = (np.concatenate(list(draws(9, seed=s, replicates=50))) for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_sums_are_those_of_the_documents_drawn_one_by_one() -> None:
    """Each replicate, a loop over the clusters drawn and their documents."""
    rng = np.random.default_rng(0)
    group = np.array([0, 1, -1, 1, 0, 2, -1])
    values = rng.normal(size=(7, 2))
    cluster = clusters(group)
    found = drawn_sums(cluster, values, seed=5, replicates=20)
    again = np.random.default_rng(5)
    for row in found:
        total = np.zeros(2)
        for drawn in again.integers(5, size=5):
            for i in range(7):
                if cluster[i] == drawn:
                    total += values[i]
        assert row == pytest.approx(total)


def test_what_is_divided_by_nothing_is_undefined_and_has_no_say_in_the_mean() -> None:
    """0 / 0 is NaN; the mean is over the languages that are defined."""
    values = ratio(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[4.0, 0.0], [0.0, 0.0]]))
    assert values[0, 0] == 0.25
    assert np.isnan(values[[0, 1, 1], [1, 0, 1]]).all()
    assert macro(values)[0] == 0.25
    assert np.isnan(macro(values)[1])


def test_the_interval_holds_the_middle_95_percent() -> None:
    """Of 0..1000 it is 25 to 975; NaN does not count."""
    samples = np.concatenate([np.arange(1001.0), [np.nan] * 10])
    found = measured(500, 1, samples, 8, 8)
    assert (found.value, found.chance, found.low, found.high, found.n) == (500, 1, 25, 975, 8)
    assert found.reason is None


@pytest.mark.parametrize(
    ("samples", "count", "reason"),
    [([1.0, 2.0], 1, ONE_CLUSTER), ([], 2, NO_REPLICATE), ([np.nan], 2, NO_REPLICATE)],
)
def test_no_interval_has_a_reason(samples: list[float], count: int, reason: str) -> None:
    """The value stands, the interval is None."""
    found = measured(1.5, 0.5, np.array(samples), 2, count)
    assert (found.value, found.low, found.high, found.reason) == (1.5, None, None, reason)


def test_shares_by_hand() -> None:
    """Language 4: 1 of 4; language 2: 1 of 1, of one cluster alone; their mean 5/8."""
    hits = np.array([True, False, False, False, True])
    language = np.array([4, 4, 4, 4, 2])
    found = share_profile(hits, language, np.arange(5), 0.4, seed=0, replicates=500)
    assert found.overall.value == pytest.approx(5 / 8)
    assert found.overall.n == 5
    assert found.by_language[4].value == pytest.approx(1 / 4)
    assert (found.by_language[2].value, found.by_language[2].reason) == (1.0, ONE_CLUSTER)
    assert found.by_language[4].low == 0
    assert {m.chance for m in (found.overall, *found.by_language.values())} == {0.4}


def test_documents_of_one_group_rise_and_fall_together() -> None:
    """Ten copies of each document make no more certain, if the groups say that they are copies."""
    rng = np.random.default_rng(3)
    hits = rng.random(60) < 0.4
    language, group = np.zeros(60, np.int64), np.arange(60)
    plain = share_profile(hits, language, clusters(group), 0.4, seed=0, replicates=2000)
    tenfold = (np.repeat(hits, 10), np.repeat(language, 10))
    known = share_profile(*tenfold, clusters(np.repeat(group, 10)), 0.4, seed=0, replicates=2000)
    alone = share_profile(*tenfold, clusters(np.full(600, -1)), 0.4, seed=0, replicates=2000)
    assert known.overall.low == plain.overall.low
    assert known.overall.high == plain.overall.high
    assert alone.overall.low is not None
    assert alone.overall.high is not None
    assert plain.overall.low is not None
    assert plain.overall.high is not None
    assert plain.overall.high - plain.overall.low > 2 * (alone.overall.high - alone.overall.low)
    # Binomial: 1.96 standard errors either side.
    error = (hits.mean() * (1 - hits.mean()) / 60) ** 0.5
    assert plain.overall.high - plain.overall.low == pytest.approx(2 * 1.96 * error, rel=0.1)
