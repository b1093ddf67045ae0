"""Progress on stderr: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.readers.guess import Found
    from indexer.records import Filter

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
