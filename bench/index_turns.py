"""Batches of interlingua's indexes and of FAISS's, round after round in turns, in one process.

A shared machine may run at two thirds of its speed for minutes, so that what two processes
measured one after the other says little of either: rounds that stand beside each other meet the
same machine. Searches what `bench/index.py` has built, each with the parameter that it found.

    python -m bench.index_turns [--data clustered-1000000,…] [--rounds 9] [--work DIR]
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from bench.index import clusters
from bench.index_data import Floats
from bench.index_one import BATCH
from bench.markdown import table
from bench.peers import Opened, peer_of

_PAIRS = (
    ("interlingua:flat", "faiss:Flat"),
    ("interlingua:hnsw", "faiss:HNSW32,Flat"),
    ("interlingua:hnsw", "faiss:HNSW32,Flat+200"),
    ("interlingua:ivf", "faiss:IVF{lists},Flat"),
)
_LEAST = 1.0
"""Seconds that a round takes at least."""


def main() -> None:
    """Print a row for each pair of each corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="names, ',' between them; all when left out")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "interlingua-bench")
    options = parser.parse_args()
    found = sorted(path.name for path in (options.work / "results").iterdir())
    names = options.data.split(",") if options.data else found
    rows = [
        row
        for name in sorted(names, key=lambda name: int(name.rpartition("-")[2]))
        for row in _rows(options.work, name, options.rounds)
    ]
    table(
        ("vectors", "FAISS's name", "ours, answers/s", "FAISS, answers/s", "ratio", "rounds"), rows
    )


def _rows(work: Path, name: str, rounds: int) -> Iterator[tuple[str, ...]]:
    queries: Floats = np.load(work / "data" / name / "queries.npy")
    asked = queries[len(queries) // 2 :]  # the first half found the parameter
    for pair in _PAIRS:
        ours, faiss = (system.format(lists=clusters(int(name.split("-")[1]))) for system in pair)
        both = _opened(work, name, ours), _opened(work, name, faiss)
        rates = [[_rate(opened, asked) for opened in both] for _ in range(rounds + 1)][1:]
        ratios = sorted(mine / theirs for mine, theirs in rates)
        yield (
            name,
            faiss.partition(":")[2],
            *(f"{median(rate[i] for rate in rates):,.0f}" for i in range(2)),
            f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
            str(rounds),
        )


def _opened(work: Path, name: str, system: str) -> Opened:
    """Open what was built, with the parameter that was found."""
    import faiss

    faiss.set_deserialization_vector_byte_limit(1 << 40)  # ours lowers it to what its files need
    opened = peer_of(system).open(work / "indexes" / name / system)
    result = json.loads((work / "results" / name / f"{system}.json").read_text())
    if result["search"]["knob"] is not None:
        opened.turn(result["search"]["knob"])
    return opened


def _rate(opened: Opened, queries: Floats) -> float:
    """Answer all queries in batches, as often as it takes; queries a second."""
    answered, start = 0, time.perf_counter()
    while answered == 0 or time.perf_counter() - start < _LEAST:
        for i in range(0, len(queries), BATCH):
            opened.search(queries[i : i + BATCH])
        answered += len(queries)
    return answered / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
