"""Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

EVERY = 10.0
"""Seconds between two plain lines."""


_CHUNK = 1 << 20


def count_records(sources: list[str], quiet: bool) -> int | None:
    """Count the lines of plain files ahead, for the time left.

    Returns:
        The count, or None where nobody asks, and where only reading could tell: standard input,
        pipes, gzipped files.

    Raises:
        InputError: a source is missing, empty or a directory.
    """
    from indexer.lines import find_sources

    files = [Path(name) for name in find_sources(sources)]
    if quiet or not all(file.is_file() and file.suffix != ".gz" for file in files):
        return None
    return sum(map(_lines_of, files))


def _lines_of(path: Path) -> int:
    """Count line ends, and a last line without one."""
    count, last = 0, b"\n"
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")


@contextmanager
def progress(what: str, total: int | None, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how far a long job is.

    Args:
        what: the job, in one word.
        total: records to do; None when it cannot be known.
        quiet: show nothing.

    Yields:
        A function that takes the number of records done.
    """
    if quiet:
        yield lambda _done: None
    elif sys.stderr.isatty():
        with _bar(what, total) as show:
            yield show
    else:
        yield _plain(what, total)


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, rate="")
        start = _Start()
        yield lambda done: bar.update(task, completed=done, rate=f"{start.rate(done):.0f}/s")


def _plain(what: str, total: int | None) -> Callable[[int], None]:
    start = _Start()
    shown = [0.0]

    def show(done: int) -> None:
        now = time.monotonic()
        if now - shown[0] < EVERY and done != total:
            return
        shown[0] = now
        rate = start.rate(done)
        left = f", {(total - done) / rate:.0f} s left" if total and rate else ""
        of = f" of {total}" if total else ""
        print(f"{what}: {done}{of}, {rate:.0f}/s{left}", file=sys.stderr, flush=True)  # noqa: T201

    return show


class _Start:
    """Where counting began: records an earlier run did are not this run's speed."""

    def __init__(self) -> None:
        self._time = time.monotonic()
        self._done: int | None = None

    def rate(self, done: int) -> float:
        """Records a second since the start; 0 before anything can be said."""
        if self._done is None:
            self._done = 0
        elapsed = time.monotonic() - self._time
        return (done - self._done) / elapsed if elapsed > 0 else 0.0
