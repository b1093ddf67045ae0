"""What debiasing costs: fitting on a million vectors, switching the method, and one more query.

An index of seeded random vectors in 11 languages and groups of 11 is made first (not counted).
Then, in one process: the pass that gathers what all fits look at, with the memory it takes beyond
the vectors; the fit of each method; the switch to each kind of transform, which writes all FAISS
files anew and encodes nothing; and the time of one query in every way, asked in turn, with how
many of the ten that an exact search would give it finds.

    python -m bench.debias_cost [--documents 1000000] [--dim 384] [--queries 200]
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.cached import say
from indexer.encoders.protocol import EncoderSpec
from indexer.index import NOTHING, Debiasing, IndexReader, IndexSettings, IndexWriter, Snapshot
from indexer.records import Document, EncodedDocument, Filter, Vectors
from indexer.transforms import METHODS, Statistics, fit_transform
from search.debias.apply import apply_debiasing, statistics_of_index
from search.merging import NAMES, NO_MERGING, Merging
from search.ranked import ranked

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
BATCH = 11 * 1000
EXACTLY = 40
"""Queries that are also answered exactly."""


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


Timed = Callable[[Vectors], None]
"""Answers one query, (1, d)."""


def asking(state: Snapshot, merging: Merging) -> Timed:
    """One search of ten neighbours under a merging."""

    def ask(query: Vectors) -> None:
        vector = state.debiasing.apply(query, ["en"])
        ranked(state, vector, ["en"], 10, Filter(), merging, [frozenset()])

    return ask


def interleaved(ways: Mapping[str, Timed], asked: Vectors) -> dict[str, NDArray[np.float64]]:
    """Processor time of each query in each way, in ms: (q,) each.

    Every query is asked in all ways, one after the other, the first of them in turn, so that what
    else the machine does falls on all alike.
    """
    names = list(ways)
    for name in names:
        ways[name](asked[:1])
    times = {name: np.empty(len(asked)) for name in names}
    for row in range(len(asked)):
        for turn in range(len(names)):
            name = names[(row + turn) % len(names)]
            start = time.process_time()
            ways[name](asked[row : row + 1])
            times[name][row] = 1000 * (time.process_time() - start)
    return times


def found_of_exact(state: Snapshot, merging: Merging, asked: Vectors) -> float:
    """Share of the ten that an exact search merges which the index, as it is, merges too."""
    vectors = state.debiasing.apply(asked, ["en"] * len(asked))
    kept = [
        ranked(
            state,
            vectors,
            ["en"] * len(asked),
            10,
            Filter(),
            merging,
            [frozenset()] * len(asked),
            exact,
        )
        for exact in (False, True)
    ]
    same = [
        {h.document.id for h in a} & {h.document.id for h in b} for a, b in zip(*kept, strict=True)
    ]
    return float(np.mean([len(ids) / 10 for ids in same]))


def show(times: dict[str, NDArray[np.float64]], also: Mapping[str, str]) -> None:
    """Print the median of each way, and of its differences from the first, with 95 % intervals."""
    first = next(iter(times.values()))
    for name, found in times.items():
        difference = found - first
        drawn = np.random.default_rng(0).integers(0, len(found), (2000, len(found)))
        low, high = np.percentile(np.median(difference[drawn], axis=1), [2.5, 97.5])
        print(
            f"| {name} | {np.median(found):.2f} ms | {np.median(difference):+.2f} ms "
            f"({low:+.2f} to {high:+.2f}) | {also[name]} |",
            flush=True,
        )


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--switch", default="centring,lir,lsar,zca,procrustes,none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        build(path, options.documents, options.dim)
        before = peak()
        gathered = _fits(path, options.documents, before)
        batch = next(drawn(BATCH, options.dim))[: options.queries]
        _switches(path, gathered, np.array([e.vector for e in batch]), options)


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
    path: Path, gathered: Statistics, asked: Vectors, options: argparse.Namespace
) -> None:
    """Switch from method to method, hold on to each state, and ask all of them side by side."""
    print("| transform | switch |\n| --- | ---: |")
    states: dict[str, Snapshot] = {}
    with ExitStack() as stack:
        for name in options.switch.split(","):
            start = time.perf_counter()
            made = NOTHING if name == "none" else Debiasing(name, fit_transform(name, gathered))
            apply_debiasing(path, made)
            print(f"| {name} | {time.perf_counter() - start:.1f} s |", flush=True)
            reader = stack.enter_context(IndexReader.open(path))
            states[name] = stack.enter_context(reader.snapshot())
            if name == "none":  # loaded twice, the same state shows what memory alone changes
                again = stack.enter_context(IndexReader.open(path))
                states["none, loaded again"] = stack.enter_context(again.snapshot())
        print(
            f"\n| transform | one query, median of {len(asked)} | more | of it the transform |\n"
            "| --- | ---: | ---: | ---: |"
        )
        names = sorted(states, key=lambda name: name != "none")
        applied = {name: f"{1000 * _apply_seconds(states[name], asked):.3f} ms" for name in names}
        show(interleaved({n: asking(states[n], NO_MERGING) for n in names}, asked), applied)
        print(
            f"\n| merging | one query, median of {len(asked)} | more | of the exact ten |\n"
            "| --- | ---: | ---: | ---: |"
        )
        plain, few = states["none"], asked[:EXACTLY]
        shares: dict[str, str] = {n: f"{found_of_exact(plain, Merging(n), few):.3f}" for n in NAMES}
        show(interleaved({n: asking(plain, Merging(n)) for n in NAMES}, asked), shares)


def _apply_seconds(state: Snapshot, asked: Vectors) -> float:
    """Processor time of putting one query through the transform: the median."""
    times = []
    for row in range(len(asked)):
        start = time.process_time()
        state.debiasing.apply(asked[row : row + 1], ["en"])
        times.append(time.process_time() - start)
    return float(np.median(times))


if __name__ == "__main__":
    main()
