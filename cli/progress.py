"""Progress on stderr: bars on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from indexer.readers.guess import Found
    from indexer.records import Filter
    from indexer.stages import Stages

EVERY = 10.0
"""Seconds between two plain lines."""


def count_records(sources: list[str], quiet: bool) -> int | None:
    """Count the records of sources as ``count_found``, their formats guessed.

    Raises:
        InputError: a source is missing, empty or a directory.
    """
    from indexer.readers.guess import find_readers

    return count_found(find_readers(sources), quiet)


def count_found(found: "list[Found]", quiet: bool) -> int | None:
    """Count the records of plain files ahead, for the time left.

    Returns:
        The count, or None where nobody asks, and where only reading could tell: standard input,
        pipes, packed files, formats that cannot be counted quickly.

    Raises:
        InputError: a file is damaged.
    """
    counts = [one.reader.count if one.reader and one.countable else None for one in found]
    if quiet or not all(counts):
        return None
    return sum(count(one.source) for one, count in zip(found, counts, strict=True) if count)


def documents_in(index: Path, allowed: "Filter | None" = None) -> int:
    """Count the documents of an index, or those that a filter lets pass.

    Raises:
        UsageError: there is none.
    """
    from indexer.index import IndexReader
    from indexer.records import Filter

    with IndexReader.open(index) as reader:
        return sum(reader.language_counts(allowed or Filter()).values())


@dataclass(frozen=True, slots=True)
class Job:
    """Where a long job tells how far it is."""

    what: str
    total: int | None
    stages: "Stages"
    """Takes how far the stages are that follow the records, in the same display."""

    def __call__(self, done: int) -> None:
        """Take the number of records done."""
        self.stages(self.what, done, self.total)


@contextmanager
def progress(what: str, total: int | None, quiet: bool) -> Iterator[Job]:
    """Show how far a long job is.

    Args:
        what: the job, in one word.
        total: records to do; None when it cannot be known.
        quiet: show nothing.

    Yields:
        A function that takes the number of records done, with its ``stages``.
    """
    with stages(quiet) as show:
        if sys.stderr.isatty():
            show(what, 0, total)  # something to look at while models are loaded
        yield Job(what, total, show)


@contextmanager
def stages(quiet: bool) -> Iterator["Stages"]:
    """Show how far a job is that consists of stages alone.

    Args:
        quiet: show nothing.

    Yields:
        A function that takes the name of a stage, how much is done, and of how much; None where
        that cannot be known.
    """
    if quiet:
        yield lambda _what, _done, _total: None
    elif sys.stderr.isatty():
        with _bars() as show:
            yield show
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator["Stages"]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    texts = [TextColumn(f"{{task.{field}}}") for field in ("description", "fields[now]")]
    speeds: dict[str, tuple[TaskID, _Speed]] = {}
    columns = (texts[0], BarColumn(), texts[1], TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def show(what: str, done: int, total: int | None) -> None:
            if what not in speeds:
                _end(bars)
                speeds[what] = bars.add_task(what, total=total, now=""), _Speed()
            task, speed = speeds[what]
            bars.update(task, total=total, completed=done, now=_now(done, total, speed.after(done)))

        yield show
        _end(bars)


def _end(bars: "Bars") -> None:
    """Call stages done of which nobody could say how long they are."""
    for task in bars.tasks:
        if task.total is None:
            end = max(1, task.completed)
            bars.update(task.id, total=end, completed=end)


def _lines() -> "Stages":
    speeds: dict[str, _Speed] = {}
    shown: dict[str, float] = {}

    def show(what: str, done: int, total: int | None) -> None:
        rate = speeds.setdefault(what, _Speed()).after(done)
        now = time.monotonic()
        if what in shown and now - shown[what] < EVERY and done != total:
            return
        shown[what] = now
        left = f", {(total - done) / rate:.0f} s left" if total and rate and done < total else ""
        colon = ": " if done else ""
        print(f"{what}{colon}{_now(done, total, rate)}{left}", file=sys.stderr, flush=True)  # noqa: T201

    return show


def _now(done: int, total: int | None, rate: float) -> str:
    """Say how much is done, once something is."""
    if not done:
        return ""
    of = f" of {total:,}" if total else ""
    return f"{done:,}{of}" + (f", {rate:.0f}/s" if rate else "")


class _Speed:
    """Records a second, from when the first were done.

    What comes before them is no part of the speed: models are loaded, and an earlier run did what
    this one skips.
    """

    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None

    def after(self, done: int) -> float:
        """Take how many are done; say how fast, 0 before anything can be said."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = (now, done) if done else None
            return 0.0
        began, before = self._begun
        return (done - before) / (now - began) if now > began else 0.0
