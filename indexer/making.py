"""Segments made of vectors that pass by in blocks: memory holds each of them once.

FAISS lets its arrays grow by doubling them, which would take up to three times the vectors'
bytes. Their sizes are known beforehand, though, so that room is made once.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.faiss_calls import faiss_module
from indexer.kinds import LINKS
from indexer.records import Vectors
from indexer.stages import LEARNING, LINKING, SORTING, TRAINING, WRITING, Stages, untold
from indexer.vectors import Segment, Vids

Blocks = Callable[[str, NDArray[np.int64] | None], Iterable[Vectors]]
"""Gives all vectors, (some, dim) float32 each, for a stage that it is named: in the order of their
positions that is given, else in their own."""

_ROUNDS = 6
"""Of k-means for clusters. FAISS makes 10; as much time is better spent on more vectors a cluster,
see docs/log.md."""

_CANDIDATES = 200
"""Vectors among which the links of a new one are chosen (FAISS: efConstruction). With FAISS's 40 a
graph of 100,000 is made in half the time, and a search of equal recall takes twice as long."""

_LINKS_ABOVE = 2
"""Links of a vector on the upper levels of a graph: one in 32 vectors has 32 there, one in 32 of
these as many again, and some room for chance."""


def make_segment(
    factory: str,
    dim: int,
    vids: Vids,
    sample: Callable[[], Vectors],
    blocks: Blocks,
    stages: Stages = untold,
) -> Segment:
    """Make a segment of any kind in memory.

    Args:
        factory: what it is to be, in FAISS's words; see :mod:`indexer.kinds`.
        dim: length of a vector.
        vids: (n,) ascending, n at least 1: the numbers of all vectors.
        sample: gives (m, dim) float32 unit rows to train it on, which are not kept.
        blocks: gives the vectors; it may be asked twice.
        stages: told when training begins.
    """
    index = _empty(factory, dim)
    inner = faiss_module().downcast_index(index.index)
    if not index.is_trained:
        stages(TRAINING if factory.startswith("IVF") else LEARNING, 0, None)
        index.train(sample())
    if factory.startswith("IVF"):
        _fill_clusters(inner, blocks)
    elif factory.startswith("HNSW"):
        _link(inner, len(vids), blocks)
    else:
        _make_room(inner, len(vids))
        for vectors in blocks(WRITING, None):
            inner.add(vectors)
    faiss_module().copy_array_to_vector(vids, index.id_map)
    index.ntotal = inner.ntotal
    return Segment(index, vids, factory)


def _empty(factory: str, dim: int) -> Any:  # noqa: ANN401 - faiss is untyped
    faiss = faiss_module()
    last = factory.rpartition(",")[2]
    if factory.startswith("HNSW") and last.startswith("PQ"):  # the factory would take distances
        parts = int(last[2:].removesuffix("np"))
        index = faiss.IndexHNSWPQ(dim, parts, LINKS, 8, faiss.METRIC_INNER_PRODUCT)
        faiss.downcast_index(index.storage).do_polysemous_training = False
    else:
        index = faiss.index_factory(dim, factory, faiss.METRIC_INNER_PRODUCT)
    if factory.startswith("HNSW"):
        index.hnsw.efConstruction = _CANDIDATES
    if factory.startswith("IVF"):
        index.set_direct_map_type(faiss.DirectMap.Array)
        index.cp.min_points_per_centroid = 1  # clusters() has seen to it
        index.cp.niter = _ROUNDS
    if last.startswith("PQ"):
        graph = factory.startswith("HNSW")
        codes = faiss.downcast_index(index.storage) if graph else index
        codes.pq.cp.min_points_per_centroid = 1
    return faiss.IndexIDMap(index)


def _link(inner: Any, rows: int, blocks: Blocks) -> None:  # noqa: ANN401
    """Make a graph in an order that has nothing to do with the corpus's, then sort it.

    Neighbours in a corpus are often alike, and a vector that is linked among its like alone has few
    links that lead elsewhere: over clustered vectors as they came a search had to look at twice as
    many candidates. FAISS would shuffle what it is given at once, but that is in memory twice.
    """
    faiss = faiss_module()
    shuffled = faiss.downcast_index(inner.storage)
    stored = faiss.clone_index(shuffled)
    _make_room(shuffled, rows)
    _reserve(inner.hnsw.neighbors, rows * (2 * LINKS + _LINKS_ABOVE))
    order = np.random.default_rng(0).permutation(rows)
    for vectors in blocks(LINKING, order):
        inner.add(vectors)
    stored.this.disown()
    inner.storage = stored
    shuffled.this.own(True)
    del shuffled  # before FAISS copies the links
    places = np.argsort(order)  # held until FAISS has read it
    inner.hnsw.permute_entries(faiss.swig_ptr(places))
    _make_room(stored, rows)
    for vectors in blocks(WRITING, None):
        stored.add(vectors)


def _fill_clusters(inner: Any, blocks: Blocks) -> None:  # noqa: ANN401
    """Find the cluster of every vector, then make room in each, then put them there."""
    assigned = np.concatenate(
        [_nearest_clusters(inner, vectors) for vectors in blocks(SORTING, None)]
    )
    lists = faiss_module().downcast_InvertedLists(inner.invlists)
    for number, size in enumerate(np.bincount(assigned, minlength=inner.nlist).tolist()):
        lists.resize(number, size)
        lists.resize(number, 0)  # the room stays
    pointer, start = faiss_module().swig_ptr, 0
    for vectors in blocks(WRITING, None):
        here = assigned[start : start + len(vectors)]
        inner.add_core(len(vectors), pointer(vectors), None, pointer(here))
        start += len(vectors)


def _nearest_clusters(inner: Any, vectors: Vectors) -> NDArray[np.int64]:  # noqa: ANN401
    clusters: NDArray[np.int64] = inner.quantizer.search(vectors, 1)[1].ravel()
    return clusters


def _make_room(stored: Any, rows: int) -> None:  # noqa: ANN401
    """Let the array of vectors take all that are to come."""
    _reserve(stored.codes, rows * stored.code_size)


def _reserve(array: Any, size: int) -> None:  # noqa: ANN401
    array.resize(size)
    array.resize(0)  # the room stays
