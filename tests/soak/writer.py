"""The writer of a soak: carries out the plan, and says so after each acknowledged change.

``python -m tests.soak.writer INDEX SEED``: goes on where the index stands, until it is told to
stop by a line on standard input, or killed.
"""

import os
import random
import sqlite3
import sys
import threading
import time
from pathlib import Path

from indexer.compaction import compact_files
from indexer.index import IndexWriter
from tests.soak.plan import KINDS, Change, State

_COUNT = f"SELECT count(*) FROM commits WHERE kind IN ({', '.join('?' * len(KINDS))}) AND seq > 3"  # noqa: S608


def changes_made(conn: sqlite3.Connection) -> int:
    """Count the changes in the state that a connection sees, those of the build left out."""
    return int(conn.execute(_COUNT, KINDS).fetchone()[0])


def carry_out(writer: IndexWriter, change: Change) -> None:
    """Make one change in one transaction."""
    if change.put:
        writer.add(change.put, replace=True)
    elif change.drop:
        assert writer.delete(change.drop) == []
    else:
        assert change.debiasing is not None
        writer.debias(change.debiasing)


def _work(path: Path, state: State, rng: random.Random, stop: threading.Event) -> None:
    """Open the index and change it for a while; in between, tidy up."""
    with IndexWriter.open(path) as writer:
        state.reach(changes_made(writer._conn))
        _say(state.number)
        for _ in range(rng.randint(1, 200)):
            if stop.is_set():
                return
            change = state.next()
            carry_out(writer, change)
            state.apply(change)
            _say(state.number)
            _tidy(writer, rng.random())
            time.sleep(rng.random() * 0.02)


def _tidy(writer: IndexWriter, dice: float) -> None:
    """Now and then do what must change no answer."""
    if dice < 0.15:
        writer.finish()  # seals the tail, whatever its size
    elif dice < 0.2:
        compact_files(writer)
    elif dice < 0.22:
        writer.store.fold()


def told_to_stop() -> threading.Event:
    """Make an event that is set when a line, or the end, comes on standard input."""
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.readline()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    return stop


def _say(number: int) -> None:
    os.write(1, f"{number}\n".encode())


def _main() -> None:
    path, seed = Path(sys.argv[1]), int(sys.argv[2])
    stop = told_to_stop()
    state, rng = State(seed), random.Random(os.getpid())
    while not stop.is_set():
        _work(path, state, rng, stop)


if __name__ == "__main__":
    _main()
