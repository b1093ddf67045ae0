"""Texts of concurrent requests, encoded together.

The first text of a batch waits a bounded time for others; while a batch is being encoded the next
one gathers. Where several batches may be encoded at once, what waits is shared among those that
are idle. The queue is bounded: what would not be encoded soon is refused at once.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from indexer.records import Encoding, Role
from service.problems import overloaded

Encode = Callable[[Sequence[str], Role], Encoding]


_WORTH_SHARING = 8
"""Texts from which two batches are quicker than one: a batch of four costs little more a text."""


class Batch(NamedTuple):
    """What was encoded together, for the metrics."""

    texts: int
    requests: int
    seconds: float


@dataclass(slots=True, eq=False)
class _Waiting:
    texts: Sequence[str]
    role: Role
    since: float = field(default_factory=time.monotonic)
    done: asyncio.Future[Encoding] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Batcher:
    """Encodes what many requests ask for, one batch at a time.

    Args:
        encode: the blocking call; runs in ``executor``.
        executor: as many threads as there are workers, see :meth:`run`.
        most: texts in a batch; a larger request is a batch alone.
        wait: seconds that the first of a batch waits for others.
        queued: texts that may wait.
        company: whether others are on their way, so that waiting for them makes sense.
        observe: told of every batch.
    """

    def __init__(
        self,
        encode: Encode,
        executor: Executor,
        *,
        most: int,
        wait: float,
        queued: int,
        company: Callable[[], bool] = lambda: True,
        observe: Callable[[Batch], None] = lambda _batch: None,
    ) -> None:
        self._encode, self._executor, self._observe = encode, executor, observe
        self._company = company
        self._most, self._wait, self._limit = most, wait, queued
        self._queue: deque[_Waiting] = deque()
        self._queued = self._encoding = 0
        self._workers = self._busy = 0
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()

    @property
    def queued(self) -> int:
        """Texts that wait."""
        return self._queued

    @property
    def requests(self) -> int:
        """Requests whose texts wait or are being encoded."""
        return len(self._queue) + self._encoding

    @property
    def sharing(self) -> int:
        """Batches that share the processor, the one that is about to begin included."""
        return max(1, min(self._workers, self._busy + bool(self._queue)))

    async def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode texts, together with what others ask for at the same time.

        Raises:
            Problem: too many texts wait already.
        """
        if self._queued + len(texts) > self._limit:
            raise overloaded("too many texts wait to be encoded")
        waiting = _Waiting(texts, role)
        self._queue.append(waiting)
        self._queued += len(texts)
        self._arrived.set()
        if self._queued >= self._most:
            self._full.set()
        try:
            return await waiting.done
        except asyncio.CancelledError:
            # Whoever has gone frees its place at once, if its batch has not begun.
            if waiting in self._queue:
                self._queue.remove(waiting)
                self._queued -= len(texts)
            raise

    async def run(self) -> None:
        """Encode batch after batch until cancelled; run as often as batches are encoded at once."""
        self._workers += 1
        while True:
            await self._arrived.wait()
            if self._queue and self._queued < self._most and self._company():
                with suppress(TimeoutError):
                    waited = time.monotonic() - self._queue[0].since
                    await asyncio.wait_for(self._full.wait(), max(0.0, self._wait - waited))
            batch = self._take()
            if batch:
                self._busy += 1
                self._encoding += len(batch)
                try:
                    await self._answer(batch)
                finally:
                    self._busy -= 1
                    self._encoding -= len(batch)

    def _take(self) -> list[_Waiting]:
        """Take a batch of one role off the queue, the oldest first."""
        most = self._most
        idle = self._workers - self._busy
        if idle > 1 and self._queued >= _WORTH_SHARING:
            most = min(most, -(-self._queued // idle))
        batch: list[_Waiting] = []
        size = 0
        rest: deque[_Waiting] = deque()
        for waiting in self._queue:
            fits = not batch or size + len(waiting.texts) <= most
            if fits and (not batch or waiting.role == batch[0].role):
                batch.append(waiting)
                size += len(waiting.texts)
            else:
                rest.append(waiting)
        self._queue = rest
        self._queued -= size
        if not rest:
            self._arrived.clear()
        if self._queued < self._most:
            self._full.clear()
        return batch

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        texts = [text for waiting in batch for text in waiting.texts]
        start = time.perf_counter()
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._executor, self._encode, texts, batch[0].role)
        except Exception as error:  # noqa: BLE001 - belongs to those who wait, not to this loop
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_exception(error)
            return
        self._observe(Batch(len(texts), len(batch), time.perf_counter() - start))
        ends = np.cumsum([len(waiting.texts) for waiting in batch]).tolist()
        for waiting, end in zip(batch, ends, strict=True):
            rows = slice(end - len(waiting.texts), end)
            if not waiting.done.done():
                waiting.done.set_result(
                    Encoding(found.vectors[rows], found.tokens[rows], found.tokens_dropped[rows])
                )
