"""Segments made block by block: what is in them, and the memory that it takes."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.making import make_segment
from indexer.records import Vectors
from indexer.vectors import Mask, Segment
from tests.indexer.reference import random_units

FACTORIES = [
    "Flat",
    "SQ8",
    "SQfp16",
    "IVF1,PQ4np",
    "IVF16,Flat",
    "IVF16,SQ8",
    "IVF16,PQ4np",
    "HNSW32,Flat",
    "HNSW32,SQ8",
    "HNSW32,PQ4np",
]
N, DIM = 700, 16
VIDS = 3 * np.arange(N, dtype=np.int64) + 5
VECTORS = random_units(N, DIM)


def blocks(_stage: str, order: NDArray[np.int64] | None, size: int = 90) -> Iterator[Vectors]:
    """All vectors, ``size`` at a time."""
    given = VECTORS if order is None else VECTORS[order]
    return (given[start : start + size] for start in range(0, N, size))


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_segment_is_what_faiss_makes_of_all_vectors_at_once(factory: str) -> None:
    """By its own way of adding: the same codes, clusters and links, so the same answers."""
    made = make_segment(factory, DIM, VIDS, lambda: VECTORS, blocks)
    copy: Any = faiss.clone_index(made.index)
    inner: Any = faiss.downcast_index(copy.index)
    inner.reset()
    inner.add(VECTORS)
    found = made.search(VECTORS[:50], 10, made.passing(Mask(None, VIDS[:0])), exhaustive=True)
    if factory.startswith("HNSW"):
        inner = faiss.downcast_index(inner.storage)
    if factory.startswith("IVF"):
        inner.nprobe = inner.nlist
    expected = inner.search(VECTORS[:50], 10)

    assert made.index.ntotal == N
    assert np.array_equal(made.vids[found[1]], VIDS[expected[1]])
    assert np.allclose(found[0], expected[0], atol=1e-6)
    assert np.array_equal(faiss.vector_to_array(made.index.id_map), VIDS)
    assert np.allclose(made.vectors(np.arange(N)), VECTORS, atol=0.8)


@pytest.mark.parametrize("factory", ["Flat", "IVF16,Flat", "HNSW32,Flat"])
def test_vectors_are_held_once(factory: str) -> None:
    """The peak of a process of its own, over what it had before: 72 MB of vectors, and little."""
    script = f"""
import re
import numpy as np
from pathlib import Path
from indexer.making import make_segment

def memory(name):
    return int(re.search(rf"^{{name}}:\\s+(\\d+)", Path("/proc/self/status").read_text(), re.M)[1])

def block(seed, rows):
    x = np.random.default_rng(seed).standard_normal((rows, 16384), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)

def build(n):
    make_segment({factory!r}, 16384, np.arange(n), lambda: block(0, 100),
                 lambda _stage, _order: (block(i, 10) for i in range(n // 10)))

build(100)
before = memory("VmRSS")
build(1100)
print((memory("VmHWM") - before) * 1024 / (1100 * 16384 * 4))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 1.1


def made(factory: str) -> Segment:
    """Make a segment of all vectors."""
    return make_segment(factory, DIM, VIDS, lambda: VECTORS, blocks)


@pytest.mark.parametrize(
    ("factory", "step", "effort"), [("IVF16,Flat", 4, 4), ("HNSW32,Flat", 10, 1)]
)
def test_a_filter_makes_a_search_look_further(factory: str, step: int, effort: int) -> None:
    """In all clusters where a quarter of the effort would look into four; beside the graph."""
    segment = made(factory)
    passing = segment.passing(Mask(VIDS[::step], VIDS[:0]))
    asked = random_units(200, DIM, seed=9)
    scores, rows = segment.search(asked, 2, passing, effort)
    true = np.sort(asked @ VECTORS[::step].T, axis=1)[:, :-3:-1]
    assert np.allclose(scores, true, atol=1e-6)
    assert (rows % step == 0).all()


@pytest.mark.parametrize(("topics", "size"), [(40, 9000), (20, 100)])
def test_a_graph_finds_what_lies_close_together(topics: int, size: int) -> None:
    """800 meanings, topic after topic, each said 11 times.

    A graph made in that order, in small blocks, finds 93 % of the ten; FAISS's own with its 40
    candidates 98 % where blocks are large.
    """
    rng = np.random.default_rng(1)
    topic = np.sort(rng.integers(topics, size=800))
    meanings = random_units(topics, 32, 7)[topic] + 0.2 * random_units(800, 32, 2)
    said = np.repeat(meanings, 11, axis=0) + 0.1 * random_units(8800, 32, 3)
    asked = meanings + 0.1 * random_units(800, 32, 4)
    said = (said / np.linalg.norm(said, axis=1, keepdims=True)).astype(np.float32)
    asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)

    def given(_stage: str, order: NDArray[np.int64] | None) -> Iterator[Vectors]:
        vectors = said if order is None else said[order]
        return (vectors[start : start + size] for start in range(0, len(said), size))

    graph = make_segment("HNSW32,Flat", 32, np.arange(len(said)), lambda: said, given)
    rows = graph.search(asked, 10, graph.passing(Mask(None, VIDS[:0])), effort=10)[1]
    true = np.argsort(-(asked @ said.T), axis=1)[:, :10]
    found = [len({*a} & {*b}) for a, b in zip(rows.tolist(), true.tolist(), strict=True)]
    assert np.mean(found) > 9.95
