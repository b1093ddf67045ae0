"""The language probe at its limits: it learns what is there, and nothing from the topics."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ortho_group
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from search.measures.probe import language_probe

Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]


def world(seed: int, offset: float, groups: int = 120) -> tuple[Vectors, Ints, Ints]:
    """Four languages of every group in eight dimensions, a language moved by ``offset``."""
    rng = np.random.default_rng(seed)
    language, group = np.arange(4 * groups) % 4, np.arange(4 * groups) // 4
    moved = offset * np.eye(4, 8)[language]
    return (rng.normal(size=(4 * groups, 8)) + moved).astype(np.float32), language, group


def test_languages_far_apart_are_told_apart() -> None:
    """Everything right, for every language."""
    found = language_probe(*world(0, 50), seed=0, replicates=100)
    assert (found.overall.value, found.overall.low, found.overall.high) == (1, 1, 1)
    assert {m.value for m in found.by_language.values()} == {1}
    assert (found.overall.chance, found.overall.n) == (1 / 4, 480)


def test_without_language_in_the_vectors_it_is_at_chance() -> None:
    """Noise, and vectors that are all the same."""
    found = language_probe(*world(1, 0, groups=400), seed=0, replicates=300).overall
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1 / 4 < found.high
    vectors, language, group = world(2, 0)
    same = np.full_like(vectors, 0.1)
    same[language == 0] = np.nextafter(np.float32(0.1), np.float32(1))  # no more than rounding
    constant = language_probe(same, language, group, seed=0, replicates=9)
    assert constant.overall.value == pytest.approx(1 / 4, abs=0.05)


def test_half_of_what_overlaps() -> None:
    """Two normal languages at distance 2: the best cut is right in Phi(1) = 0.841 of cases."""
    rng = np.random.default_rng(3)
    language = np.arange(4000) % 2
    centre = np.array([[1, 0, 0], [-1, 0, 0]])[language]
    vectors = (rng.normal(size=(4000, 3)) + centre).astype(np.float32)
    found = language_probe(vectors, language, np.full(4000, -1), seed=0, replicates=200).overall
    assert found.value == pytest.approx(0.8413, abs=0.02)
    assert found.low is not None
    assert found.high is not None
    # Binomial: 1.96 standard errors either side.
    width = 2 * 1.96 * (0.8413 * 0.1587 / 4000) ** 0.5
    assert found.high - found.low == pytest.approx(width, rel=0.2)


def test_agrees_with_cross_validation_by_scikit_learn() -> None:
    """Other folds and a finished optimiser, one direction much longer than the others."""
    vectors, language, group = world(10, 1.5, groups=500)
    vectors[:, 7] *= 30
    predicted = cross_val_predict(
        LogisticRegression(max_iter=10_000), vectors, language, groups=group, cv=GroupKFold(5)
    )
    found = language_probe(vectors, language, group, seed=0, replicates=9)
    assert found.overall.value == pytest.approx(
        balanced_accuracy_score(language, predicted), abs=0.02
    )
    recalls = recall_score(language, predicted, average=None)
    assert [found.by_language[c].value for c in range(4)] == pytest.approx(recalls, abs=0.04)


def topics() -> tuple[Vectors, Ints, Ints]:
    """Forty topics, each in one language, each topic its own dimension and nothing else."""
    topic = np.arange(800) // 20
    vectors = np.eye(40, dtype=np.float32)[topic]
    return vectors, topic % 2, topic


def test_a_topic_cannot_pass_for_a_language() -> None:
    """Split by group, the topics of the test were never seen; without groups they are known."""
    vectors, language, group = topics()
    known = language_probe(vectors, language, np.full(800, -1), seed=0, replicates=9)
    assert known.overall.value == 1
    split = language_probe(vectors, language, group, seed=0, replicates=9)
    assert (split.overall.value or 0) < 0.7


def test_the_macro_average_does_not_follow_the_largest_language() -> None:
    """Noise with 95 % of one language: a guess of that language has recall 1 and 0."""
    rng = np.random.default_rng(4)
    language = (rng.random(2000) < 0.05).astype(np.int64)
    vectors = rng.normal(size=(2000, 5)).astype(np.float32)
    found = language_probe(vectors, language, np.full(2000, -1), seed=0, replicates=300)
    assert found.overall.low is not None
    assert found.overall.high is not None
    assert found.overall.low < 0.5 < found.overall.high
    mean = np.mean([m.value for m in found.by_language.values()])
    assert found.overall.value == pytest.approx(float(mean))


def test_the_sample_is_balanced_and_keeps_to_the_limit() -> None:
    """As many of each language, and all of one that has fewer."""
    vectors, language, group = world(5, 1)
    found = language_probe(vectors, language, group, seed=0, replicates=9, limit=200)
    assert found.overall.n == 200
    assert {m.n for m in found.by_language.values()} == {50}
    few = language.copy()
    few[(language == 3) & (group >= 30)] = -1
    found = language_probe(vectors, few, group, seed=0, replicates=9, limit=200)
    assert {code: m.n for code, m in found.by_language.items()} == {0: 50, 1: 50, 2: 50, 3: 30}


def test_turning_and_renaming_change_nothing_and_the_seed_decides() -> None:
    """Rotation, scale and shift up to rounding; the codes exactly; the same seed gives the same."""
    vectors, language, group = world(6, 1.5)
    found = language_probe(vectors, language, group, seed=0, replicates=20)
    assert language_probe(vectors, language, group, seed=0, replicates=20) == found
    turned = (9 * vectors @ ortho_group.rvs(8, random_state=1) + 100).astype(np.float32)
    again = language_probe(turned, language, group, seed=0, replicates=20).overall.value
    assert again == pytest.approx(found.overall.value, abs=0.01)
    renamed = language_probe(vectors, 7 - language, group, seed=0, replicates=20)
    assert renamed.overall.value == pytest.approx(found.overall.value, abs=0.01)
    assert renamed.by_language[7].value == pytest.approx(found.by_language[0].value, abs=0.03)


def test_the_order_of_documents_hardly_matters() -> None:
    """Another sample and other folds of the same data: near, within the interval."""
    vectors, language, group = world(7, 1.5)
    found = language_probe(vectors, language, group, seed=0, replicates=200).overall
    order = np.random.default_rng(1).permutation(480)
    again = language_probe(vectors[order], language[order], group[order], seed=0, replicates=9)
    assert found.low is not None
    assert found.high is not None
    assert again.overall.value is not None
    assert found.low < again.overall.value < found.high


def test_what_cannot_be_measured_is_none_with_a_reason() -> None:
    """One language; a language of four groups; nothing known; one group for all."""
    vectors, language, group = world(8, 50)
    one = language_probe(vectors, np.zeros(480, np.int64), group, seed=0, replicates=9)
    reason = "needs 2 languages with 5 groups each"
    assert (one.overall.value, one.overall.chance, one.overall.reason) == (None, None, reason)
    rare = language.copy()
    rare[(language == 3) & (group >= 4)] = -1
    found = language_probe(vectors, rare, group, seed=0, replicates=9)
    assert (found.overall.value, found.overall.chance) == (1, 1 / 3)
    assert found.by_language[3].value is None
    assert found.by_language[3].reason == "fewer than 5 groups: left out of the probe"
    assert found.by_language[3].n == 4
    nothing = language_probe(vectors, np.full(480, -1), group, seed=0, replicates=9)
    assert (nothing.overall.reason, nothing.overall.n) == (reason, 0)
    together = language_probe(vectors, language, np.zeros(480, np.int64), seed=0, replicates=9)
    assert together.overall.reason == reason


def test_a_rare_language_is_in_every_fold() -> None:
    """Five documents, far away: each is found by what the other four have taught."""
    vectors, language, group = world(9, 50)
    language[:] = np.where((language == 3) & (group >= 5), -1, language)
    group[:] = np.where(language == 3, -1, group)
    found = language_probe(vectors, language, group, seed=0, replicates=9)
    assert found.by_language[3].value == 1


def test_an_optimiser_that_stops_early_warns_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """One round is not enough to converge; the classifier of that round is used all the same."""
    monkeypatch.setattr("search.measures.probe._ROUNDS", 1)
    found = language_probe(*world(11, 1.5), seed=0, replicates=9)
    assert (found.overall.value or 0) > 1 / 4
