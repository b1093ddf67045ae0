"""A corpus that a process of its own reads, so that an import keeps two processors at work."""

import gc
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from subprocess import DEVNULL, Popen

from indexer.contradictions import Contradiction
from indexer.corpus import Fields, Record, read_found
from indexer.detectors import open_detector
from indexer.drafts import NO_DRAFTS, Drafting, Drafts, DraftSource
from indexer.errors import InterlinguaError
from indexer.readers.guess import Found

Sent = Drafts | InterlinguaError | tuple[Contradiction, ...]
"""What goes through the pipe: batches, and at the end an error or what the labels contradict."""

LARGE = 200_000
"""Records from which a second process is worth the time that it takes to start, and its memory."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Sources that another process can read: files, nothing that is open."""

    found: Sequence[Found]
    fields: Fields
    lang: str | None
    """Language of the records that bring none; they are detected when None."""
    detector: str
    """Name of what detects it."""

    def __iter__(self) -> Iterator[Record]:
        """Read the records; the first one that is refused ends it."""
        detector = open_detector(self.detector)
        return read_found(self.found, fields=self.fields, lang=self.lang, detector=detector)


@contextmanager
def drafted(records: Iterable[Record], expected: int | None, size: int) -> Iterator[DraftSource]:
    """Make drafts of records, for as long as the block runs.

    Args:
        records: read in a process of their own where they are a :class:`Corpus`, known to be
            large, and there is a processor for it.
        expected: how many records there are, when it is known.
        size: how many are asked for at a time.
    """
    large = expected is not None and expected >= LARGE and len(os.sched_getaffinity(0)) > 1
    if not (large and isinstance(records, Corpus)):
        yield Drafting(records)
        return
    with reader(records, size) as source:
        yield source


@contextmanager
def reader(corpus: Corpus, size: int) -> Iterator["Received"]:
    """Read a corpus in a process that ends with the block, or with this process."""
    ours, theirs = Pipe()
    # A program of its own: it must inherit neither locks nor threads nor an open database, and it
    # finds the same packages.
    command = f"from indexer.apart import serve; serve({theirs.fileno()})"
    with (
        ours,
        Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", command],
            stdin=DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=[theirs.fileno()],
        ) as process,
    ):
        theirs.close()  # so that the pipe ends when the process does
        try:
            ours.send((corpus, size))
            yield Received(ours, process)
        finally:
            process.kill()


class Received:
    """The drafts that :func:`send_drafts` sends through a pipe; one batch at most waits there."""

    def __init__(self, pipe: "Connection[object, Sent]", process: Popen[bytes]) -> None:
        self._pipe, self.process = pipe, process
        self._rest = NO_DRAFTS
        self._found: tuple[Contradiction, ...] | None = None

    def take(self, n: int) -> Drafts:
        """See :meth:`DraftSource.take`.

        Raises:
            InputError: as there.
            InterlinguaError: the process was killed.
        """
        while len(self._rest.values) < n and self._found is None:
            self._receive()
        taken, self._rest = self._rest.cut(n)
        return taken

    def contradictions(self) -> tuple[Contradiction, ...]:
        """See :meth:`DraftSource.contradictions`; known when all records were taken."""
        return self._found or ()

    def _receive(self) -> None:
        try:
            got = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            raise InterlinguaError(
                f"the process that read the corpus ended with code {self.process.wait()}",
                "look at what ended it (memory?), then run the command again: it goes on",
            ) from error
        if isinstance(got, InterlinguaError):
            raise got
        if isinstance(got, Drafts):
            self._rest = self._rest.followed_by(got)
        else:
            self._found = got


def serve(number: int) -> None:
    """Be the process: take a corpus out of a pipe and send its drafts.

    Args:
        number: of the pipe's end that this process inherited.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the importing process says when it ends
    gc.disable()  # nothing here is part of a cycle, and there is much of it
    with Connection(number) as pipe:
        corpus, size = pipe.recv()
        send_drafts(corpus, size, pipe)


def send_drafts(corpus: Iterable[Record], size: int, pipe: "Connection[Sent, object]") -> None:
    """Send all drafts of a corpus, then what its labels contradict, or the error that ended it.

    Waits while nobody takes them, and ends quietly when nobody will.
    """
    source = Drafting(corpus)
    with suppress(BrokenPipeError, ConnectionResetError):
        try:
            while (drafts := source.take(size)).values:
                pipe.send(drafts)
            pipe.send(source.contradictions())
        except InterlinguaError as error:
            pipe.send(error)
