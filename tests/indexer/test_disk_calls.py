"""Every system call that changes the disk, failing or deadly, one after the other."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from indexer.index import IndexWriter, index_state
from indexer.verify import verify
from tests.indexer.reference import build, dump, encoded

Said = list[dict[str, Any]]

ROOT = Path(__file__).parents[2]

# What the child says goes through writev, which nothing else here uses and nothing makes fail.
SCENARIO = """
import json, os, sys
from pathlib import Path
from indexer.errors import InterlinguaError
from indexer.index import IndexWriter
from tests.indexer.reference import SETTINGS, encoded

def say(**line):
    os.writev(1, [(json.dumps(line) + "\\n").encode()])

def act(change, put=(), drop=()):
    say(at="try", put=put, drop=drop)
    change()
    say(at="ack")

path = Path(sys.argv[1])
try:
    if sys.argv[2] == "create":
        with IndexWriter.create(path, SETTINGS) as w:
            act(lambda: w.add([encoded("a"), encoded("b")], cursor=2), put=["a", "b"])
            w.finish()
    else:
        with IndexWriter.open(path) as w:
            act(lambda: w.add([encoded("c"), encoded("d")]), put=["c", "d"])
            w.finish()
            act(lambda: w.delete(["a", "c"]), drop=["a", "c"])
    say(at="done")
except InterlinguaError as error:
    say(at="error", message=error.message, remedy=error.remedy)
"""

CALLS = ["pwrite64", "write", "fdatasync", "fsync", "rename", "unlink", "ftruncate", "mkdir"]


def inject(path: Path, phase: str, call: str, fault: str, nth: int) -> tuple[bool, int, Said]:
    """Run the scenario with the ``nth`` such call failing.

    Returns:
        whether it came to the call, how the process ended, and what it had said.
    """
    trace = path.parent / "trace"
    command = ["strace", "-f", "-o", str(trace), "-e", f"trace={call}"]
    command += ["-e", f"inject={call}:{fault}:when={nth}", sys.executable, "-c", SCENARIO]
    done = subprocess.run(
        [*command, str(path), phase], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    reached = "(INJECTED)" in trace.read_text() or done.returncode == -signal.SIGKILL
    assert "Traceback" not in done.stderr, done.stderr
    return reached, done.returncode, said


def possible(before: set[str], said: Said) -> list[set[str]]:
    """Work out which documents may be there: the acknowledged, or those and the open change."""
    states = [before]
    for line in said:
        if line["at"] == "try":
            states.append((states[-1] | set(line["put"])) - set(line["drop"]))
        elif line["at"] == "ack":
            states = states[-1:]
    return states


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ["signal=KILL", "error=ENOSPC", "error=EIO"])
@pytest.mark.parametrize("phase", ["create", "change"])
def test_any_call_may_fail(tmp_path: Path, phase: str, fault: str, call: str) -> None:
    """Killed there, or told of a full or failing disk: one of our errors, and a whole index."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    whole = build(tmp_path / "whole", [encoded("a"), encoded("b")])
    path, nth, reached = tmp_path / "i", 0, True
    while reached:
        nth += 1
        shutil.rmtree(path, ignore_errors=True)
        if phase == "change":
            shutil.copytree(whole, path)
        reached, code, said = inject(path, phase, call, fault, nth)
        if fault == "signal=KILL" and reached:
            assert code == -signal.SIGKILL
        else:
            assert said[-1]["at"] in {"done", "error"}
            assert said[-1].get("remedy", "none needed")
        states = possible({"a", "b"} if phase == "change" else set(), said)
        if index_state(path) is None:
            assert states[0] == set()
            build(path, [encoded("a")])
            continue
        assert verify(path) == []
        assert set(dump(path)) in states
        with IndexWriter.open(path) as writer:
            writer.finish()
        assert verify(path) == []
        assert set(dump(path)) in states
