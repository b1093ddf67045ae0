"""Limits that everybody knows the answer of, and changes that must change nothing."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from search.audit.scores import score_queries, score_rankings
from search.audit.scoring import gather
from search.measures.anchors import language_separated_map, random_map
from search.measures.evidence import Evidence, Scores
from search.measures.measure import Measure
from tests.audit.arrays import ask_documents
from tests.audit.reference import Doc

LANGUAGES, MEANINGS, DIM, K = 4, 40, 64, 10
Points = NDArray[np.float64]


def grid(language: float, meaning: float, noise: float, seed: int = 0) -> list[Doc]:
    """Make a translation grid: how far a language, a meaning and chance move each document."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
    corpus = []
    for a in range(LANGUAGES):
        for b in range(MEANINGS):
            point = language * directions[a] + meaning * directions[LANGUAGES + b]
            point = point + noise * rng.standard_normal(DIM) / np.sqrt(DIM)
            unit = tuple((point / np.linalg.norm(point)).tolist())
            corpus.append(Doc(f"{a}-{b}", f"l{a}", str(b), f"text {a} {b}", unit))
    return corpus


def means(corpus: list[Doc], k: int = K) -> dict[str, float]:
    """Measure and average over all queries."""
    return {str(m): mean(s.values) for m, s in scored(corpus, k)[1].items()}


def mean(values: Points) -> float:
    """Average what is defined; NaN where nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def scored(corpus: list[Doc], k: int = K) -> tuple[Evidence, dict[Measure, Scores]]:
    """Take every measure of a corpus that asks for its own neighbours."""
    evidence = gather(*ask_documents(corpus), k).evidence
    return evidence, score_queries(evidence, [k], meaning=True, matched=True) | score_rankings(
        evidence, peer=True, seed=0
    )


def test_perfectly_fair() -> None:
    """Where only meaning moves a document, alignment is perfect and language plays no part."""
    found = means(grid(language=0, meaning=1, noise=0.2))
    assert found["excess@10"] == pytest.approx(0, abs=0.04)
    assert found["lift@10"] == pytest.approx(1, abs=0.1)
    assert found["strong_auc"] == found["strong_strict"] == found["weak_recall@1"] == 1
    assert found["gap"] == 0
    assert found["map"] == 1
    assert found["recall_other_language@10"] == 1


def test_perfectly_separated() -> None:
    """Where language comes before meaning, weak alignment is perfect and strong one is nil."""
    corpus = grid(language=10, meaning=1, noise=0.02)
    found = means(corpus)
    assert found["same_language@10"] == found["excess@10"] == 1
    assert found["lift@10"] == pytest.approx((4 * 40 - 4) / 39, rel=1e-6)
    assert found["strong_auc"] == found["strong_strict"] == 0
    assert found["weak_recall@1"] == found["gap"] == 1
    assert found["recall_other_language@10"] == 0


def test_random_vectors_are_at_chance() -> None:
    """Where nothing moves a document but chance, every measure is at its own chance level."""
    _, scores = scored(grid(language=0, meaning=0, noise=1))
    for measure, found in scores.items():
        known = ~np.isnan(found.values)
        values, chance = found.values[known], found.chance[known]
        if len(values):
            spread = values.std() / np.sqrt(len(values))
            assert abs(values.mean() - chance.mean()) <= 4 * spread + 1e-9, measure


def test_one_language_is_undefined() -> None:
    """A monolingual corpus has no bias and no absence of it."""
    corpus = [dataclasses.replace(d, lang="en", group=None) for d in grid(1, 1, 1)]
    for name in ("same_language", "excess", "lift", "significant"):
        found = scored(corpus)[1][Measure(name, K)]
        assert np.isnan(found.values).all()
        assert np.isnan(found.chance).all()


def test_all_vectors_equal() -> None:
    """A collapsed encoder: all scores tie, translations gain nothing, ties are broken by luck."""
    same = tuple([1.0] + [0.0] * (DIM - 1))
    found = means([dataclasses.replace(d, vector=same) for d in grid(1, 1, 1)])  # type: ignore[arg-type]
    assert found["strong_auc"] == 0.5
    assert found["strong_strict"] == found["weak_recall@1"] == 0
    assert abs(found["excess@10"]) < 0.15


def test_k_beyond_the_corpus() -> None:
    """All are neighbours: no other share was possible."""
    assert np.isnan(scored(grid(1, 1, 1), k=500)[1][Measure("excess", 500)].values).all()


@pytest.mark.parametrize("change", ["rotate", "reorder", "relabel"])
def test_invariances(change: str) -> None:
    """Rotating the vectors, reordering the documents, renaming the languages changes nothing."""
    corpus = grid(language=0.6, meaning=1, noise=0.8)
    rng = np.random.default_rng(5)
    if change == "rotate":
        turn = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
        changed = [
            dataclasses.replace(d, vector=tuple((np.array(d.vector) @ turn).tolist()))
            for d in corpus
        ]
    elif change == "reorder":
        changed = [corpus[i] for i in rng.permutation(len(corpus))]
    else:
        names = {"l0": "zz", "l1": "aa", "l2": "mm", "l3": "bb"}
        changed = [dataclasses.replace(d, lang=names[d.lang]) for d in corpus]
    before, after = means(corpus), means(changed)
    assert before.keys() == after.keys()
    for name, value in before.items():
        if not name.startswith("peer"):
            assert after[name] == pytest.approx(value, abs=1e-6, nan_ok=True), name


def test_anchors_bracket_a_separated_encoder() -> None:
    """The separated anchor is the mAP of an encoder that is separated; random is far below."""
    corpus = []
    for document in grid(language=0, meaning=0.2, noise=0.01):
        # Languages on a circle, at angles that differ pairwise: each sees the others as blocks.
        angle = (0, 0.5, 1.1, 1.8)[int(document.lang[1])]
        vector = (30 * np.cos(angle), 30 * np.sin(angle), *document.vector)
        corpus.append(dataclasses.replace(document, vector=vector))
    evidence, scores = scored(corpus)
    separated, chance = language_separated_map(evidence), random_map(evidence)
    assert separated is not None
    assert chance is not None
    # Which block comes second is for the encoder to say; all are equally large.
    assert mean(scores[Measure("map")].values) == pytest.approx(separated, rel=1e-6)
    assert chance == pytest.approx(np.mean(scores[Measure("map")].chance))


def test_anchors_by_hand() -> None:
    """Two languages of two documents: own language first, then the other, right one on top."""
    corpus = [
        Doc("a1", "aa", "1", "w", (1, 0)),
        Doc("a2", "aa", "2", "x", (0, 1)),
        Doc("b1", "bb", "1", "y", (1, 0)),
        Doc("b2", "bb", "2", "z", (0, 1)),
    ]
    evidence = gather(*ask_documents(corpus), 2).evidence
    # In reach: one of the own language (wrong), then the right one of the other on top: 1/2.
    assert language_separated_map(evidence) == pytest.approx(0.5)
    # One right document among three: (1 + 1/2 + 1/3) / 3.
    assert random_map(evidence) == pytest.approx(11 / 18)
