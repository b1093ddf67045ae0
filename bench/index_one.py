"""One step of `bench/index.py` in a process of its own, so that its memory is its own.

    python -m bench.index_one build PEER DATA FOLDER
    python -m bench.index_one first PEER DATA FOLDER
    python -m bench.index_one search PEER DATA FOLDER RECALL

Prints one JSON document.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.index_data import Data, Floats, Rows, recall
from bench.peers import Opened, peer_of

BATCH = 500
_ROUNDS, _SECONDS = 3, 10.0
"""At least; memory of a shared machine may run at two thirds of its speed for seconds."""


def build(peer: str, data: Data, folder: Path) -> dict[str, object]:
    """Make an index; how long it took, how much memory, how large it is."""
    program = peer_of(peer)
    program.load()
    before = memory("VmRSS")
    start = time.perf_counter()
    steps = program.build(data, folder)
    seconds = time.perf_counter() - start
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    peak = memory("VmHWM")
    return {"seconds": seconds, "steps": steps, "bytes": size, "peak": peak, "before": before}


def first(peer: str, data: Data, folder: Path) -> dict[str, object]:
    """Open an index and ask one query, with its files out of memory and again with them in it."""
    program = peer_of(peer)
    program.load()
    query = np.load(data.queries)[:1]
    for file in folder.rglob("*"):
        if file.is_file():
            _forget(file)

    def seconds() -> float:
        start = time.perf_counter()
        program.open(folder).search(query)
        return time.perf_counter() - start

    return {"cold": seconds(), "warm": seconds()}


def _forget(file: Path) -> None:
    """Have the kernel drop what it keeps of a file."""
    fd = os.open(file, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def search(peer: str, data: Data, folder: Path, wanted: float) -> dict[str, object]:
    """Open an index, find the parameter that reaches the recall, measure what it answers."""
    program = peer_of(peer)
    program.load()
    before = memory("VmRSS")
    queries, truth = np.load(data.queries), np.load(data.truth)
    half = len(queries) // 2
    opened = program.open(folder)
    knob = _tuned(opened, queries[:half], truth[:half], wanted)
    asked = queries[half:]
    found, rate = _rate(opened.search, asked)
    alone = _alone(opened.search, asked)
    return {
        "knob": knob,
        "recall": recall(found, truth[half:]),
        "p50": float(np.percentile(alone, 50)),
        "p95": float(np.percentile(alone, 95)),
        "rate": rate,
        "peak": memory("VmHWM"),
        "before": before,
    }


def memory(name: str) -> int:
    """Read a figure of this process's memory, in bytes: ``VmRSS`` now, ``VmHWM`` at most."""
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _tuned(opened: Opened, queries: Floats, truth: Rows, wanted: float) -> int | None:
    """Set the least parameter that reaches the recall, else the highest; None without one."""

    def reaches(value: int) -> bool:
        opened.turn(value)
        return recall(opened.search(queries), truth) >= wanted

    low = 0
    for high in opened.knobs:
        if reaches(high):
            break
        low = high
    else:
        return opened.knobs[-1] if opened.knobs else None
    while high - low > max(1, high // 16):
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    opened.turn(high)
    return high


def _rate(ask: Callable[[Floats], Rows], queries: Floats) -> tuple[Rows, float]:
    """Answer all queries in batches, several times; queries a second in the fastest round."""
    best, found = 0.0, np.empty((0, 0), np.int64)
    rounds, end = 0, time.perf_counter() + _SECONDS
    while rounds < _ROUNDS or time.perf_counter() < end:
        rounds += 1
        start = time.perf_counter()
        parts = [ask(queries[i : i + BATCH]) for i in range(0, len(queries), BATCH)]
        best = max(best, len(queries) / (time.perf_counter() - start))
        found = np.concatenate(parts)
    return found, best


def _alone(ask: Callable[[Floats], Rows], queries: Floats) -> list[float]:
    """Answer queries one by one; seconds of each."""
    seconds = []
    for row in range(len(queries)):
        start = time.perf_counter()
        ask(queries[row : row + 1])
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Do the step that the arguments name."""
    step, peer, data, folder = sys.argv[1], sys.argv[2], Data(Path(sys.argv[3])), Path(sys.argv[4])
    if step == "build":
        done = build(peer, data, folder)
    elif step == "first":
        done = first(peer, data, folder)
    else:
        done = search(peer, data, folder, float(sys.argv[5]))
    print(json.dumps(done))


if __name__ == "__main__":
    main()
