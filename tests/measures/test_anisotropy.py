"""Mean cosines against a loop over all pairs, by hand, at the limits and under rotation."""

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ortho_group

from search.measures.anisotropy import Cosines, cosines
from search.measures.measure import Measurement
from search.measures.resample import ONE_CLUSTER, clusters

Ints = NDArray[np.int64]


def loops(
    vectors: NDArray[np.float64], language: Ints, cluster: Ints
) -> dict[tuple[str, int], list[float]]:
    """Look at every ordered pair of different clusters."""
    found: dict[tuple[str, int], list[float]] = {}
    for i, j in permutations(range(len(vectors)), 2):
        if cluster[i] == cluster[j]:
            continue
        cosine = vectors[i] @ vectors[j]
        cosine /= np.linalg.norm(vectors[i]) * np.linalg.norm(vectors[j])
        kind = "within" if language[i] == language[j] else "across"
        for key in ((kind, int(language[i])), ("random", -1)):
            found.setdefault(key, []).append(float(cosine))
    return found


def world(seed: int, n: int = 40) -> tuple[NDArray[np.float32], Ints, Ints]:
    """Vectors with an offset a language; groups with several documents of one language, too."""
    rng = np.random.default_rng(seed)
    language, group = rng.integers(3, size=n), rng.integers(-4, 12, size=n)
    vectors = rng.normal(size=(n, 5)) + rng.normal(size=(3, 5))[language]
    return vectors.astype(np.float32), language, group


def values(found: Cosines) -> list[float | None]:
    """Everything but the intervals."""
    profiles = (found.within, found.across, found.gap)
    rows = [found.random, *[p.overall for p in profiles]]
    rows += [p.by_language[c] for p in profiles for c in sorted(p.by_language)]
    return [m.value for m in rows] + [m.chance for m in rows]


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_a_loop_over_all_pairs(seed: int) -> None:
    """Values and chance levels; lengths of the vectors do not matter."""
    vectors, language, group = world(seed)
    cluster = clusters(group)
    pairs = loops(vectors.astype(float), language, cluster)
    means = {key: sum(each) / len(each) for key, each in pairs.items()}
    found = cosines(vectors, language, group, seed=0, replicates=5)
    assert found.random.value == pytest.approx(means["random", -1], abs=1e-6)
    within = [means["within", c] for c in range(3)]
    across = [means["across", c] for c in range(3)]
    assert [found.within.by_language[c].value for c in range(3)] == pytest.approx(within, abs=1e-6)
    assert [found.across.by_language[c].value for c in range(3)] == pytest.approx(across, abs=1e-6)
    assert found.within.overall.value == pytest.approx(sum(within) / 3, abs=1e-6)
    assert found.across.overall.value == pytest.approx(sum(across) / 3, abs=1e-6)
    assert found.gap.overall.value == pytest.approx(sum(within) / 3 - sum(across) / 3, abs=1e-6)
    assert found.within.overall.chance == found.across.overall.chance == found.random.value
    assert found.gap.overall.chance == found.random.chance == 0
    assert found.random.n == 40


def test_a_replicate_is_the_same_measure_of_the_documents_drawn() -> None:
    """The interval is that of documents copied as often as drawn, copies in one group."""
    vectors, language, group = world(7, 30)
    cluster = clusters(group)
    count = int(cluster.max()) + 1
    rng = np.random.default_rng(11)
    samples = []
    for _ in range(60):
        drawn = rng.integers(count, size=count)
        rows = [i for c in drawn for i in range(30) if cluster[i] == c]
        pairs = loops(vectors[rows].astype(float), language[rows], cluster[rows])
        gaps = [np.mean(pairs["within", c]) - np.mean(pairs["across", c]) for c in range(3)]
        samples.append(np.mean(gaps))
    found = cosines(vectors, language, group, seed=11, replicates=60).gap.overall
    assert [found.low, found.high] == pytest.approx(np.quantile(samples, [0.025, 0.975]), abs=1e-6)


def test_by_hand() -> None:
    """Languages at right angles, two directions a language at 60 degrees."""
    half = 3**0.5 / 2
    vectors = np.array([[1, 0, 0], [0.5, half, 0], [0, 0, 2], [0, 0, 1]], np.float32)
    found = cosines(vectors, np.array([0, 0, 5, 5]), np.full(4, -1), seed=0, replicates=20)
    assert found.within.by_language[0].value == pytest.approx(0.5)
    assert found.within.by_language[5].value == pytest.approx(1)
    assert found.across.overall.value == pytest.approx(0)
    assert found.gap.overall.value == pytest.approx(0.75)
    assert found.random.value == pytest.approx((2 * 0.5 + 2 * 1) / 12)


def test_translations_are_no_pairs() -> None:
    """Perfectly fair: translations coincide, meanings are at right angles, every cosine is 0."""
    vectors = np.repeat(np.eye(6, dtype=np.float32), 3, axis=0)
    found = cosines(vectors, np.arange(18) % 3, np.arange(18) // 3, seed=0, replicates=50)
    for each in (found.random, found.within.overall, found.across.overall, found.gap.overall):
        assert (each.value, each.low, each.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_vectors_that_are_all_the_same() -> None:
    """Every cosine is 1, and no gap."""
    vectors = np.full((12, 4), 0.3, np.float32)
    found = cosines(vectors, np.arange(12) % 3, np.arange(12) // 3, seed=0, replicates=50)
    assert found.random.value == pytest.approx(1)
    assert (found.gap.overall.low, found.gap.overall.high) == pytest.approx((0, 0), abs=1e-12)


def test_random_vectors_have_no_gap() -> None:
    """No language in the vectors: 0 lies in the interval of the gap; with an offset it does not."""
    rng = np.random.default_rng(4)
    language, group = np.arange(900) % 3, np.arange(900) // 3
    vectors = rng.normal(size=(900, 8)).astype(np.float32)
    fair = cosines(vectors, language, group, seed=0, replicates=300).gap.overall
    assert fair.low is not None
    assert fair.high is not None
    assert fair.low < 0 < fair.high
    moved = vectors + np.eye(3, 8, dtype=np.float32)[language]
    biased = cosines(moved, language, group, seed=0, replicates=300).gap.overall
    assert biased.low is not None
    assert biased.value is not None
    assert 0 < biased.low < biased.value


def test_turning_sorting_and_renaming_change_nothing() -> None:
    """Rotation, the order of the documents, and the languages' codes."""
    vectors, language, group = world(9)
    found = cosines(vectors, language, group, seed=0, replicates=5)
    turned = (vectors @ ortho_group.rvs(5, random_state=1)).astype(np.float32)
    order = np.random.default_rng(2).permutation(40)
    for again in (
        cosines(turned, language, group, seed=0, replicates=5),
        cosines(vectors[order], language[order], group[order], seed=0, replicates=5),
        cosines(vectors, language + 10, group, seed=0, replicates=5),
    ):
        assert values(again) == pytest.approx(values(found), abs=1e-6)


def test_unknown_languages_and_zero_vectors_are_left_out() -> None:
    """As if they were not there."""
    vectors, language, group = world(3)
    found = cosines(vectors, language, group, seed=0, replicates=5)
    more = np.concatenate([vectors, np.ones((1, 5)), np.zeros((1, 5))]).astype(np.float32)
    again = cosines(
        more, np.append(language, [-1, 0]), np.append(group, [0, 0]), seed=0, replicates=5
    )
    assert again == found


def reasons(*found: Measurement) -> set[tuple[float | None, str | None]]:
    """Values and reasons."""
    return {(each.value, each.reason) for each in found}


def test_one_language_has_nothing_across() -> None:
    """Within is defined, across and the gap are None with the reason."""
    vectors = np.eye(4, dtype=np.float32)
    found = cosines(vectors, np.zeros(4, np.int64), np.full(4, -1), seed=0, replicates=5)
    assert found.within.overall.value == pytest.approx(0)
    expected = {(None, "no two documents of different meaning to compare")}
    assert reasons(found.across.overall, found.gap.overall, found.gap.by_language[0]) == expected


def test_one_group_or_nothing_at_all() -> None:
    """No pair of different meaning; no document."""
    vectors = np.eye(4, dtype=np.float32)
    one = cosines(vectors, np.arange(4) % 2, np.zeros(4, np.int64), seed=0, replicates=5)
    expected = {(None, "no two documents of different meaning to compare")}
    assert reasons(one.random, one.within.overall, one.across.overall, one.gap.overall) == expected
    none = cosines(vectors, np.full(4, -1), np.zeros(4, np.int64), seed=0, replicates=5)
    assert reasons(none.random, none.gap.overall) == {(None, "no document of known language")}
    assert none.within.by_language == {}


def test_a_language_of_one_group_has_no_interval() -> None:
    """Across is defined for it; drawing one cluster again says nothing."""
    vectors = np.eye(4, dtype=np.float32)
    found = cosines(vectors, np.array([0, 0, 0, 1]), np.full(4, -1), seed=0, replicates=5)
    assert reasons(found.across.by_language[1]) == {(0.0, ONE_CLUSTER)}
    assert found.within.by_language[1].value is None
