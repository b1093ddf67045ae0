"""SIGKILL at random moments: what was acknowledged is there, what was not is whole or absent.

A killed process loses nothing that the kernel has taken, so that this shows the order of our
writes and not that they survive a power cut; that rests on ``synchronous = FULL`` and fsync.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.errors import UsageError
from indexer.index import IndexReader, IndexWriter, index_state
from indexer.verify import verify
from tests.indexer.killed_writer import BUILD, text_of
from tests.indexer.reference import SETTINGS, as_pairs, dump, embed, encoded, neighbours

ROOT = Path(__file__).parents[2]
KILLS = 200
A_DIRECTORY = 20
"""Kills after which a new index is begun, so that creation and build are hit as well."""


class Forge:
    """The process that forks writers; see ``killed_writer``."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.indexer.killed_writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self.read()["at"] == "ready"

    def read(self) -> dict[str, Any]:
        """Read what the writer or its parent says next."""
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def kill_one(self, path: Path, seed: int, lines: int, delay: float) -> list[dict[str, Any]]:
        """Kill a writer ``delay`` seconds after it has said ``lines`` lines; return what it said.

        Counting lines reaches every part of its life on a slow machine as on a fast one.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"path": str(path), "seed": seed}) + "\n")
        self.process.stdin.flush()
        said: list[dict[str, Any]] = []
        pid = None
        while pid is None or len(said) < lines:
            line = self.read()
            assert line["at"] not in {"error", "end"}, (line, said)
            if line["at"] == "pid":
                pid = line["pid"]
            else:
                said.append(line)
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
        while (line := self.read())["at"] != "end":
            said.append(line)
        assert os.WIFSIGNALED(line["status"]), said[-1]
        assert os.WTERMSIG(line["status"]) == signal.SIGKILL
        return said


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    """One parent for all writers."""
    made = Forge()
    yield made
    assert made.process.stdin is not None
    assert made.process.stdout is not None
    made.process.stdin.close()
    made.process.wait(timeout=10)
    made.process.stdout.close()


def play(model: dict[str, str], change: dict[str, Any]) -> dict[str, str]:
    """Do a change to a copy of the model."""
    after = {id_: text for id_, text in model.items() if id_ not in change["drop"]}
    after.update({id_: text_of(id_, version) for id_, version in change["put"]})
    return after


def replay(model: dict[str, str], said: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Work out what may be in the index: what was acknowledged, and that with the open change."""
    pending = None
    for line in said:
        if line["at"] == "try":
            pending = line
        elif line["at"] == "ack":
            assert pending is not None
            model, pending = play(model, pending), None
    return [model] if pending is None else [model, play(model, pending)]


def check(path: Path, possible: list[dict[str, str]]) -> dict[str, str]:
    """Hold the index against what it may be; return what it is."""
    if index_state(path) is None:
        assert possible[0] == {}
        return {}
    assert verify(path) == []
    content = dump(path)
    found = {id_: document.text for id_, (document, _) in content.items()}
    assert found in possible
    assert all(vector == embed(document.text).tobytes() for document, vector in content.values())
    model = [encoded(id_, text) for id_, text in found.items()]
    query = embed("x")
    with IndexReader.open(path) as reader:
        assert as_pairs(reader.search(query[None], 10)[0]) == neighbours(model, query, 10)
    IndexWriter.open(path).close()
    assert verify(path) == []
    assert not list((path / "tmp").iterdir())
    return found


@pytest.mark.parametrize("directory", range(KILLS // A_DIRECTORY))
def test_nothing_acknowledged_is_lost(forge: Forge, tmp_path: Path, directory: int) -> None:
    """Killed again and again, an index stays what it acknowledged, and stays whole."""
    rng = random.Random(directory)
    model: dict[str, str] = {}
    acknowledged = 0
    for kill in range(A_DIRECTORY):
        # The first kills come early, to meet the creation and the build.
        lines = rng.randint(1, 5 if kill < 5 else 25)
        seed = 1 + directory * A_DIRECTORY + kill
        said = forge.kill_one(tmp_path / "i", seed, lines, rng.uniform(0, 0.01))
        assert all(line["at"] != "error" for line in said), said[-1]
        acknowledged += sum(line["at"] == "ack" for line in said)
        model = check(tmp_path / "i", replay(model, said))
    assert acknowledged > A_DIRECTORY


def test_an_interrupted_build_ends_as_if_it_had_not_been(forge: Forge, tmp_path: Path) -> None:
    """Whatever was killed, the finished build has the content of one that ran through."""
    with IndexWriter.create(tmp_path / "straight", SETTINGS) as writer:
        writer.add([encoded(id_, text_of(id_, 0)) for id_ in BUILD], cursor=len(BUILD))
        writer.finish()
    rng = random.Random(0)
    interrupted = 0
    for trial in range(10):
        path = tmp_path / f"killed{trial}"
        while index_state(path) != "ready":
            forge.kill_one(path, 1, rng.randint(1, 6), rng.uniform(0, 0.01))
            interrupted += index_state(path) == "building"
        content = dump(path)
        built = {id_: content[id_] for id_ in BUILD}
        assert built == dump(tmp_path / "straight")
    assert interrupted > 0


def test_an_interrupt_between_the_files_of_a_seal_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that has its name and no row is searched by nobody and swept by the next writer."""
    path = tmp_path / "i"
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add([encoded(f"d{n}") for n in range(9)], cursor=9)
        monkeypatch.setattr("indexer.filing.name_file", _raise)
        with pytest.raises(UsageError):
            writer.finish()
    assert len(list((path / "vectors").iterdir())) == 1
    assert verify(path) == []
    with IndexReader.open(path) as reader:
        assert len(reader.search(np.stack([embed("x")]), 99)[0]) == 9
    monkeypatch.undo()
    with IndexWriter.open(path) as writer:
        assert not list((path / "vectors").iterdir())
        writer.finish()
    assert verify(path) == []


def _raise(*_: object) -> None:
    raise UsageError("interrupted")
