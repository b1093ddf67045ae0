"""Vectors on their way from the database into FAISS files."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer import sealing, tables
from indexer import writer as writer_module
from indexer.build import add
from indexer.build import build as build_corpus
from indexer.compaction import compact
from indexer.corpus import Record
from indexer.directory import leftovers
from indexer.encoders import EncoderSpec
from indexer.errors import CorruptError
from indexer.imported import import_vectors
from indexer.index import Indexing, IndexReader, IndexWriter
from indexer.kinds import Kind, Quantisation, clusters_of
from indexer.making import Blocks, make_segment
from indexer.purge import purge
from indexer.records import Vectors
from indexer.removal import delete
from indexer.stages import Stages
from indexer.vectors import Segment, Vids
from indexer.verify import verify
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.merging import Merging
from tests.indexer.reference import random_units
from tests.indexer.test_kinds import DIM, SOME, N, answers, build, documents

STEPS = [*range(300, N, 300), N]
WRITTEN = [("writing the index", done, N) for done in STEPS]
SORTED = [("sorting into clusters", done, N) for done in STEPS]
LINKED = [("linking neighbours", done, N) for done in STEPS]
SAVED = [("saving the file", 0, None)]
STAGES: dict[tuple[Kind, Quantisation], list[tuple[str, int, int | None]]] = {
    ("flat", "none"): [
        ("writing the index", done, N) for done in (300, 600, 700, 1000, 1300, 1400, N)
    ],
    ("ivf", "none"): [("finding clusters", 0, None), *SORTED, *WRITTEN, *SAVED],
    ("ivf", "pq"): [("finding clusters", 0, None), *SORTED, *WRITTEN, *SAVED],
    ("hnsw", "none"): [*LINKED, *WRITTEN, *SAVED],
    ("hnsw", "pq"): [("learning codes", 0, None), *LINKED, *WRITTEN, *SAVED],
}
"""What is told of writing all vectors, 300 at a time and 700 to an exact file."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few vectors make many blocks and several files."""
    monkeypatch.setattr(sealing, "_BLOCK_BYTES", 4 * DIM * 300)
    monkeypatch.setattr(sealing, "ROWS_A_FILE", 700)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", STAGES)
def test_sqlite_keeps_little_meanwhile_and_every_stage_is_told(
    tmp_path: Path, kind: tuple[Kind, Quantisation]
) -> None:
    """Its cache has its size again afterwards; what is done is told in steps, up to all."""
    path = build(tmp_path / "i")
    told: list[tuple[str, int, int | None]] = []
    caches: set[int] = set()
    with IndexWriter.open(path) as writer:

        def cache() -> int:
            return int(writer.store.conn.execute("PRAGMA cache_size").fetchone()[0])

        def tell(*stage: *tuple[str, int, int | None]) -> None:
            told.append(stage)
            if stage[0] != "saving the file":
                caches.add(cache())

        before = cache()
        writer.reindex(Indexing(*kind), tell)
        assert cache() == before
    assert told == STAGES[kind]
    assert caches == {-(sealing._CACHE >> 10)}
    assert -before << 20 > sealing._CACHE << 10


@pytest.mark.parametrize("kind", STAGES)
def test_whatever_writes_files_tells_its_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: tuple[Kind, Quantisation]
) -> None:
    """The end of a build and of an import, an addition that is sealed, a transform, compacting."""
    monkeypatch.setattr(writer_module, "SEAL_AT", 1000)
    indexing = Indexing(*kind)
    np.save(tmp_path / "v.npy", np.stack([e.vector for e in documents()]))
    corpus = [e.document for e in documents()]
    more = [replace(document, id=f"more {document.id}") for document in corpus]
    records = [Record(document, document.id) for document in corpus]
    path, hashing = tmp_path / "i", EncoderSpec("hashing")
    told: dict[str, list[tuple[str, int, int | None]]] = defaultdict(list)

    def tell(job: str) -> Stages:
        return lambda *stage: told[job].append(stage)

    import_vectors(tmp_path / "v.npy", records, tmp_path / "m", indexing=indexing, stages=tell("i"))
    build_corpus(corpus, path, encoder=hashing, indexing=indexing, stages=tell("b"))
    add(more, path, stages=tell("a"))
    with IndexReader.open(path) as reader:
        statistics = statistics_of_index(reader)
    centring = debiasing_of(Candidate("centring", Merging()), statistics, "itself")
    apply_debiasing(path, centring, tell("d"))
    delete(["d0007"], path)
    compact(path, tell("c"))
    delete(["d0008"], path)
    purge(path, stages=tell("p"))

    n = {"i": N, "b": N, "a": N if kind[0] == "flat" else 2 * N, "d": 2 * N, "c": 2 * N - 1}
    n["p"] = n["c"] - 1
    for job, written in n.items():
        last = {stage: (done, total) for stage, done, total in told[job]}
        expected = {
            stage: ((total and written) or 0, total and written) for stage, _, total in STAGES[kind]
        }
        assert last == expected
        assert [*last] == [*expected]  # in this order


def test_which_vectors_there_are_is_asked_of_an_index_of_the_documents(tmp_path: Path) -> None:
    """At a million the vectors are 1.6 GB: they are neither counted nor listed by reading them."""
    with IndexWriter.create(tmp_path / "i", SOME) as writer:
        conn = writer.store.conn
        for start in range(0, N, 200):
            writer.add(documents()[start : start + 200][::-1], cursor=start + 200)
        asked: list[str] = []
        conn.set_trace_callback(asked.append)
        counted = [tables.documents_in_all(conn), tables.tail_size(conn), writer.filing.plan()]
        listed = tables.live_vids(conn)
        conn.set_trace_callback(None)
        plans = [conn.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in asked]
        assert not any("vectors" in step[3] for plan in plans for step in plan)
        assert counted[:2] == [N, N]
        assert listed.tolist() == [*range(1, N + 1)]
        writer.finish()
        writer.delete([f"d{i:04}" for i in range(0, N, 3)])
        writer.add([replace(e, document=replace(e.document, id=f"x{e.document.id}"))
                    for e in documents()[:50]])  # fmt: skip
        for first in (0, 7, N + 10):
            there = conn.execute("SELECT vid FROM vectors WHERE vid >= ? ORDER BY vid", [first])
            assert tables.live_vids(conn, first).tolist() == [vid for (vid,) in there]
        assert tables.tail_size(conn) == 50
        assert tables.documents_in_all(conn) == N - len(range(0, N, 3)) + 50


@pytest.mark.parametrize(("kind", "said"), [("flat", "do not agree"), ("hnsw", "have no row")])
def test_a_document_without_a_vector_gets_into_no_file(
    tmp_path: Path, kind: Kind, said: str
) -> None:
    """A file with fewer vectors than numbers would answer with the wrong documents."""
    path = build(tmp_path / "i")
    with IndexWriter.open(path) as writer, writer.store.transaction() as conn:
        conn.execute("PRAGMA defer_foreign_keys = ON")
        conn.execute("DELETE FROM vectors WHERE vid = 700")
        with pytest.raises(CorruptError, match=said):
            writer.filing.write_anew("reindex", Indexing(kind))
        conn.execute("INSERT INTO vectors SELECT 700, vector, crc32 FROM vectors WHERE vid = 1")


@pytest.mark.usefixtures("small")
def test_a_vector_that_is_damaged_in_a_later_file_changes_nothing(tmp_path: Path) -> None:
    """The files before it are on disk by then, or on their way there."""
    path = build(tmp_path / "i", Indexing("hnsw"))
    before = answers(path)
    with IndexWriter.open(path) as writer:
        conn = writer.store.conn
        (vector,) = conn.execute("SELECT vector FROM vectors WHERE vid = 1200").fetchone()
        conn.execute("UPDATE vectors SET vector = zeroblob(length(vector)) WHERE vid = 1200")
        with pytest.raises(CorruptError, match="1200"):
            writer.reindex(Indexing("flat"))
        conn.execute("UPDATE vectors SET vector = ? WHERE vid = 1200", [vector])
    assert answers(path) == before
    with IndexWriter.open(path) as writer:
        assert leftovers(path, writer.store.conn) == []
        writer.reindex(Indexing("flat"))
        assert [record.rows for record in tables.files(writer.store.conn)] == [700, 700, N - 1400]
    assert verify(path) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_an_import_takes_less_than_twice_its_vectors(tmp_path: Path, kind: str) -> None:
    """Peak memory of the command, the interpreter with its libraries included."""
    n, dim = 100_000, 384
    vectors = np.lib.format.open_memmap(tmp_path / "v.npy", "w+", dtype=np.float32, shape=(n, dim))
    # Few dimensions, in which a graph is made sooner.
    plane = np.linalg.qr(random_units(dim, 8, seed=1))[0].T
    for start in range(0, n, 10_000):
        vectors[start : start + 10_000] = random_units(10_000, 8, seed=start) @ plane
    corpus = tmp_path / "c.jsonl"
    corpus.write_text(
        "".join(f'{{"id": "d{i}", "text": "t{i}", "lang": "en"}}\n' for i in range(n))
    )
    # What a process is said to have taken at most begins with what its parent holds, so that it
    # is asked itself.
    script = (
        "import re, sys; from pathlib import Path; from cli.main import main;"
        "code = main(sys.argv[1:]);"
        r"print(re.search(r'VmHWM:\s+(\d+)', Path('/proc/self/status').read_text())[1]);"
        "sys.exit(code)"
    )
    command = ["import", str(tmp_path / "v.npy"), str(corpus), "--index", str(tmp_path / "i")]
    done = subprocess.run(
        [sys.executable, "-c", script, *command, "--quiet", "--index-kind", kind, "--no-lexical"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout.split()[-1]) * 1024 < 2 * vectors.nbytes


def test_clusters_are_trained_on_what_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On transformed vectors, and on some of everywhere."""
    path = build(tmp_path / "i")
    with IndexReader.open(path) as reader:
        statistics = statistics_of_index(reader)
    apply_debiasing(path, debiasing_of(Candidate("centring", Merging()), statistics, "itself"))
    samples: list[Vectors] = []

    def spy(
        factory: str,
        dim: int,
        vids: Vids,
        sample: Callable[[], Vectors],
        blocks: Blocks,
        stages: Stages,
    ) -> Segment:
        samples.append(sample())
        return make_segment(factory, dim, vids, sample, blocks, stages)

    monkeypatch.setattr(sealing, "make_segment", spy)
    monkeypatch.setattr(sealing, "_A_CLUSTER", 20)
    with IndexWriter.open(path) as writer:
        writer.reindex(Indexing("ivf"))
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        wanted = 20 * clusters_of(reader.info().factory)
        vids = 1 + np.linspace(0, N - 1, wanted).astype(np.int64)
        searched = state.searched_vectors(vids)
        raw = reader.vectors([f"d{vid - 1:04}" for vid in vids.tolist()])
    assert samples[0].tobytes() == searched.tobytes()
    assert not np.allclose(samples[0], raw, atol=1e-2)
