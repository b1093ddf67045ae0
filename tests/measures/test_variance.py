"""Shares of variance against plain loops, by hand, at the limits and under rotation."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ortho_group

from search.measures.measure import Measurement
from search.measures.variance import VarianceShares, variance_shares

Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]


def grid(languages: int, groups: int) -> tuple[Ints, Ints]:
    """Every language of every group."""
    place = np.arange(languages * groups)
    return place % languages, place // languages


def parts(found: VarianceShares) -> list[Measurement]:
    """The four measurements."""
    return [found.language, found.meaning, found.interaction, found.meaning_raw]


def values(found: VarianceShares) -> list[float | None]:
    """Their values and chance levels."""
    return [m.value for m in parts(found)] + [m.chance for m in parts(found)]


def loops(cells: NDArray[np.float64]) -> list[float]:
    """Shares and raw variance of (L, M, d) cells, one sum of squares after the other."""
    languages, groups, _ = cells.shape
    grand = cells.reshape(languages * groups, -1).mean(axis=0)
    language = meaning = interaction = total = 0.0
    for i in range(languages):
        for j in range(groups):
            row, column = cells[i].mean(axis=0), cells[:, j].mean(axis=0)
            language += float(np.sum((row - grand) ** 2))
            meaning += float(np.sum((column - grand) ** 2))
            interaction += float(np.sum((cells[i, j] - row - column + grand) ** 2))
            total += float(np.sum((cells[i, j] - grand) ** 2))
    return [
        *(part / total for part in (language, meaning, interaction)),
        meaning / cells[..., 0].size,
    ]


def vectors_of(seed: int, language: Ints, group: Ints) -> Vectors:
    """An offset for each language, one for each meaning, and noise."""
    rng = np.random.default_rng(seed)
    offset = rng.normal(size=(language.max() + 1, 4))[language]
    meaning = rng.normal(size=(group.max() + 1, 4))[group]
    return (offset + meaning + rng.normal(size=(len(language), 4)) + 3).astype(np.float32)


@pytest.mark.parametrize("offset", [0, 100_000])
@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (5, 12)])
def test_agrees_with_loops(shape: tuple[int, int], offset: int) -> None:
    """Three shares that add up to 1, and the raw variance; far from the origin as well."""
    language, group = grid(*shape)
    vectors = vectors_of(sum(shape), language, group) + np.float32(offset)
    found = variance_shares(vectors, language, group, seed=0, replicates=5)
    cells = vectors.astype(float).reshape(shape[1], shape[0], 4).swapaxes(0, 1)
    assert values(found)[:4] == pytest.approx(loops(cells), rel=1e-9)
    assert sum(values(found)[i] or 0 for i in range(3)) == pytest.approx(1)
    assert found.grid == shape
    assert {m.n for m in parts(found)} == {shape[0] * shape[1]}


def test_by_hand() -> None:
    """0 1 / 2 5: grand mean 2, rows .5 and 3.5, columns 1 and 3, interaction 0.5 a cell."""
    vectors = np.array([[0], [2], [1], [5]], np.float32)
    found = variance_shares(vectors, *grid(2, 2), seed=0, replicates=5)
    # Sums of squares: 14 in all, 4 * 1.5^2 = 9 language, 4 * 1 = 4 meaning, 4 * 0.5^2 = 1.
    assert values(found)[:4] == pytest.approx([9 / 14, 4 / 14, 1 / 14, 1])
    assert values(found)[4:] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 14 / 4 / 3])


def test_a_replicate_is_the_same_analysis_of_the_groups_drawn() -> None:
    """The interval is that of loops over the groups drawn, moved by the bias of drawing."""
    language, group = grid(3, 6)
    vectors = vectors_of(2, language, group)
    cells = vectors.astype(float).reshape(6, 3, 4).swapaxes(0, 1)
    rng = np.random.default_rng(8)
    drawn = np.array([loops(cells[:, rng.integers(6, size=6)]) for _ in range(80)])
    found = variance_shares(vectors, language, group, seed=8, replicates=80)
    for i, each in enumerate(parts(found)):
        assert each.value is not None
        moved = drawn[:, i] - drawn[:, i].mean() + each.value
        low, high = np.quantile(moved.clip(0, None if i == 3 else 1), [0.025, 0.975])
        assert (each.low, each.high) == pytest.approx((low, high))


def test_chance_is_the_mean_over_vectors_dealt_at_random() -> None:
    """The closed form is the expectation when the cells are shuffled."""
    language, group = grid(3, 7)
    vectors = vectors_of(4, language, group)
    rng = np.random.default_rng(0)
    shuffled = [
        values(variance_shares(rng.permutation(vectors), language, group, seed=0, replicates=0))[:4]
        for _ in range(2000)
    ]
    found = variance_shares(vectors, language, group, seed=0, replicates=0)
    assert np.mean(np.array(shuffled, float), axis=0) == pytest.approx(values(found)[4:], rel=0.03)


def test_random_vectors_are_at_chance() -> None:
    """Noise alone: chance lies in every interval."""
    language, group = grid(4, 200)
    vectors = np.random.default_rng(6).normal(size=(800, 16)).astype(np.float32)
    for each in parts(variance_shares(vectors, language, group, seed=0, replicates=300)):
        assert each.low is not None
        assert each.high is not None
        assert each.value is not None
        assert each.chance is not None
        assert each.low < each.value < each.high
        assert each.low < each.chance < each.high


def test_perfectly_fair_and_perfectly_separated() -> None:
    """All meaning where translations coincide; all language where a language is one point."""
    language, group = grid(3, 8)
    fair = variance_shares(
        np.eye(8, dtype=np.float32)[group], language, group, seed=0, replicates=9
    )
    assert values(fair)[:3] == pytest.approx([0, 1, 0], abs=1e-12)
    split = np.eye(3, dtype=np.float32)[language]
    found = variance_shares(split, language, group, seed=0, replicates=9)
    assert values(found)[:4] == pytest.approx([1, 0, 0, 0], abs=1e-12)
    assert (found.language.low, found.language.high) == pytest.approx((1, 1))


def test_a_uniform_collapse_shows_in_the_raw_variance_alone() -> None:
    """Half the distance to one point: the shares stay, the raw variance is a quarter."""
    language, group = grid(3, 8)
    vectors = vectors_of(1, language, group)
    before = variance_shares(vectors, language, group, seed=0, replicates=0)
    after = variance_shares(
        (vectors / 2 + 7).astype(np.float32), language, group, seed=0, replicates=0
    )
    assert values(after)[:3] == pytest.approx(values(before)[:3], rel=1e-4)
    assert after.meaning_raw.value == pytest.approx((before.meaning_raw.value or 0) / 4, rel=1e-4)


def test_turning_and_renaming_change_nothing() -> None:
    """Rotation, the order of the documents, and the codes of languages and groups."""
    language, group = grid(3, 6)
    vectors = vectors_of(5, language, group)
    found = variance_shares(vectors, language, group, seed=0, replicates=0)
    turned = (vectors @ ortho_group.rvs(4, random_state=1)).astype(np.float32)
    order = np.random.default_rng(2).permutation(18)
    for again in (
        variance_shares(turned, language, group, seed=0, replicates=0),
        variance_shares(vectors[order], language[order], group[order], seed=0, replicates=0),
        variance_shares(vectors, 9 - language, 50 - group, seed=0, replicates=0),
    ):
        assert values(again) == pytest.approx(values(found), rel=1e-4)


def test_the_grid_is_the_groups_in_every_language_and_their_first_documents() -> None:
    """Half a group, a second translation, no group, no language: none of these counts."""
    language, group = grid(3, 6)
    vectors = vectors_of(5, language, group)
    found = variance_shares(vectors, language, group, seed=3, replicates=40)
    more = np.concatenate([vectors, np.full((7, 4), 9, np.float32)])
    again = variance_shares(
        more,
        np.append(language, [0, 0, 1, 2, 2, 1, -1]),
        np.append(group, [6, 6, 6, 4, 4, -1, 2]),
        seed=3,
        replicates=40,
    )
    assert (found.crowded, again.crowded) == (0, 1)
    assert again.grid == (3, 6)
    assert parts(again) == parts(found)


@pytest.mark.parametrize(
    ("language", "group", "reason", "shape"),
    [
        ([0, 0, 0, 0], [0, 0, 1, 1], "needs 2 languages", (1, 2)),
        ([0, 1, 0, 1], [0, 0, 1, 2], "needs 2 groups with a document in each language", (2, 1)),
        ([0, 1, 0, 1], [0, 1, 2, 3], "needs 2 groups with a document in each language", (2, 0)),
        ([0, 1, 0, 1], [-1, -1, -1, -1], "needs 2 languages", (0, 0)),
        ([-1, -1, -1, -1], [0, 0, 1, 1], "needs 2 languages", (0, 0)),
        ([0, 1, 0, 1], [0, 0, 1, 1], "the vectors do not vary", (2, 2)),
    ],
)
def test_what_cannot_be_measured_is_none_with_a_reason(
    language: list[int], group: list[int], reason: str, shape: tuple[int, int]
) -> None:
    """Vectors that are all the same, tenths so that their mean is rounded."""
    vectors = np.full((4, 3), 0.1, np.float32)
    found = variance_shares(vectors, np.array(language), np.array(group), seed=0, replicates=5)
    assert {(m.value, m.chance, m.low, m.reason) for m in parts(found)} == {
        (None, None, None, reason)
    }
    assert found.grid == shape


def test_the_last_digit_of_a_float_is_no_variance() -> None:
    """One number of all differs, by the least there is."""
    vectors = np.full((6, 3), 0.1, np.float32)
    vectors[0, 0] = np.nextafter(np.float32(0.1), np.float32(1))
    found = variance_shares(vectors, *grid(3, 2), seed=0, replicates=5)
    assert found.language.reason == "the vectors do not vary"
