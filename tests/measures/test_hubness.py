"""Hubs against scipy and plain loops, by hand, at the limits and whatever the order."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import skew

from search.measures.hubness import Hubness, hubness

Ints = NDArray[np.int64]


def at_random(rng: np.random.Generator, n: int, k: int) -> Ints:
    """Draw k of the others for each of n documents, language playing no part."""
    ranks = rng.random((n, n))
    np.fill_diagonal(ranks, 2)
    return np.argsort(ranks, axis=1)[:, :k]


def values(found: Hubness) -> list[float | None]:
    """Everything but the intervals."""
    rows = [found.skew.overall, found.share.overall]
    rows += [m for _, m in sorted(found.share.by_language.items())]
    return [m.value for m in rows] + [m.chance for m in rows]


def loops(neighbours: Ints, language: Ints) -> tuple[float, float, dict[int, float]]:
    """Count one neighbour at a time, then sort."""
    counts = [0] * len(language)
    for row in neighbours.tolist():
        for j in row:
            if j >= 0:
                counts[j] += 1
    top = -(-len(counts) // 100)
    largest = sorted(counts, reverse=True)[:top]
    tied = [i for i, c in enumerate(counts) if c == largest[-1]]
    part = (top - sum(c > largest[-1] for c in counts)) / len(tied)
    hubs: dict[int, float] = dict.fromkeys(range(3), 0.0)
    for i, c in enumerate(counts):
        if language[i] >= 0 and c >= largest[-1]:
            hubs[int(language[i])] += 1 if c > largest[-1] else part
    total = sum(hubs.values())
    shares = {code: held / total for code, held in hubs.items()}
    return float(skew(counts)), sum(largest) / sum(counts), shares


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_loops(seed: int) -> None:
    """Neighbours drawn unevenly or with many ties, lists of any length, languages unknown."""
    rng = np.random.default_rng(seed)
    neighbours = (350 * rng.random((350, 8)) ** (1 + seed % 2)).astype(np.int64)
    neighbours[rng.random((350, 8)) < 0.1] = -1
    language = rng.integers(-1, 3, size=350)
    found = hubness(neighbours, language, np.full(350, -1), seed=0, replicates=10)
    skewness, share, languages = loops(neighbours, language)
    assert found.skew.overall.value == pytest.approx(skewness)
    assert found.share.overall.value == pytest.approx(share)
    by_language = found.share.by_language
    assert {code: m.value for code, m in by_language.items()} == pytest.approx(languages)
    assert {code: m.chance for code, m in by_language.items()} == pytest.approx(
        {code: (language == code).sum() / (language >= 0).sum() for code in range(3)}
    )
    assert (found.skew.overall.n, by_language[2].n) == (350, (language == 2).sum())


def test_by_hand() -> None:
    """Star of four: N_1 = 3, 1, 0, 0; the one hub holds three of four places."""
    neighbours = np.array([[1], [0], [0], [0]])
    language = np.array([7, 7, 8, 8])
    found = hubness(neighbours, language, np.full(4, -1), seed=0, replicates=50)
    # About the mean 1: 2, 0, -1, -1, so that m2 = 6/4 and m3 = 6/4.
    assert found.skew.overall.value == pytest.approx(1.5 / 1.5**1.5)
    # Binomial(3, 1/3): (1 - 2/3) / sqrt(3 * 2/9).
    assert found.skew.overall.chance == pytest.approx((1 / 3) / (2 / 3) ** 0.5)
    assert found.share.overall.value == pytest.approx(3 / 4)
    # The largest of four binomial(3, 1/3), over the four places there are.
    tails = [1 - 8 / 27, 7 / 27, 1 / 27]
    assert found.share.overall.chance == pytest.approx(sum(1 - (1 - t) ** 4 for t in tails) / 4)
    by_language = found.share.by_language
    assert (by_language[7].value, by_language[7].chance) == (1, 0.5)
    assert (by_language[8].value, by_language[8].chance) == (0, 0.5)


@pytest.mark.parametrize(("n", "k"), [(40, 3), (250, 10), (600, 1)])
def test_chance_is_the_mean_over_random_neighbours(n: int, k: int) -> None:
    """Both closed forms against neighbours drawn at random."""
    rng = np.random.default_rng(n)
    none = np.full(n, -1)
    drawn = [hubness(at_random(rng, n, k), none, none, seed=0, replicates=0) for _ in range(150)]
    for rows in ([d.skew.overall for d in drawn], [d.share.overall for d in drawn]):
        sample = np.array([m.value for m in rows], float)
        error = sample.std() / len(sample) ** 0.5
        # A sample's skewness falls short of the distribution's by about 1 / n of it.
        assert sample.mean() == pytest.approx(rows[0].chance, rel=0.05, abs=4 * error)


def test_a_replicate_is_the_same_measure_of_the_documents_drawn() -> None:
    """Documents copied as often as their groups were drawn, with the N_k that they have."""
    rng = np.random.default_rng(1)
    neighbours = (120 * rng.random((120, 4)) ** 3).astype(np.int64)
    counts = np.bincount(neighbours.ravel(), minlength=120)
    group = np.arange(120) // 2
    again = np.random.default_rng(4)
    samples = []
    for _ in range(70):
        drawn = [counts[[2 * c, 2 * c + 1]] for c in again.integers(60, size=60)]
        largest = np.sort(np.concatenate(drawn))[::-1]
        samples.append((skew(largest), largest[:2].sum() / largest.sum()))
    found = hubness(neighbours, np.zeros(120, np.int64), group, seed=4, replicates=70)
    for i, each in enumerate((found.skew.overall, found.share.overall)):
        limits = np.quantile(np.array(samples)[:, i], [0.025, 0.975])
        assert (each.low, each.high) == pytest.approx(tuple(limits))


def test_at_chance_and_at_the_limit() -> None:
    """Random neighbours have chance in their intervals; one hub for all has all the places."""
    language = np.arange(900) % 3
    rng = np.random.default_rng(5)
    found = hubness(at_random(rng, 900, 10), language, np.full(900, -1), seed=0, replicates=300)
    for each in (found.skew.overall, found.share.overall, *found.share.by_language.values()):
        assert each.low is not None
        assert each.high is not None
        assert each.chance is not None
        assert each.low < each.chance < each.high
    star = np.zeros((900, 1), np.int64)
    star[0] = 1
    limit = hubness(star, language, np.full(900, -1), seed=0, replicates=10)
    assert limit.share.overall.value == pytest.approx(1)
    assert (limit.skew.overall.value or 0) > 25


def test_the_order_of_documents_and_the_codes_do_not_matter() -> None:
    """Ties for the last place among the hubs are shared, so no order can decide them."""
    rng = np.random.default_rng(2)
    neighbours, language = at_random(rng, 300, 2), np.arange(300) % 3
    found = hubness(neighbours, language, np.full(300, -1), seed=0, replicates=0)
    order = rng.permutation(300)
    place = np.argsort(order)
    again = hubness(
        place[neighbours[order]], language[order], np.full(300, -1), seed=0, replicates=0
    )
    assert values(again) == pytest.approx(values(found))
    renamed = hubness(neighbours, language + 4, np.full(300, -1), seed=0, replicates=0)
    assert values(renamed) == pytest.approx(values(found))


def test_some_did_not_ask() -> None:
    """Rows of -1: the others' choices alone count, and chance is that of as many askers."""
    rng = np.random.default_rng(7)
    neighbours = at_random(rng, 400, 5)
    neighbours[100:] = -1
    found = hubness(neighbours, np.zeros(400, np.int64), np.full(400, -1), seed=0, replicates=0)
    p = 500 / (400 * 100)
    assert found.skew.overall.chance == pytest.approx((1 - 2 * p) / (100 * p * (1 - p)) ** 0.5)
    assert found.share.overall.value == loops(neighbours, np.zeros(400, np.int64))[1]


def test_what_cannot_be_measured_is_none_with_a_reason() -> None:
    """No neighbour; all alike; no hub of known language; one language."""
    none = np.full(4, -1)
    empty = hubness(np.full((4, 2), -1), np.arange(4), none, seed=0, replicates=5)
    for each in (empty.skew.overall, empty.share.overall):
        assert (each.value, each.chance, each.reason) == (None, None, "no document has a neighbour")
    ring = np.array([[1], [2], [3], [0]])
    even = hubness(ring, np.zeros(4, np.int64), none, seed=0, replicates=5)
    assert even.skew.overall.value is None
    assert even.skew.overall.reason == "every document is equally often a neighbour"
    assert even.share.overall.value == pytest.approx(1 / 4)
    assert (even.share.by_language[0].value, even.share.by_language[0].chance) == (1, 1)
    star = np.array([[1], [0], [0], [0]])
    lost = hubness(star, np.array([-1, 1, 1, 2]), none, seed=0, replicates=5).share.by_language
    assert {code: (m.value, m.reason) for code, m in lost.items()} == {
        1: (None, "no hub is of known language"),
        2: (None, "no hub is of known language"),
    }
    assert lost[1].chance == pytest.approx(2 / 3)
    assert hubness(star, none, none, seed=0, replicates=5).share.by_language == {}
