"""Answers from an index of chunks: documents by their best chunks, meanings carried over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import interlingua
from indexer.chunking import Chunking, whole_id
from indexer.errors import InputError
from indexer.index import IndexReader
from interlingua import Answer, Document, EncoderSpec, Index
from search.audit.options import AuditOptions
from search.audit.pool import make_pool
from search.audit.questions import documents_ask, queries_ask
from search.explain import explain
from search.options import Mode
from search.render import answer_json

HASHING = EncoderSpec("hashing")
DOCUMENTS = [
    Document("en1", "The cat leapt. It fell. It slept all day.", "en", "cat"),
    Document("en2", "Wash the apples. Peel the apples. Eat the apples.", "en", "wash"),
    Document("de1", "Die Katze sprang. Sie fiel. Sie schlief.", "de", "cat"),
    Document("de2", "Wasch die Äpfel. Iss die Äpfel.", "de", "wash"),
    Document("und", "xyzzy", "und", None),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Five documents in twelve chunks."""
    path = tmp_path_factory.mktemp("chunks") / "index"
    interlingua.build(DOCUMENTS, path, encoder=HASHING, chunking=Chunking.parse("sentences"))
    with interlingua.open(path) as opened:
        yield opened


def ids(answer: Answer) -> list[str]:
    """Ids of the hits, best first."""
    return [hit.document.id for hit in answer.hits]


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid"])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 9])
def test_documents_by_their_best_chunks(index: Index, mode: Mode, k: int) -> None:
    """The first chunk of each document in the list of all chunks; exactly k documents."""
    chunks = index.search("Eat the apples", k=100, lang="en", mode=mode)
    expected: dict[str, str] = {}
    for id_ in ids(chunks):
        expected.setdefault(whole_id(id_), id_)
    answer = index.search("Eat the apples", k=k, lang="en", mode=mode, by_document=True)
    assert ids(answer) == list(expected.values())[:k]
    assert [hit.rank for hit in answer.hits] == list(range(1, len(answer.hits) + 1))
    assert [hit.whole for hit in answer.hits] == list(expected)[:k]
    if mode != "lexical":
        assert len(answer.hits) == min(k, len(DOCUMENTS))


def test_the_report_counts_documents(index: Index) -> None:
    """By document, chance and totals are of documents, not of chunks."""
    answer = index.search("apples", k=4, lang="en", group="wash", by_document=True)
    assert answer.report.k == 4
    assert answer.report.relevant_total == 2
    # Of the four documents of known language two are about something else, one of them English.
    counted = [h for h in answer.hits if h.document.group != "wash" and h.document.lang != "und"]
    assert answer.report.counted == len(counted)
    assert answer.report.expected_same_language == pytest.approx(len(counted) / 2)
    chunks = index.search("apples", k=4, lang="en", group="wash")
    assert chunks.report.relevant_total == 5
    assert (answer.report.unit, chunks.report.unit) == ("document", "chunk")
    assert " of the 2 documents that mean the same" in explain(answer.report, "en")
    assert " of the 5 chunks that mean the same" in explain(chunks.report, "en")


def test_judgements_carry_over(index: Index) -> None:
    """A judged document stands for all its chunks."""
    query = index.query("apples", lang="en", relevant=["de2", "en2#0"])
    answer = next(index.search_many([query], k=12))
    same = {hit.document.id for hit in answer.hits if hit.same_meaning}
    assert same == {"de2#0", "de2#1", "en2#0"}
    assert answer.report.relevant_total == 3


def test_its_own_document_says_nothing(index: Index) -> None:
    """Chunks of the query's document are shown and not counted; by document they are left out."""
    query = index.query_by_id("en1#0")
    answer = next(index.search_many([query], k=11))
    assert "en1#0" not in ids(answer)
    assert {"en1#1", "en1#2"} <= set(ids(answer))
    # Without groups, the other chunks would pass for neighbours of the same language alone.
    assert answer.report.counted == sum(
        whole_id(id_) not in {"en1", "de1", "und"} for id_ in ids(answer)
    )
    grouped = next(index.search_many([query], k=11, by_document=True))
    assert {hit.whole for hit in grouped.hits} == {"en2", "de1", "de2", "und"}
    assert grouped.report.relevant_total == 1


def test_a_document_asks_with_its_first_chunk(index: Index) -> None:
    """Its id is as good as that of the chunk; one that is not there is neither."""
    assert index.query_by_id("en1") == index.query_by_id("en1#0")
    assert index.query_by_id("en1").id == "en1#0"
    for nobody in ("en9", "en1#99", "en"):
        with pytest.raises(InputError, match="no document"):
            index.query_by_id(nobody)


def test_a_long_document_does_not_crowd_out_others(tmp_path: Path) -> None:
    """More chunks are asked for until there are k documents, however many the best one has."""
    long = Document("long", " ".join(f"The cat sat {n}." for n in range(200)), "en")
    others = [Document(f"d{n}", f"Something else {n}.", "en") for n in range(3)]
    cut = Chunking.parse("sentences")
    interlingua.build([long, *others], tmp_path / "i", encoder=HASHING, chunking=cut)
    with interlingua.open(tmp_path / "i") as opened:
        answer = opened.search("The cat sat.", k=4, lang="en", by_document=True)
        query = opened.query_by_id("long#0")
        own = next(opened.search_many([query], k=202))
    assert {hit.whole for hit in answer.hits} == {"long", "d0", "d1", "d2"}
    # Without a group, its own chunks would pass for strangers that share the language alone.
    assert (len(own.hits), own.report.counted) == (202, 3)


def test_whole_documents_are_their_own(tmp_path: Path) -> None:
    """Where nothing is cut, asking by document changes nothing."""
    interlingua.build(DOCUMENTS, tmp_path / "i", encoder=HASHING)
    with interlingua.open(tmp_path / "i") as opened:
        plain = opened.search("apples", k=3, lang="en")
        assert plain == opened.search("apples", k=3, lang="en", by_document=True)
        assert plain.report.unit == "document"
        assert [hit.whole for hit in plain.hits] == ids(plain)
        hits = answer_json(plain)["hits"]
    assert isinstance(hits, list)
    assert [hit["document"] for hit in hits] == ids(plain)


def test_chunks_of_one_document_are_drawn_together(tmp_path: Path) -> None:
    """They are no independent evidence: an interval must not shrink because texts are cut."""
    plain = [Document(f"d{n}", f"One {n}. Two {n}. Three {n}.", "en") for n in range(3)]
    cut = Chunking.parse("sentences")
    interlingua.build([*plain, DOCUMENTS[0]], tmp_path / "i", encoder=HASHING, chunking=cut)
    with IndexReader.open(tmp_path / "i") as reader, reader.snapshot() as state:
        columns = state.columns()
    found = documents_ask(make_pool(columns), columns, None, 0)
    by_id = dict(zip(found.ids, found.clusters, strict=True))
    assert by_id == {
        **{f"d{n}#{piece}": f"d{n}" for n in range(3) for piece in range(3)},
        **{f"en1#{piece}": "cat" for piece in range(3)},
    }


def test_an_audit_knows_its_own_documents(index: Index) -> None:
    """Chunks of one document are no strangers to each other, and no right answers either."""
    with IndexReader.open(index.path) as reader, reader.snapshot() as state:
        columns = state.columns()
    pool = make_pool(columns, ["en"])
    found = documents_ask(pool, columns, None, 0)
    at = found.ids.index("en1#0")
    names = [
        {pool.ids[p] for p in places[at].tolist()} for places in (found.duplicates, found.right)
    ]
    assert names == [{"en1#1", "en1#2"}, {"de1#0", "de1#1", "de1#2"}]
    judged = [index.query("The cat leapt.", lang="en", id="en1#0", relevant=["de2", "en1"])]
    asked = queries_ask(pool, judged, columns.vectors[:1], None, 0)
    names = [
        {pool.ids[p] for p in places[0].tolist()} for places in (asked.duplicates, asked.right)
    ]
    assert names == [
        {"en1#1", "en1#2"},
        {"de2#0", "de2#1", "de1#0", "de1#1", "de1#2"},
    ]
    made = index.audit(AuditOptions(ks=(1,), replicates=100))
    assert made.mode == "groups"
    assert any("12 chunks of 5 documents" in warning for warning in made.warnings)
