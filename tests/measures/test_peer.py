"""PEER against scipy's Kruskal-Wallis test, and where it is a constant."""

from collections import defaultdict

import numpy as np
import pytest
from scipy.stats import kruskal

from search.audit.scoring import gather
from search.measures.evidence import Evidence
from search.measures.peer import peer, peer_effect
from tests.audit.arrays import ask_queries
from tests.audit.reference import Asked, Doc


def judged(seed: int, dim: int = 3) -> tuple[Evidence, list[Asked]]:
    """Queries with several right documents in each language; whole numbers, so ranks tie."""
    rng = np.random.default_rng(seed)
    points = [tuple(row) for row in rng.integers(-3, 4, (46, dim)).tolist()]
    corpus = [Doc(f"d{i}", "abc"[i % 3] * 2, None, f"t{i}", points[i]) for i in range(40)]
    queries = [Doc(f"q{i}", "aa", None, f"q {i}", points[40 + i]) for i in range(6)]
    right: list[set[str] | None] = [
        {corpus[i].id for i in rng.choice(40, 9, replace=False)} for _ in queries
    ]
    pool, questions = ask_queries(corpus, queries, right)
    evidence = gather(pool, questions, 5).evidence
    asked = [Asked(queries[i], corpus, right[i]) for i in questions.place[evidence.query]]
    return evidence, asked


@pytest.mark.parametrize("seed", range(10))
def test_is_the_test_of_scipy(seed: int) -> None:
    """Mean p and effect are those of scipy.stats.kruskal on the ranks of the right documents."""
    evidence, asked = judged(seed)
    p, effect = peer(evidence, 0), peer_effect(evidence)
    for row, one in enumerate(asked):
        ranks = defaultdict(list)
        for document in one.right:
            ranks[document.lang].append(one.rank(document))
        tied = len({rank for some in ranks.values() for rank in some}) == 1
        if tied or max(map(len, ranks.values())) < 2 or len(ranks) < 2:
            assert np.isnan(p.values[row])
            continue
        test = kruskal(*ranks.values())
        assert p.values[row] == pytest.approx(test.pvalue)
        assert effect.values[row] == pytest.approx(test.statistic / (len(one.right) - 1))


def test_chance_is_that_of_a_fair_ranking() -> None:
    """Random vectors are fair: p and effect come out at their chance levels, not at 1 and 0."""
    rng = np.random.default_rng(1)
    corpus = [
        Doc(f"d{i}", "abc"[i % 3] * 2, None, f"t{i}", tuple(rng.standard_normal(8).tolist()))
        for i in range(200)
    ]
    queries = [
        Doc(f"q{i}", "aa", None, f"q {i}", tuple(rng.standard_normal(8).tolist()))
        for i in range(400)
    ]
    right: list[set[str] | None] = [
        {corpus[i].id for i in rng.choice(200, 15, replace=False)} for _ in queries
    ]
    evidence = gather(*ask_queries(corpus, queries, right), 5).evidence
    for found in (peer(evidence, 0), peer_effect(evidence)):
        assert np.nanmean(found.values) == pytest.approx(np.nanmean(found.chance), abs=0.03)
    assert 0.45 < np.nanmean(peer(evidence, 0).chance) < 0.55


def test_one_right_document_a_language_is_undefined() -> None:
    """H is then n - 1 whatever the ranking: the measure says nothing, and says that."""
    corpus = [Doc(f"d{i}", f"l{i}", "g", f"t{i}", (i, 1)) for i in range(5)]
    evidence = gather(*ask_queries(corpus, [Doc("q", "l0", "g", "q", (1, 0))], [None]), 2).evidence
    found = peer(evidence, 0)
    assert np.isnan(found.values).all()
    assert "constant" in found.needs
