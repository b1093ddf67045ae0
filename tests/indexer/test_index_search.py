"""Answers depend on what is in an index, and on nothing else."""

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer import nearest as nearest_module
from indexer.errors import InputError, UsageError
from indexer.index import IndexReader, IndexSettings, IndexWriter
from indexer.records import Document, EncodedDocument, Filter, Vectors
from tests.indexer.reference import (
    SETTINGS,
    as_pairs,
    build,
    embed,
    encoded,
    neighbours,
    random_units,
)

WIDE = IndexSettings(
    **{**{f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__}, "dim": 64}
)


def wide(n: int, seed: int = 0) -> list[EncodedDocument]:
    """Make documents with close vectors of 64 dimensions, each tenth the copy of another."""
    vectors = random_units(n, 64, seed) * 0.05 + random_units(1, 64, 99)
    vectors[::10] = vectors[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        EncodedDocument(Document(f"d{i:04}", f"t{i}", ("de", "en", "he")[i % 3]), v, 1, 0)
        for i, v in enumerate(vectors.astype(np.float32))
    ]


def near(n: int, seed: int = 1) -> Vectors:
    """Make queries in the same cone."""
    return np.stack([e.vector for e in wide(n, seed)])


@pytest.fixture(scope="module")
def corpus() -> list[EncodedDocument]:
    """1,200 documents."""
    return wide(1200)


@pytest.fixture(scope="module")
def histories(
    corpus: list[EncodedDocument], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Index the corpus at once, in another order, in pieces, and through detours."""
    folder = tmp_path_factory.mktemp("histories")
    shuffled = [corpus[i] for i in np.random.default_rng(5).permutation(len(corpus))]
    for name, batch in (("straight", corpus), ("shuffled", shuffled)):
        with IndexWriter.create(folder / name, WIDE) as writer:
            writer.add(batch, cursor=len(batch))
            writer.finish()
    with IndexWriter.create(folder / "tail", WIDE) as writer:
        writer.add(shuffled, cursor=1)
    with IndexWriter.create(folder / "detours", WIDE) as writer:
        wrong = [EncodedDocument(e.document, corpus[0].vector, 1, 0) for e in corpus[:700]]
        writer.add(wrong, cursor=1)
        writer.finish()
        writer.add(wide(300, seed=7)[:50], replace=True)
        writer.add(corpus[600:], replace=True)
        writer.finish()
        writer.delete([e.document.id for e in corpus[:300]])
        writer.add(corpus[:600], replace=True)
    return {name: folder / name for name in ("straight", "shuffled", "tail", "detours")}


@pytest.mark.parametrize("name", ["straight", "shuffled", "tail", "detours"])
@pytest.mark.parametrize("k", [1, 10, 150])
def test_answers_are_those_of_a_scan_whatever_the_history(
    histories: dict[str, Path], corpus: list[EncodedDocument], name: str, k: int
) -> None:
    """Scores agree to the last bit and ties come in the order of ids."""
    queries = np.concatenate([near(4), corpus[0].vector[None]])
    filters = (Filter(), Filter(languages=frozenset({"he"}), exclude=frozenset({"d0002"})))
    with IndexReader.open(histories[name]) as reader:
        for filter_ in filters:
            found = [as_pairs(hits) for hits in reader.search(queries, k, filter_)]

            assert found == [neighbours(corpus, query, k, filter_) for query in queries]


def test_a_query_is_answered_alike_alone_and_in_a_crowd(histories: dict[str, Path]) -> None:
    """FAISS adds in another order for a large batch; answers must not show it."""
    queries = near(100)
    with IndexReader.open(histories["straight"]) as reader:
        together = [as_pairs(hits) for hits in reader.search(queries, 10)]
        alone = [as_pairs(reader.search(query[None], 10)[0]) for query in queries]
    assert together == alone


def test_blocks_and_chunks_do_not_show(
    histories: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cutting the work elsewhere changes nothing."""
    queries = near(50)
    with IndexReader.open(histories["straight"]) as reader:
        whole = reader.search(queries, 10)
        monkeypatch.setattr(nearest_module, "_BLOCK_QUERIES", 7)
        monkeypatch.setattr(nearest_module, "_CHUNK", 5)
        monkeypatch.setattr(nearest_module, "_TOGETHER", 40)
        assert reader.search(queries, 10) == whole


def test_ties_beyond_the_first_guess_are_resolved(tmp_path: Path) -> None:
    """Of a thousand equal texts the first ids are the answer, whatever FAISS prefers."""
    ids = [f"{n:04}" for n in np.random.default_rng(0).permutation(1000)]
    path = build(tmp_path / "i", [encoded(id_, "same") for id_ in ids])
    with IndexReader.open(path) as reader:
        hits = reader.search(embed("same")[None], 3)[0]
    assert [h.document.id for h in hits] == ["0000", "0001", "0002"]


def test_faiss_is_trusted_no_further_than_its_bound() -> None:
    """The margin covers what float32 sums can be off by, with vectors of the real size."""
    vectors = random_units(2000, 384, 3) * 0.2 + random_units(1, 384, 4)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    exact = vectors.astype(np.float64) @ vectors[:50].astype(np.float64).T
    error = np.abs(vectors @ vectors[:50].T - exact).max()
    assert error < nearest_module.error_bound(384)


@pytest.mark.parametrize(
    "lengths", [np.zeros(300), np.linspace(-9e-4, 9e-4, 300), np.linspace(1e-4, 9e-4, 300)]
)
def test_scores_closer_than_float32_sums_err_are_told_apart(
    tmp_path: Path, lengths: NDArray[np.float64]
) -> None:
    """FAISS's order of near ties is not ours, nor is that of scores beyond 1, which are cut."""
    noise = 1e-7 * np.random.default_rng(6).standard_normal((300, 64))
    vectors = (random_units(1, 64, 8) * (1 + lengths[:, None]) + noise).astype(np.float32)
    ids = np.random.default_rng(7).permutation(300)
    model = [
        EncodedDocument(Document(f"{id_:03}", f"t{id_}", "en"), vector, 1, 0)
        for id_, vector in zip(ids, vectors, strict=True)
    ]
    with IndexWriter.create(tmp_path / "i", WIDE) as writer:
        writer.add(model, cursor=len(model))
        writer.finish()
    along = random_units(1, 64, 8)
    queries = np.concatenate([along, -along, random_units(40, 64, 9)])
    with IndexReader.open(tmp_path / "i") as reader:
        together = [as_pairs(hits) for hits in reader.search(queries, 5)]
        twice = [as_pairs(reader.search(np.stack([q, q]), 5)[1]) for q in queries]
        alone = [as_pairs(reader.search(q[None], 5)[0]) for q in queries]
    assert together == twice == alone == [neighbours(model, query, 5) for query in queries]


@pytest.mark.parametrize("share", [1, 2, 7, 400])
def test_exactly_k_however_rare(
    histories: dict[str, Path], corpus: list[EncodedDocument], share: int
) -> None:
    """A filter that passes few documents still yields as many as there are, up to k."""
    wanted = frozenset(e.document.id for e in corpus[:share])
    filter_ = Filter(exclude=frozenset(e.document.id for e in corpus) - wanted)
    with IndexReader.open(histories["detours"]) as reader:
        hits = reader.search(near(2), 10, filter_)
    assert [len(h) for h in hits] == [min(10, share)] * 2
    assert {h.document.id for h in hits[0]} <= wanted


def test_more_filters_than_are_remembered(histories: dict[str, Path]) -> None:
    """What is remembered of filters is bounded, and forgetting does not show."""
    with IndexReader.open(histories["straight"]) as reader, reader.snapshot() as state:
        for n in range(40):
            tags = frozenset({"he", f"x-{n}"})
            assert state.language_counts(Filter(languages=tags)) == {"he": 400}
            assert len(state.search(near(1), 2, Filter(languages=tags))[0]) == 2
        assert state.language_counts(ids=["d0001", "d0002", "zz"]) == {"en": 1, "he": 1}


def test_an_empty_index_and_no_queries_answer_with_nothing(tmp_path: Path) -> None:
    """Emptiness is no error."""
    path = build(tmp_path / "i", [])
    with IndexReader.open(path) as reader:
        assert reader.search(embed("x")[None], 5) == [[]]
        assert reader.search(np.empty((0, SETTINGS.dim), np.float32), 5) == []
        assert reader.language_counts() == {}


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((1, 8), np.float32), "query 1: its vector is zero"),
        (np.full((1, 8), np.nan, np.float32), "NaN"),
        (np.full((1, 8), np.inf, np.float32), "infinity"),
        (np.full((1, 8), 0.5, np.float32), "unit length"),
        (np.ones((1, 9), np.float32) / 3, r"shape \(1, 9\)"),
        (np.ones(8, np.float32), r"shape \(8,\)"),
    ],
)
def test_queries_that_cannot_be_meant_are_refused(
    tmp_path: Path, vectors: Vectors, message: str
) -> None:
    """FAISS would answer them with arbitrary ids or none."""
    with IndexReader.open(build(tmp_path / "i", [encoded("a")])) as reader:
        with pytest.raises(InputError, match=message) as caught:
            reader.search(vectors, 1)
        assert caught.value.remedy
        for k in (0, -1):
            with pytest.raises(UsageError, match=f"k is {k}"):
                reader.search(embed("x")[None], k)


def test_unknown_ids_have_no_vector(tmp_path: Path) -> None:
    """Asking for a vector that is not there names the id; order and repetition are kept."""
    with IndexReader.open(build(tmp_path / "i", [encoded("a"), encoded("b")])) as reader:
        with pytest.raises(InputError, match="'zz'"):
            reader.vectors(["a", "zz"])
        rows = reader.vectors(["b", "a", "b"])
    assert np.array_equal(rows, np.stack([encoded(i).vector for i in "bab"]))


def test_a_snapshot_does_not_move(tmp_path: Path) -> None:
    """While it is held, later commits do not show in any of its answers."""
    path = build(tmp_path / "i", [encoded("a"), encoded("b")])
    with IndexWriter.open(path) as writer, IndexReader.open(path) as reader:
        with reader.snapshot() as state:
            writer.add([encoded("c")])
            writer.delete(["a"])
            writer.finish()
            assert {h.document.id for h in state.search(embed("x")[None], 9)[0]} == {"a", "b"}
            assert sum(state.language_counts().values()) == 2
            assert state.document("c") is None
            assert state.info().documents == 2
            assert len(list(state.documents())) == 2
            assert len(state.vectors(["a"])) == 1
            with reader.snapshot() as later:
                assert later.seq > state.seq
        assert {h.document.id for h in reader.search(embed("x")[None], 9)[0]} == {"b", "c"}


def test_threads_share_a_reader_during_writes(tmp_path: Path) -> None:
    """Every answer of every thread is one state: all of a batch or none of it."""
    path = build(tmp_path / "i", [encoded(f"0-{n}") for n in range(10)])
    wrong: list[object] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                hits = reader.search(embed("x")[None], 10_000)[0]
                sizes = {h.document.id.split("-")[0] for h in hits}
                if len(hits) != 10 * len(sizes):
                    wrong.append(len(hits))
        except BaseException as error:
            wrong.append(error)
            raise

    with IndexReader.open(path) as reader, IndexWriter.open(path) as writer:
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for batch in range(1, 25):
            writer.add([encoded(f"{batch}-{n}") for n in range(10)])
            if batch % 5 == 0:
                writer.finish()
                writer.delete([f"{batch - 2}-{n}" for n in range(10)])
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
