"""Merged orders against what each method's definition says, written out slowly."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.errors import UsageError
from search.density import crowding
from search.merging import HEAD, NAMES, Lists, Merging, merge_keys

Scores = NDArray[np.float32]
lists_of_scores = st.lists(
    st.lists(st.integers(-100, 100), max_size=70).map(
        lambda xs: np.array([x / 100 for x in xs], np.float32)
    ),
    min_size=1,
    max_size=5,
)


def lists(scores: list[Scores], own: int | None = None) -> Lists:
    """Make the lists of one query, nothing crowded."""
    sizes = np.array([len(s) for s in scores], np.int64)
    joined = np.concatenate([np.empty(0, np.float32), *scores])
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    return Lists(joined, bounds, sizes, own, np.zeros(len(joined), np.float32))


def keys_of(merging: Merging, given_lists: Lists) -> list[NDArray[np.float64]]:
    """The keys, list by list."""
    return np.split(merge_keys(merging, given_lists), given_lists.bounds[1:-1])


def order(merging: Merging, given_lists: Lists) -> list[tuple[int, int]]:
    """The order of (language, place) that the keys make; ties by score."""
    keys = keys_of(merging, given_lists)
    scores = np.split(given_lists.scores, given_lists.bounds[1:-1])
    rows = [
        (-key, -float(s), lang, place)
        for lang, (ks, ss) in enumerate(zip(keys, scores, strict=True))
        for place, (key, s) in enumerate(zip(ks.tolist(), ss, strict=True))
    ]
    return [(lang, place) for _, _, lang, place in sorted(rows)]


@pytest.mark.parametrize("name", NAMES)
@given(scores=lists_of_scores)
@settings(max_examples=40)
def test_order_inside_a_language_stays(name: str, scores: list[Scores]) -> None:
    """And every document has its place, once."""
    made = order(Merging(next(n for n in NAMES if n == name)), lists(scores, 0))
    assert sorted(made) == [(i, p) for i, s in enumerate(scores) for p in range(len(s))]
    for lang, s in enumerate(scores):
        mine = [float(s[place]) for code, place in made if code == lang]
        assert mine == sorted(mine, reverse=True)


@given(lists_of_scores)
@settings(max_examples=40)
def test_standardise_is_the_z_score_of_the_head(scores: list[Scores]) -> None:
    """As the words of the definition say, in plain Python."""
    for s, keys in zip(scores, keys_of(Merging("standardise"), lists(scores)), strict=True):
        if not len(s):
            continue
        head = sorted(s.tolist(), reverse=True)[:HEAD]
        mean = math.fsum(head) / len(head)
        deviation = math.sqrt(math.fsum((h - mean) ** 2 for h in head) / len(head))
        for value, key in zip(s.tolist(), keys.tolist(), strict=True):
            assert key == pytest.approx(
                (value - mean) / (deviation if deviation > 1e-9 else 1), abs=1e-6
            )


@given(lists_of_scores)
@settings(max_examples=40)
def test_softmax_is_a_probability_in_each_language(scores: list[Scores]) -> None:
    """The exponents of the keys of a language's head add up to 1."""
    for s, keys in zip(scores, keys_of(Merging("softmax"), lists(scores)), strict=True):
        if len(s):
            head = np.sort(keys)[::-1][:HEAD]
            assert math.fsum(math.exp(k) for k in head.tolist()) == pytest.approx(1, abs=1e-6)


@given(lists_of_scores)
@settings(max_examples=40)
def test_round_robin_takes_turns(scores: list[Scores]) -> None:
    """The r-th of a language comes before the (r+1)-th of any."""
    made = order(Merging("round-robin"), lists(scores))
    seen = [0] * len(scores)
    turns = []
    for lang, _ in made:
        turns.append(seen[lang])
        seen[lang] += 1
    assert turns == sorted(turns)


def test_quota_divides_as_sainte_lague_divides_seats() -> None:
    """Against the divisor method as parliaments use it: odd divisors 1, 3, 5, …."""
    sizes = [60, 25, 15]
    rng = np.random.default_rng(3)
    scores = [rng.random(n).astype(np.float32) for n in sizes]
    made = order(Merging("quota"), lists(scores))
    for k in (5, 10, 20, 50):
        seats = [0, 0, 0]
        for _ in range(k):
            quotients = [n / (2 * s + 1) for n, s in zip(sizes, seats, strict=True)]
            seats[quotients.index(max(quotients))] += 1
        found = [sum(lang == code for lang, _ in made[:k]) for code in range(3)]
        assert found == seats, k


@pytest.mark.parametrize("languages", [4, 17])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_a_target_share_is_met(share: float, languages: int) -> None:
    """In the first ten and the first twenty, to the nearest document, however many languages."""
    rng = np.random.default_rng(5)
    scores = [rng.random(40).astype(np.float32) for _ in range(languages)]
    made = order(Merging("quota", target_share=share), lists(scores, own=2))
    for k in (10, 20):
        assert abs(sum(lang == 2 for lang, _ in made[:k]) - share * k) <= 0.5


def test_below_the_floor_nothing_has_a_turn() -> None:
    """A language without anything good waits behind the others, by score."""
    scores = [np.array([0.9, 0.8], np.float32), np.array([0.2, 0.1], np.float32)]
    made = order(Merging("round-robin", floor=0.5), lists(scores))
    assert made == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert order(Merging("round-robin"), lists(scores))[1] == (1, 0)


def test_csls_is_equation_6() -> None:
    """2 s - r(query) - r(document), by hand."""
    s = [np.array([0.5, 0.3], np.float32), np.array([0.6], np.float32)]
    crowded = np.array([0.1, 0.0, 0.4], np.float32)
    keys = merge_keys(Merging("csls"), replace(lists(s), crowding=crowded))
    assert keys == pytest.approx([1.0 - 0.4 - 0.1, 0.6 - 0.4 - 0.0, 1.2 - 0.6 - 0.4])


def test_csls_looks_at_the_ten_nearest_of_each_language() -> None:
    """Of 30 scores the best ten make r(query), however they are ordered."""
    s = np.random.default_rng(2).permutation(np.linspace(0, 0.9, 30)).astype(np.float32)
    keys = merge_keys(Merging("csls"), lists([s]))
    around = sum(sorted(s.tolist(), reverse=True)[:10]) / 10
    assert keys == pytest.approx((2 * s - around).tolist(), abs=1e-6)


def test_crowding_is_the_mean_of_the_ten_nearest_others() -> None:
    """Sorted in Python; the document itself is no neighbour of its own."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 6)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    sample = x[:25]
    for row, value in enumerate(crowding(x, sample).tolist()):
        cosines = sorted(
            (float(x[row] @ s) for i, s in enumerate(sample) if i != row), reverse=True
        )
        assert value == pytest.approx(sum(cosines[:10]) / 10, abs=1e-5)
    assert crowding(x, sample[:0]).tolist() == [0.0] * 40


@pytest.mark.parametrize(
    ("name", "share", "floor"),
    [("magic", None, None), ("softmax", 0.5, None), ("quota", 1.5, None), ("csls", None, 0.1)],
)
def test_what_cannot_be_meant_is_refused(
    name: str, share: float | None, floor: float | None
) -> None:
    """Unknown names, options of another method, shares outside [0, 1]."""
    with pytest.raises(UsageError):
        Merging(name, share, floor)  # type: ignore[arg-type]


def test_a_merging_survives_json() -> None:
    """Nothing is said of what is not set."""
    assert Merging().to_json() == {}
    merging = Merging("quota", 0.4, 0.1)
    assert Merging.from_json(merging.to_json()) == merging
    assert str(merging) == "quota to 0.4 above 0.1"
