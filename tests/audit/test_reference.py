"""Every measure of queries against the plain-loop reference, ties and duplicates included."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.audit.matched import matched_documents
from search.audit.scoring import gather
from search.measures import alignment, neighbours, ranking
from search.measures.evidence import Evidence, Scores
from search.measures.leave_one_out import leave_one_out
from tests.audit.arrays import ask_documents, ask_queries
from tests.audit.reference import Asked, Doc

K = 3


@st.composite
def corpora(draw: st.DrawFn, languages: str = "abcu", least: int = 1) -> list[Doc]:
    """Small corpora in few dimensions: many ties, equal texts, documents of unknown language."""
    size = draw(st.integers(least, 12))
    vector = st.tuples(*[st.integers(-2, 2)] * 2)
    return [
        Doc(
            id=f"d{i}",
            lang={"u": "und"}.get(code := draw(st.sampled_from(languages)), code * 2),
            group=draw(st.sampled_from(["g", "h", "i", None])),
            text=draw(st.sampled_from(["t0", *(f"text {i} {n}" for n in range(6))])),
            vector=draw(vector),
        )
        for i in range(size)
    ]


Reference = Callable[[Asked], Fraction | int | None]
AT_K: dict[str, tuple[Callable[[Evidence, int], Scores], Reference, Reference | None]] = {
    "same_language": (
        neighbours.same_language,
        lambda a: a.same_language(K),
        lambda a: a.same_language_chance(K),
    ),
    "excess": (neighbours.excess, lambda a: a.excess(K), None),
    "lift": (neighbours.lift, lambda a: a.lift(K), None),
    "p_value": (
        neighbours.p_value,
        lambda a: None if a.same_language(K) is None else a.p_value(K),
        lambda a: a.expected_p(K),
    ),
    "significant": (
        neighbours.significant,
        lambda a: a.significant(K),
        lambda a: a.significant_chance(K),
    ),
    "recall_other_language": (
        ranking.recall_other_language,
        lambda a: a.recall(K, own=False),
        None,
    ),
    "recall_same_language": (ranking.recall_same_language, lambda a: a.recall(K, own=True), None),
}
WHOLE: dict[str, tuple[Callable[[Evidence], Scores], Reference, Reference | None]] = {
    "strong_auc": (alignment.strong_auc, Asked.strong_auc, None),
    "strong_strict": (alignment.strong_strict, Asked.strong_strict, None),
    "weak_recall": (
        lambda e: alignment.weak_recall(e, 1),
        Asked.weak_recall,
        Asked.weak_recall_chance,
    ),
    "gap": (alignment.gap, Asked.gap, None),
    "map": (ranking.average_precision, Asked.average_precision, None),
    "rank_distance": (ranking.rank_distance, Asked.rank_distance, None),
    "own_language_first": (ranking.own_language_first, Asked.own_language_first, None),
}


def agree(found: np.ndarray, wanted: list[Fraction | int | None]) -> None:
    """Compare values, where None is undefined."""
    for value, exact in zip(found.tolist(), wanted, strict=True):
        if exact is None:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(float(exact), abs=1e-9)


def check(evidence: Evidence, asked: list[Asked]) -> None:
    """Compare all measures of all queries."""
    for at_k, value, chance in AT_K.values():
        scores = at_k(evidence, K)
        agree(scores.values, [value(a) for a in asked])
        if chance is not None:
            agree(scores.chance, [chance(a) for a in asked])
    for whole, value, chance in WHOLE.values():
        scores = whole(evidence)
        agree(scores.values, [value(a) for a in asked])
        if chance is not None:
            agree(scores.chance, [chance(a) for a in asked])


@given(corpora())
@settings(max_examples=150)
def test_documents_ask(corpus: list[Doc]) -> None:
    """Every measure of every document that asks is what plain loops give."""
    pool, questions = ask_documents(corpus)
    if not len(questions):
        assert all(d.lang == "und" for d in corpus)
        return
    evidence = gather(pool, questions, K).evidence
    by_id = {d.id: d for d in corpus}
    check(evidence, [Asked(by_id[questions.ids[i]], corpus) for i in evidence.query])


@given(corpora(), corpora(languages="abd"), st.data())
@settings(max_examples=100)
def test_judged_queries_ask(corpus: list[Doc], queries: list[Doc], data: st.DataObject) -> None:
    """The same for queries that stand in no corpus, in a language it may lack."""
    queries = [Doc(f"q{i}", q.lang, None, f"query {i}", q.vector) for i, q in enumerate(queries)]
    ids = st.sets(st.sampled_from([d.id for d in corpus]))
    right: list[set[str] | None] = [data.draw(ids) for _ in queries]
    pool, questions = ask_queries(corpus, queries, right)
    evidence = gather(pool, questions, K).evidence
    places = questions.place[evidence.query].tolist()
    check(evidence, [Asked(queries[i], corpus, right[i]) for i in places])


@given(corpora(languages="ab", least=2))
@settings(max_examples=100)
def test_topic_matched_control(corpus: list[Doc]) -> None:
    """The matched excess looks at documents whose group is in every language."""
    pool, questions = ask_documents(corpus)
    matched = matched_documents(pool, questions)
    if not matched.any() or questions.mode == "labels":
        return
    evidence = gather(pool, questions, K, matched=matched).evidence
    by_id = {d.id: d for d in corpus}
    agree(
        neighbours.excess_matched(evidence, K).values,
        [Asked(by_id[questions.ids[i]], corpus).matched_excess(K, corpus) for i in evidence.query],
    )


@given(corpora(languages="abc", least=2))
@settings(max_examples=60)
def test_leave_one_answer_out(corpus: list[Doc]) -> None:
    """The heatmap is the mean fall of the average precision, taken again without the answer."""
    pool, questions = ask_documents(corpus)
    table = leave_one_out(gather(pool, questions, K).evidence)
    for row, lang in enumerate(pool.languages):
        for column, gone in enumerate(pool.languages):
            falls = []
            for document in corpus:
                asked = Asked(document, corpus)
                whole, without = asked.average_precision(), asked.average_precision(gone)
                taken = any(d.lang == gone for d in asked.right)
                if document.lang == lang and taken and whole is not None and without is not None:
                    falls.append(whole - without)
            if falls:
                assert table[row, column] == pytest.approx(float(sum(falls) / len(falls)))
            else:
                assert np.isnan(table[row, column])


@given(corpora(least=3))
@settings(max_examples=25)
def test_expected_precision_is_the_mean_over_all_orders(corpus: list[Doc]) -> None:
    """The closed form of a random order's average precision, by trying every order."""
    corpus = corpus[:7]
    pool, questions = ask_documents(corpus)
    if not len(questions):
        return
    evidence = gather(pool, questions, K).evidence
    by_id = {d.id: d for d in corpus}
    agree(
        ranking.average_precision(evidence).chance,
        [Asked(by_id[questions.ids[i]], corpus).average_precision_chance() for i in evidence.query],
    )
