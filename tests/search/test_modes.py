"""Dense, lexical and hybrid answers over one index, each with its language report."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import interlingua
from indexer.encoders.hashing import HashingEncoder
from indexer.imported import import_vectors
from indexer.nearest import Neighbours
from interlingua import Answer, Document, EncoderSpec, Index, UsageError
from search.fusion import fuse
from search.merging import Merging
from search.options import Mode
from search.render import answer_json, render_answer
from tests.documents import CATS_AND_APPLES
from tests.indexer.bm25 import bm25

HASHING = EncoderSpec("hashing")
DOCUMENTS = [
    *CATS_AND_APPLES,
    Document("zh1", "一只猫从屋顶跳了下来。", "zh", "cat", {"topic": "animals"}),
]
TEXTS = {d.id: d.text for d in DOCUMENTS}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index over seven documents."""
    path = tmp_path_factory.mktemp("modes") / "index"
    interlingua.build(DOCUMENTS, path, encoder=HASHING)
    with interlingua.open(path) as opened:
        yield opened


def ids(answer: Answer) -> list[str]:
    """Ids of the hits, best first."""
    return [hit.document.id for hit in answer.hits]


def by_hand(lists: list[list[str]], k: int) -> list[tuple[str, float]]:
    """Reciprocal rank fusion in fractions; ties by the place in the first list, then the second."""
    scores: dict[str, Fraction] = {}
    for found in lists:
        for rank, id_ in enumerate(found, start=1):
            scores[id_] = scores.get(id_, Fraction(0)) + Fraction(1, 60 + rank)
    places = {id_: [f.index(id_) if id_ in f else 10**6 for f in lists] for id_ in scores}
    best = sorted(scores, key=lambda id_: (-scores[id_], places[id_]))[:k]
    return [(id_, float(np.float32(float(scores[id_])))) for id_ in best]


UNIQUE = st.lists(st.integers(0, 30), unique=True, max_size=20)


@given(UNIQUE, UNIQUE, st.integers(1, 50))
def test_fusion_is_the_sum_of_reciprocal_ranks(a: list[int], b: list[int], k: int) -> None:
    """Scores, order and ties are those worked out in fractions."""
    lists = [Neighbours(np.array(x, np.int64), np.zeros(len(x), np.float32)) for x in (a, b)]
    found = fuse(lists, k)
    expected = by_hand([[str(v) for v in x] for x in (a, b)], k)
    assert [str(v) for v in found.vids.tolist()] == [id_ for id_, _ in expected]
    assert found.scores.tolist() == pytest.approx([s for _, s in expected], rel=1e-6)


QUERIES = ["A cat leapt", "Katze", "屋顶", "apples Äpfel", "קפץ"]


@pytest.mark.parametrize("text", QUERIES)
def test_lexical_hits_share_a_term(index: Index, text: str) -> None:
    """Those that the formula scores, best first, with its scores."""
    answer = index.search(text, k=50, lang="en", mode="lexical")
    scores = bm25(TEXTS, text)
    assert ids(answer) == sorted(scores, key=lambda id_: (-scores[id_], id_))
    assert [hit.score for hit in answer.hits] == pytest.approx(
        sorted(scores.values(), reverse=True), rel=1e-6
    )


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("k", [1, 3, 50])
def test_hybrid_fuses_both(index: Index, text: str, k: int) -> None:
    """Exactly k, in the order of the summed reciprocal ranks of the two lists."""
    lists = [ids(index.search(text, k=100, lang="en", mode=m)) for m in ("dense", "lexical")]
    answer = index.search(text, k=k, lang="en", mode="hybrid")
    expected = by_hand(lists, k)
    assert ids(answer) == [id_ for id_, _ in expected]
    assert [hit.score for hit in answer.hits] == pytest.approx([s for _, s in expected], rel=1e-6)
    assert len(answer.hits) == min(k, len(DOCUMENTS))


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid"])
def test_every_mode_filters_and_reports(index: Index, mode: Mode) -> None:
    """Only what the filter lets pass; counts by hand; the same document as JSON."""
    answer = index.search(
        "Eine Katze", lang="de", group="cat", languages=["de", "en"], k=2, mode=mode
    )
    assert {hit.document.lang for hit in answer.hits} <= {"de", "en"}
    same = [hit for hit in answer.hits if hit.document.lang == "de"]
    assert answer.report.same_language == len(same)
    assert answer.report.same_meaning == sum(h.document.group == "cat" for h in answer.hits)
    assert answer.report.relevant_total == 2
    assert answer.mode == answer_json(answer)["mode"] == mode
    assert render_answer(answer)


@pytest.mark.parametrize("mode", ["lexical", "hybrid"])
def test_the_query_itself_is_left_out(index: Index, mode: Mode) -> None:
    """A document that asks does not find itself by its words either."""
    answer = index.search(DOCUMENTS[0].text, id="en1", k=50, mode=mode)
    assert "en1" not in ids(answer)
    assert "en2" in ids(answer)


def test_lexical_search_loads_no_encoder(tmp_path: Path) -> None:
    """Vectors made elsewhere have their texts: words are found, and meant vectors fused."""
    vectors = HashingEncoder(HASHING).encode(list(TEXTS.values()), "passage").vectors
    np.save(tmp_path / "v.npy", vectors)
    records = [interlingua.Record(document=d, place=d.id) for d in DOCUMENTS]
    import_vectors(tmp_path / "v.npy", records, tmp_path / "i")
    with interlingua.open(tmp_path / "i") as opened:
        assert ids(opened.search("屋顶", lang="zh", mode="lexical")) == ["zh1"]
        query = opened.query("屋顶", lang="zh")
        answer = next(opened.search_many([query], k=7, vectors=vectors[:1], mode="hybrid"))
    assert ids(answer)[0] == "zh1" or "zh1" in ids(answer)[:2]
    assert len(answer.hits) == 7


def test_merging_composes_or_is_refused(index: Index) -> None:
    """The dense half is merged before it is fused; a lexical search has nothing to merge."""
    merging = Merging("round-robin")
    lists = [
        ids(index.search("A cat leapt", k=100, lang="en", merging=merging)),
        ids(index.search("A cat leapt", k=100, lang="en", mode="lexical")),
    ]
    answer = index.search("A cat leapt", k=5, lang="en", merging=merging, mode="hybrid")
    assert ids(answer) == [id_ for id_, _ in by_hand(lists, 5)]
    with pytest.raises(UsageError, match="no merging round-robin in mode lexical"):
        index.search("A cat leapt", lang="en", merging=merging, mode="lexical")
    plain = index.search("A cat leapt", lang="en", merging=Merging("none"), mode="lexical")
    assert ids(plain) == lists[1]


def test_many_are_answered_as_one_by_one(index: Index) -> None:
    """A batch gives the answers its queries get alone."""
    queries = [index.query(text, lang="en") for text in QUERIES]
    for mode in ("lexical", "hybrid"):
        together = list(index.search_many(queries, k=3, mode=mode))
        assert together == [next(index.search_many([q], k=3, mode=mode)) for q in queries]


def test_an_unknown_mode_is_refused(index: Index) -> None:
    """A name that is none is no other mode in disguise."""
    with pytest.raises(UsageError, match=r"no mode 'sparse'") as caught:
        index.search("A cat leapt", lang="en", mode=cast("Mode", "sparse"))
    assert caught.value.remedy == "take one of dense, lexical, hybrid"
