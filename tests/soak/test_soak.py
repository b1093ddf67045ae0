"""Many readers, one writer that is killed now and then: no error and no answer of a mixed state.

``make test-soak SECONDS=600`` runs it for ten minutes; ``make test-slow`` for twenty seconds.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.backup import backup
from indexer.index import IndexReader, IndexWriter
from indexer.verify import verify
from tests.indexer.reference import SETTINGS
from tests.soak.plan import State, built
from tests.soak.writer import changes_made

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("INTERLINGUA_SOAK_SECONDS", "20"))
READERS = int(os.environ.get("INTERLINGUA_SOAK_READERS", "4"))


class Program:
    """A process of ours, what it says in a file, so that no pipe can fill."""

    def __init__(self, folder: Path, name: str, *arguments: object) -> None:
        self.said = folder / f"{name}.out"
        self.complained = folder / f"{name}.err"
        command = [sys.executable, "-m", *map(str, arguments)]
        with self.said.open("ab") as out, self.complained.open("ab") as err:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=out, stderr=err
            )

    def stop(self) -> int:
        """Tell it to stop, and wait until it has."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(b"stop\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        return self.process.wait(timeout=120)

    def kill(self) -> None:
        """Kill it where it stands."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()

    def last(self) -> int:
        """Read the last whole line that it said, a number; -1 when it has said nothing."""
        lines = self.said.read_bytes().split(b"\n")[:-1]
        return int(lines[-1]) if lines else -1


@contextmanager
def running(programs: list[Program]) -> Iterator[None]:
    """Let no process outlive the test."""
    try:
        yield
    finally:
        for program in programs:
            program.kill()


def healthy(program: Program) -> None:
    """Fail with what a program said when it has ended by itself."""
    assert program.process.poll() is None, program.complained.read_text()


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
def test_readers_and_a_writer_at_work(tmp_path: Path) -> None:
    """Every answer of every reader is that of one committed state; nothing acknowledged is lost."""
    path, seed = tmp_path / "i", random.randrange(1 << 30)
    print(f"seed {seed}, {SECONDS:.0f} s, {READERS} readers")  # noqa: T201
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add(built(seed), cursor=1)
        writer.finish()
    readers = [
        Program(tmp_path, f"reader{n}", "tests.soak.reader", path, seed, n) for n in range(READERS)
    ]
    writing = [Program(tmp_path, "writer0", "tests.soak.writer", path, seed)]
    kills, rng, end = 0, random.Random(seed), time.monotonic() + SECONDS
    with running(readers), running(writing):
        while time.monotonic() < end:
            time.sleep(min(rng.uniform(1, 8), max(0.1, end - time.monotonic())))
            for program in (*readers, writing[-1]):
                healthy(program)
            assert verify(path, quick=rng.random() < 0.7) == []
            if rng.random() < 0.3:
                _back_up(path, tmp_path / "backup", seed)
            if rng.random() < 0.4:
                writing[-1].kill()
                acknowledged = writing[-1].last()
                kills += 1
                _not_lost(path, acknowledged)
                again = Program(tmp_path, f"writer{kills}", "tests.soak.writer", path, seed)
                writing.append(again)
        assert writing[-1].stop() == 0, writing[-1].complained.read_text()
        for reader in readers:
            assert reader.stop() == 0, reader.complained.read_text()

    _check_end(path, seed, readers, kills)


def _back_up(path: Path, output: Path, seed: int) -> None:
    """Copy the index in the middle of it all: the copy is one state, too."""
    backup(path, output)
    _check_content(output, seed)
    shutil.rmtree(output)


def _check_content(path: Path, seed: int) -> State:
    """Hold all documents of an index against the plan."""
    expected = State(seed)
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        expected.reach(changes_made(state._conn))
        held = {d.id: d for d in state.documents()}
    assert held == {id_: e.document for id_, e in expected.documents.items()}
    return expected


def _not_lost(path: Path, acknowledged: int) -> None:
    """Count the changes after a writer was killed: what it acknowledged, and one more at most."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        made = changes_made(state._conn)
    assert acknowledged == -1 or made - acknowledged in {0, 1}


def _check_end(path: Path, seed: int, readers: list[Program], kills: int) -> None:
    """Hold the index against the plan, and see that the readers have really asked."""
    assert verify(path) == []
    IndexWriter.open(path).close()
    assert not (path / "interlingua.db-wal").exists()
    expected = _check_content(path, seed)
    said = [json.loads(reader.said.read_text()) for reader in readers]
    print(f"{expected.number} changes, {kills} kills, readers: {said}")  # noqa: T201
    assert expected.number > 10
    for one in said:
        assert one["answers"] > 20
        assert one["states"] > 3
        assert one["files"] < 64, "open files pile up"
