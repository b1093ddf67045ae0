"""Answers against a brute-force search over the same vectors, and the query's own document."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import interlingua
from indexer.encoders.hashing import HashingEncoder
from interlingua import Answer, Document, EncoderSpec, Index
from tests.documents import CATS_AND_APPLES

HASHING = EncoderSpec("hashing")

DOCUMENTS = [
    *CATS_AND_APPLES,
    Document("en4", "A cat leapt off the roof.", "en", "cat", {"topic": "animals"}),
    Document("de3", "Eine Katze sprang von der Wand.", "de", "wall", {"topic": "animals"}),
    Document("und", "xyzzy", "und", None, {"topic": "none"}),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index over nine documents, one of them of unknown language, two of one text."""
    path = tmp_path_factory.mktemp("query") / "index"
    interlingua.build(DOCUMENTS, path, encoder=HASHING)
    with interlingua.open(path) as opened:
        yield opened


def brute_force(text: str, documents: list[Document]) -> list[str]:
    """Ids by cosine in float64, then id."""
    encoder = HashingEncoder(HASHING)
    query = encoder.encode([text], "query").vectors[0].astype(np.float64)
    vectors = encoder.encode([d.text for d in documents], "passage").vectors.astype(np.float64)
    scores = (vectors @ query).astype(np.float32)
    order = sorted(range(len(documents)), key=lambda i: (-scores[i], documents[i].id))
    return [documents[i].id for i in order]


def ids(answer: Answer) -> list[str]:
    """Ids of the hits, nearest first."""
    return [hit.document.id for hit in answer.hits]


@pytest.mark.parametrize("text", ["A cat leapt off the wall.", "Katze", "apples", "גג"])
@pytest.mark.parametrize("k", [1, 3, 50])
def test_hits_are_the_nearest(index: Index, text: str, k: int) -> None:
    """The k nearest by brute force, ties by id; all there are when k is larger."""
    answer = index.search(text, k=k)
    assert ids(answer) == brute_force(text, DOCUMENTS)[:k]
    assert [hit.rank for hit in answer.hits] == list(range(1, len(answer.hits) + 1))


@pytest.mark.parametrize("languages", [["de"], ["de", "he"], ["ger", "iw"]])
def test_language_filter_still_gives_k(index: Index, languages: list[str]) -> None:
    """A restricted search returns the nearest of those languages, as many as there are."""
    allowed = [
        d for d in DOCUMENTS if d.lang in {"de", "he"} and (len(languages) > 1 or d.lang == "de")
    ]
    answer = index.search("A cat leapt off the roof.", k=4, languages=languages)
    assert ids(answer) == brute_force("A cat leapt off the roof.", allowed)[:4]


def test_document_named_by_its_id_is_left_out(index: Index) -> None:
    """The query is no neighbour of itself; its twin of the same text is."""
    answer = index.search("A cat leapt off the roof.", k=8, id="en1")
    expected = [i for i in brute_force("A cat leapt off the roof.", DOCUMENTS) if i != "en1"]
    assert ids(answer) == expected
    assert answer.hits[0].document.id == "en4"
    assert answer.hits[0].duplicate
    assert (answer.report.k, answer.report.duplicates) == (8, 1)
    assert answer.report.relevant_total == 3  # de1, he1 and the twin


def test_an_id_with_another_text_is_another_thing(index: Index) -> None:
    """Queries and documents may number alike: only id and text together name the document."""
    answer = index.search("cats", k=9, id="en1")
    assert "en1" in ids(answer)
    assert answer.report.relevant_total is None


def test_the_very_text_tells_the_group(index: Index) -> None:
    """A query that stands in the index, typed without its id, is known by its text."""
    report = index.search("Eine Katze sprang vom Dach.", k=4, lang="de").report
    assert report.duplicates == 1
    assert report.relevant_total == 4
    assert report.both == 1


def test_group_beats_the_text(index: Index) -> None:
    """A given group decides what means the same."""
    answer = index.search("A cat leapt off the roof.", k=9, group="wash")
    assert {h.document.id for h in answer.hits if h.same_meaning} == {"en3", "de2"}


def test_pool_of_the_report_is_what_the_search_could_return(index: Index) -> None:
    """Chance follows the filter: of the five food and animal documents below, two are German."""
    report = index.search("Wasch", k=4, lang="de", group="cat", where={"topic": "food"}).report
    assert (report.counted, report.relevant_total) == (2, 0)  # en3 and de2: all the food there is
    assert report.expected_same_language == pytest.approx(2 * 1 / 2)
    report = index.search("Wasch", k=2, lang="de", group="cat", languages=["en", "de"]).report
    # The group takes en1, en4 and de1 out; en2, en3, de2 and de3 are left, he1 is out of reach.
    assert report.relevant_total == 3
    assert report.expected_same_language == pytest.approx(report.counted * 2 / 4)
    assert report.counted == 2


def test_unknown_language_of_the_query_is_null(index: Index) -> None:
    """`und` shares a language with nobody, not even with `und`."""
    answer = index.search("xyzzy", k=3, lang="und")
    assert not any(hit.same_language for hit in answer.hits)
    assert answer.report.same_language is None
    assert answer.report.reason == "the language of the query is unknown"


def test_many_queries_are_answered_as_one_by_one(index: Index) -> None:
    """Batches change nothing: 300 queries give the answers they give alone."""
    texts = [f"{d.text} {i}" for i in range(40) for d in DOCUMENTS][:300]
    queries = [index.query(text, lang="en") for text in texts]
    together = list(index.search_many(queries, k=3))
    alone = [next(index.search_many([query], k=3)) for query in queries]
    assert together == alone


def test_an_unknown_id_is_refused(index: Index) -> None:
    """Asking for the neighbours of a document that is not there names the id."""
    with pytest.raises(interlingua.InputError, match="no document 'nobody'"):
        index.query_by_id("nobody")


def test_answers_see_what_a_writer_commits(tmp_path: Path) -> None:
    """An opened index answers from the newest commit, without being opened again."""
    path = tmp_path / "index"
    interlingua.build(DOCUMENTS[:3], path, encoder=HASHING)
    with interlingua.open(path) as opened:
        assert len(opened.search("cat", k=9).hits) == 3
        interlingua.add(DOCUMENTS[3:5], path)
        assert len(opened.search("cat", k=9).hits) == 5
        interlingua.delete(["en1", "de1"], path)
        assert sorted(ids(opened.search("cat", k=9))) == ["de2", "en2", "en3"]


def test_damage_is_said_before_a_model_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks a broken index should not sit through the loading of its encoder first."""
    interlingua.build(DOCUMENTS, tmp_path / "i", encoder=HASHING)
    (file,) = tmp_path.rglob("*.faiss")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])

    def refuse(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("search.query.open_encoder", refuse)
    with (
        interlingua.open(tmp_path / "i") as opened,
        pytest.raises(interlingua.CorruptError, match=file.name),
    ):
        opened.search("cat", lang="en")
