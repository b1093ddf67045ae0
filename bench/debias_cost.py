"""What debiasing costs: fitting on a million vectors, switching the method, and one more query.

An index of seeded random vectors in 11 languages and groups of 11 is made first (not counted).
Then, in one process: the pass that gathers what all fits look at, with the memory it takes beyond
the vectors; the fit of each method; the switch to each kind of transform, which writes all FAISS
files anew and encodes nothing; and the time of a query before and after.

    python bench/debias_cost.py [--documents 1000000] [--dim 384] [--queries 200]
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.cached import say
from indexer.encoders.protocol import EncoderSpec
from indexer.index import NOTHING, Debiasing, IndexReader, IndexSettings, IndexWriter
from indexer.records import Document, EncodedDocument, Filter, Vectors
from indexer.transforms import METHODS, Statistics, fit_transform
from search.debias.apply import apply_debiasing, statistics_of_index
from search.merging import NAMES, NO_MERGING, Merging
from search.ranked import ranked

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
BATCH = 11 * 1000


def drawn(n: int, dim: int) -> Iterator[list[EncodedDocument]]:
    """Draw meanings and languages as directions, and texts as their sum with noise."""
    rng = np.random.default_rng(0)
    language = rng.standard_normal((len(LANGUAGES), dim)).astype(np.float32)
    for start in range(0, n, BATCH):
        meaning = rng.standard_normal((BATCH // 11, 1, dim), np.float32)
        points = meaning + language + 0.5 * rng.standard_normal((BATCH // 11, 11, dim), np.float32)
        points /= np.linalg.norm(points, axis=2, keepdims=True)
        rows = points.reshape(-1, dim)[: n - start]
        yield [
            EncodedDocument(
                Document(
                    f"{start + i}", f"text {start + i}", LANGUAGES[i % 11], f"{(start + i) // 11}"
                ),
                row,
                1,
                0,
            )
            for i, row in enumerate(rows)
        ]


def build(path: Path, n: int, dim: int) -> None:
    """Make the index."""
    settings = IndexSettings(
        EncoderSpec("hashing"), "random", "0" * 64, {}, dim, "passage", "cpu float32"
    )
    done = 0
    with IndexWriter.create(path, settings) as writer:
        for batch in drawn(n, dim):
            done += len(batch)
            writer.add(batch, cursor=done)
            writer.seal()
            say(f"{done} of {n} documents")
        writer.finish()


def peak() -> float:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def milliseconds(reader: IndexReader, asked: Vectors, merging: Merging) -> float:
    """Median processor time of one search of ten neighbours."""
    times = []
    with reader.snapshot() as state:
        for row in range(len(asked)):
            start = time.process_time()
            vector = state.debiasing.apply(asked[row : row + 1], ["en"])
            ranked(state, vector, ["en"], 10, Filter(), merging, [frozenset()])
            times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--switch", default="none,centring,lir,lsar,zca,procrustes,none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        build(path, options.documents, options.dim)
        before = peak()
        gathered = _fits(path, options.documents, before)
        _switches(path, gathered, next(drawn(BATCH, options.dim)), options)


def _fits(path: Path, n: int, before: float) -> Statistics:
    start = time.perf_counter()
    with IndexReader.open(path) as reader:
        gathered = statistics_of_index(reader)
    print(
        f"one pass over {n:,} documents: {time.perf_counter() - start:.1f} s; peak memory "
        f"{peak():.0f} MB, before it {before:.0f} MB\n\n"
        "| method | fit | stored |\n| --- | ---: | ---: |"
    )
    for name in METHODS:
        start = time.perf_counter()
        size = len(fit_transform(name, gathered).to_bytes())
        print(f"| {name} | {time.perf_counter() - start:.2f} s | {size / 1e6:.2f} MB |", flush=True)
    print(f"\npeak memory with all fits {peak():.0f} MB\n")
    return gathered


def _switches(
    path: Path, gathered: Statistics, batch: list[EncodedDocument], options: argparse.Namespace
) -> None:
    asked = np.array([e.vector for e in batch[: options.queries]])
    print("| transform | switch | one query, median |\n| --- | ---: | ---: |")
    for name in options.switch.split(","):
        start = time.perf_counter()
        made = NOTHING if name == "none" else Debiasing(name, fit_transform(name, gathered))
        apply_debiasing(path, made)
        seconds = time.perf_counter() - start
        with IndexReader.open(path) as reader:
            milliseconds(reader, asked[:5], NO_MERGING)
            print(
                f"| {name} | {seconds:.1f} s | {milliseconds(reader, asked, NO_MERGING):.2f} ms |",
                flush=True,
            )
    print("\n| merging | one query, median |\n| --- | ---: |")
    with IndexReader.open(path) as reader:
        for merging in map(Merging, NAMES):
            print(f"| {merging} | {milliseconds(reader, asked, merging):.2f} ms |", flush=True)


if __name__ == "__main__":
    main()
