"""One writer at a time, told at once; the lock dies with its holder."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.errors import InterlinguaError, LockedError
from indexer.index import IndexReader, IndexWriter
from indexer.lock import WriterLock
from indexer.verify import repair
from tests.indexer.reference import SETTINGS, build, embed, encoded

ROOT = Path(__file__).parents[2]
HOLD = "import sys, pathlib, time; from indexer.lock import WriterLock\n"


@contextmanager
def holder(path: Path, then: str = "time.sleep(60)") -> Iterator[subprocess.Popen[str]]:
    """Hold the lock of an index in another process."""
    code = f"{HOLD}lock = WriterLock(pathlib.Path({str(path / 'LOCK')!r}))\nprint('held')\n{then}"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_writer_is_refused_at_once(tmp_path: Path) -> None:
    """Within 100 ms, naming the holder's process and what to do; readers go on."""
    path = build(tmp_path / "i", [encoded("a")])
    with holder(path) as process:
        for attempt in (IndexWriter.open, repair, IndexWriter.open):
            start = time.perf_counter()
            with pytest.raises(LockedError, match=f"process {process.pid} is writing") as caught:
                attempt(path)
            assert time.perf_counter() - start < 0.1
            assert caught.value.exit_code == 6
            assert caught.value.remedy
        with IndexReader.open(path) as reader:
            assert len(reader.search(embed("x")[None], 1)[0]) == 1


def test_two_writers_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    """The lock belongs to the opened file, not to the process."""
    path = build(tmp_path / "i", [encoded("a")])
    with IndexWriter.open(path), pytest.raises(LockedError, match=str(os.getpid())):
        IndexWriter.open(path)
    IndexWriter.open(path).close()


def test_creating_holds_the_lock(tmp_path: Path) -> None:
    """Nobody else gets in between an index being made and its first batch."""
    with (
        IndexWriter.create(tmp_path / "i", SETTINGS),
        pytest.raises(LockedError),
    ):
        IndexWriter.open(tmp_path / "i")


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    """SIGKILL frees it, and the next writer's process id replaces the dead one."""
    path = build(tmp_path / "i", [encoded("a")])
    with holder(path) as process:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        with IndexWriter.open(path):
            assert (path / "LOCK").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize(
    "start_child",
    [
        "import os\nif os.fork():\n    time.sleep(60)",
        "import subprocess\nsubprocess.Popen(['sleep', '60'], close_fds=False)",
    ],
    ids=["forked", "executed"],
)
def test_children_do_not_hold_the_lock(tmp_path: Path, start_child: str) -> None:
    """A worker that outlives its killed writer keeps nobody out."""
    path = build(tmp_path / "i", [encoded("a")])
    then = f"{start_child}\nprint('child')\ntime.sleep(60)"
    with holder(path, then) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "child\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        start = time.perf_counter()
        IndexWriter.open(path).close()
        assert time.perf_counter() - start < 1
    # The sleeping child ends by itself; it holds nothing but its memory.


def test_a_lock_file_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """The place is named."""
    with pytest.raises(InterlinguaError, match="cannot be opened"):
        WriterLock(tmp_path / "no" / "LOCK")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InterlinguaError, match="cannot be opened"):
        WriterLock(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()


def _read(path: str, asked: "multiprocessing.Queue[tuple[int, str]]") -> None:
    """Search until the index says to stop; count answers, name the first that is not whole."""
    answers, wrong, last = 0, "", 0
    with IndexReader.open(Path(path)) as reader:
        reader.search(embed("x")[None], 1)
        asked.put((0, "ready"))
        while not wrong and (answers == 0 or "stop" not in reader.language_counts()):
            with reader.snapshot() as state:
                hits = state.search(embed("x")[None], 100_000)[0]
                counts = state.language_counts()
                seq = state.seq
            if len(hits) % 16 or sum(counts.values()) != len(hits) or seq < last:
                wrong = f"{len(hits)} hits, {counts}, commit {seq} after {last}"
            answers, last = answers + 1, seq
    asked.put((answers, wrong))


def test_readers_in_other_processes_see_whole_batches(tmp_path: Path) -> None:
    """Four processes search while batches come, go and are sealed: never a part of one."""
    path = build(tmp_path / "i", [encoded(f"0-{n}") for n in range(16)])
    spawn = multiprocessing.get_context("spawn")
    asked: multiprocessing.Queue[tuple[int, str]] = spawn.Queue()
    readers = [spawn.Process(target=_read, args=(str(path), asked)) for _ in range(4)]
    for process in readers:
        process.start()
    assert [asked.get(timeout=60) for _ in readers] == [(0, "ready")] * 4
    with IndexWriter.open(path) as writer:
        end, batch = time.monotonic() + 4, 0
        while time.monotonic() < end:
            batch += 1
            writer.add([encoded(f"{batch}-{n}") for n in range(16)])
            if batch % 7 == 0:
                writer.finish()
            if batch % 3 == 0:
                writer.delete([f"{batch - 2}-{n}" for n in range(16)])
            if batch % 5 == 0:
                writer.add([encoded(f"0-{n}", f"{batch} {n}") for n in range(16)], replace=True)
        writer.add([encoded(f"stop-{n}", lang="stop") for n in range(16)])
    results = [asked.get(timeout=60) for _ in readers]
    for process in readers:
        process.join()
    assert [wrong for _, wrong in results if wrong] == []
    assert min(answers for answers, _ in results) > 3
    assert batch > 20
