"""Approximate kinds of index: what they are, what they find, and what they must not lose."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from indexer import vector_files
from indexer import writer as writer_module
from indexer.errors import CorruptError, UsageError
from indexer.index import Indexing, IndexReader, IndexSettings, IndexWriter
from indexer.kinds import QUANTISATIONS, expected_bytes, factory, read_size
from indexer.records import Document, EncodedDocument, Filter, Vectors
from indexer.store import DATABASE
from indexer.verify import repair, verify
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.merging import Merging
from search.ranked import ranked
from tests.indexer.reference import SETTINGS, faiss_files, flip_bit

N, DIM = 1600, 16
SOME = IndexSettings(
    **{**{f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__}, "dim": DIM}
)
KINDS = [(kind, codes) for kind in ("flat", "ivf", "hnsw") for codes in QUANTISATIONS]


def documents() -> list[EncodedDocument]:
    """Clustered vectors in four languages; every hundredth document is Icelandic."""
    n, rng = N, np.random.default_rng(0)
    x = rng.standard_normal((60, DIM))[rng.integers(0, 60, n)]
    x = x + 0.5 * rng.standard_normal((n, DIM))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    spoken = ["is" if i % 100 == 0 else ("de", "en", "th")[i % 3] for i in range(n)]
    return [
        EncodedDocument(Document(f"d{i:04}", f"t{i}", spoken[i], f"{i // 3}"), x[i], 1, 0)
        for i in range(n)
    ]


def queries() -> Vectors:
    """Every fortieth document."""
    return np.stack([e.vector for e in documents()[::40]])


def build(path: Path, indexing: Indexing | None = None, n: int = N) -> Path:
    """Build an index."""
    with IndexWriter.create(path, SOME) as writer:
        if indexing is not None:
            writer.ask_for(indexing)
        writer.add(documents()[:n], cursor=n)
        writer.finish()
    return path


def answers(
    path: Path,
    allowed: Filter | None = None,
    merging: Merging | None = None,
    exact: bool = False,
) -> list[list[tuple[str, float]]]:
    """Ask for the ten nearest of every query."""
    asked = queries()
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        vectors = state.debiasing.apply(asked, ["en"] * len(asked))
        hits = ranked(
            state,
            vectors,
            ["en"] * len(asked),
            10,
            allowed or Filter(),
            merging or Merging(),
            [frozenset()] * len(asked),
            exact,
        )
    return [[(h.document.id, h.score) for h in row] for row in hits]


def recall(found: list[list[tuple[str, float]]], true: list[list[tuple[str, float]]]) -> float:
    """Share of the true neighbours that were found."""
    shares = [len({*f} & {*t}) / len(t) for f, t in zip(found, true, strict=True)]
    return float(np.mean(shares))


@pytest.fixture(scope="module")
def exact_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exact index."""
    return build(tmp_path_factory.mktemp("kinds") / "exact")


RARE = Filter(languages=frozenset({"is"}))


@pytest.mark.parametrize(("kind", "codes"), KINDS)
def test_every_kind_finds_filters_merges_and_verifies(
    tmp_path: Path,
    exact_path: Path,
    kind: str,
    codes: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Scores are exact whatever FAISS holds, and so is all that is asked for with ``exact``."""
    path = build(tmp_path / "i", Indexing(kind, codes))  # type: ignore[arg-type]
    true, standardise = answers(exact_path), Merging("standardise")
    for mapped in (False, True):
        monkeypatch.setattr(vector_files, "MAPPED_FROM", 1 if mapped else 1 << 40)
        found = answers(path)
        # Links among codes of 4 bytes are a matter of luck: 0.83 to 0.95 by the order of vectors.
        assert recall(found, true) > (0.8 if (kind, codes) == ("hnsw", "pq") else 0.9)
        assert [len(row) for row in found] == [10] * len(found)
        assert answers(path, exact=True) == true
        rare = answers(path, RARE)
        assert [len(row) for row in rare] == [10] * len(rare)
        assert recall(rare, answers(exact_path, RARE)) > 0.9
        assert (
            recall(answers(path, merging=standardise), answers(exact_path, merging=standardise))
            > 0.9
        )
        assert answers(path, merging=standardise, exact=True) == answers(
            exact_path, merging=standardise
        )
    with IndexReader.open(path) as reader:
        info = reader.info()
    assert (info.kind, info.files, info.tail) == (kind, 1, 0)
    assert info.factory == factory(kind, codes, N, DIM)  # type: ignore[arg-type]
    assert verify(path) == []


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_a_filter_passes_exactly_as_many_as_there_are(tmp_path: Path, kind: str) -> None:
    """One document in sixteen hundred, some, and with most of them deleted."""
    path = build(tmp_path / "i", Indexing(kind))  # type: ignore[arg-type]
    with IndexWriter.open(path) as writer:
        writer.delete([f"d{i:04}" for i in range(0, N, 100) if i > 300])
        writer.delete([f"d{i:04}" for i in range(1, N, 2)])
    assert {len(row) for row in answers(path, RARE)} == {4}
    left = answers(path)
    assert {len(row) for row in left} == {10}
    assert all(int(id_[1:]) % 2 == 0 for row in left for id_, _ in row)
    assert verify(path) == []


def test_what_is_added_later_is_found_beside_the_main_file(
    tmp_path: Path, exact_path: Path
) -> None:
    """In the tail, and sealed; until a quarter lies outside, and all is written anew."""
    path = build(tmp_path / "i", Indexing("ivf"), n=1300)
    with IndexWriter.open(path) as writer:
        writer.add(documents()[1300:])
        true = answers(exact_path)
        assert recall(answers(path), true) > 0.9
        assert answers(path, exact=True) == true
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(writer_module, "SEAL_AT", 100)
            writer.seal()
            with IndexReader.open(path) as reader:
                assert reader.info().files == 2
            assert answers(path, exact=True) == true
            more = [
                EncodedDocument(Document(f"e{i}", "x", "en"), e.vector, 1, 0)
                for i, e in enumerate(documents()[:300])
            ]
            writer.add(more)
            writer.seal()
    with IndexReader.open(path) as reader:
        assert (reader.info().files, reader.info().tail) == (1, 0)
    assert verify(path) == []


def test_a_kind_is_changed_to_and_fro(tmp_path: Path, exact_path: Path) -> None:
    """Under a transform too; back at the exact kind the very answers are there again."""
    path = build(tmp_path / "i")
    before = answers(path)
    assert before == answers(exact_path)
    with IndexReader.open(path) as reader:
        statistics = statistics_of_index(reader)
    apply_debiasing(path, debiasing_of(Candidate("centring", Merging()), statistics, "itself"))
    centred = answers(path)
    with IndexWriter.open(path) as writer:
        assert not writer.reindex(Indexing("ivf", "sq8")).exact
    assert answers(path, exact=True) == centred
    assert recall(answers(path), centred) > 0.9
    assert verify(path) == []
    with IndexWriter.open(path) as writer:
        assert writer.reindex(Indexing()).exact
    assert answers(path) == centred


@pytest.mark.parametrize("codes", ["none", "sq8"])
def test_a_lost_or_damaged_file_is_written_again(tmp_path: Path, codes: str) -> None:
    """In its kind, from the raw vectors; a mapped file is hashed when it was written to."""
    path = build(tmp_path / "i", Indexing("ivf", codes))  # type: ignore[arg-type]
    true = answers(path, exact=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_files, "MAPPED_FROM", 1)
        flip_bit(faiss_files(path)[0], 2000)
        with pytest.raises(CorruptError, match="SHA-256"):
            answers(path)
        assert "SHA-256" in verify(path)[0].what
        repair(path)
        assert verify(path) == []
    faiss_files(path)[0].unlink()
    repair(path)
    assert answers(path, exact=True) == true
    with IndexReader.open(path) as reader:
        assert reader.info().kind == "ivf"


def test_codes_are_not_taken_for_a_vector_that_is_gone(tmp_path: Path) -> None:
    """What a file of codes gives back is near the raw vector, and not it."""
    path = build(tmp_path / "i", Indexing("ivf", "sq8"))
    conn = sqlite3.connect(path / DATABASE)
    with conn:
        [(id_,)] = conn.execute("SELECT id FROM documents WHERE vid = 7")
        conn.execute("DELETE FROM vectors WHERE vid = 7")
    conn.close()
    report = repair(path)
    assert (report.vectors_restored, report.lost) == ((), (id_,))
    assert verify(path) == []


def test_auto_is_exact_until_it_need_not_be() -> None:
    """And says why; a budget quantises as far as it must."""
    plan = Indexing().plan(50_000, 384)
    assert (plan.factory, plan.exact) == ("Flat", True)
    assert "50,000" in plan.why
    plan = Indexing().plan(50_001, 384)
    assert (plan.kind, plan.factory) == ("ivf", "IVF1024,Flat")
    assert "50,001" in plan.why
    assert Indexing().plan(1_000_000, 384).factory == "IVF4096,Flat"
    sizes = [expected_bytes("ivf", codes, 10**6, 384) for codes in QUANTISATIONS]
    assert sizes == sorted(sizes, reverse=True)
    for codes, size in zip(QUANTISATIONS, sizes, strict=True):
        plan = Indexing(memory_budget=size).plan(10**6, 384)
        assert plan.quantisation == codes
        assert plan.why.endswith(f" fit {size:,} bytes")
    for asked in (Indexing(memory_budget=1000), Indexing("auto", "pq", 1000)):
        plan = asked.plan(10**6, 384)
        assert plan.quantisation == "pq"
        assert plan.why.endswith("; vectors in pq need more than 1,000 bytes")
    few = Indexing(memory_budget=1000).plan(10, 384)
    assert few.why.endswith("; raw vectors need more than 1,000 bytes")
    assert Indexing("hnsw", "fp16").plan(999, 384).factory == "Flat"


def test_a_file_is_as_large_as_expected(tmp_path: Path) -> None:
    """Within a tenth and some constant."""
    for kind, codes in KINDS[4:]:
        path = build(tmp_path / f"{kind}-{codes}", Indexing(kind, codes))  # type: ignore[arg-type]
        with IndexReader.open(path) as reader:
            size = reader.info().bytes
        expected = expected_bytes(kind, codes, N, DIM)  # type: ignore[arg-type]
        assert abs(size - expected) < 0.1 * expected + 40_000


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("800MB", 800 * 10**6),
        ("1.5 gb", 15 * 10**8),
        ("2GiB", 2 << 30),
        ("77", 77),
        ("5k", 5000),
        ("x", None),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int | None) -> None:
    """And what is none is refused."""
    if size is None:
        with pytest.raises(UsageError, match="no size"):
            read_size(text)
    else:
        assert read_size(text) == size


def test_what_cannot_be_meant_is_refused() -> None:
    """Unknown kinds and quantisations, and no room at all."""
    for wrong in (
        {"kind": "annoy"},
        {"quantisation": "int4"},
        {"memory_budget": 0},
    ):
        with pytest.raises(UsageError):
            Indexing(**wrong)
