"""Vectors on their way from the database into FAISS files."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from indexer import sealing
from indexer.index import Indexing, IndexReader, IndexWriter
from indexer.kinds import clusters_of
from indexer.making import make_segment
from indexer.records import Vectors
from indexer.vectors import Segment, Vids
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.merging import Merging
from tests.indexer.reference import random_units
from tests.indexer.test_kinds import DIM, N, build


@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_sqlite_keeps_little_meanwhile_and_progress_never_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Its cache has its size again afterwards; what is done is told in steps, up to all."""
    monkeypatch.setattr(sealing, "_BLOCK_BYTES", 4 * DIM * 300)
    monkeypatch.setattr(sealing, "ROWS_A_FILE", 700)
    path = build(tmp_path / "i")
    told: list[int] = []
    caches: set[int] = set()
    with IndexWriter.open(path) as writer:

        def cache() -> int:
            return int(writer.store.conn.execute("PRAGMA cache_size").fetchone()[0])

        def tell(done: int) -> None:
            told.append(done)
            caches.add(cache())

        before = cache()
        writer.reindex(Indexing(kind), tell)  # type: ignore[arg-type]
        assert cache() == before
    steps = [300, 600, 700, 1000, 1300, 1400, 1600] if kind == "flat" else [*range(300, N, 300), N]
    assert told == steps
    assert caches == {-(sealing._CACHE >> 10)}
    assert -before << 20 > sealing._CACHE << 10


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flat", "ivf"])
def test_an_import_takes_less_than_twice_its_vectors(tmp_path: Path, kind: str) -> None:
    """Peak memory of the command, the interpreter with its libraries included."""
    n, dim = 100_000, 384
    vectors = np.lib.format.open_memmap(tmp_path / "v.npy", "w+", dtype=np.float32, shape=(n, dim))
    for start in range(0, n, 10_000):
        vectors[start : start + 10_000] = random_units(10_000, dim, seed=start)
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
        blocks: Callable[[], Iterable[Vectors]],
    ) -> Segment:
        samples.append(sample())
        return make_segment(factory, dim, vids, sample, blocks)

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
