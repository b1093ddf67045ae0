"""Texts of concurrent requests are encoded together, in order, within bounds."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from indexer.records import Encoding, Role
from service.batching import Batch, Batcher
from service.problems import Problem


class Recorder:
    """An encoder whose vector is the length of the text, and that waits when told to."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[str]]] = []
        self.go = threading.Event()
        self.go.set()

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode, remembering what came together."""
        self.batches.append((role, list(texts)))
        self.go.wait(30)
        if "poison" in texts:
            raise ValueError("poison")
        lengths = np.array([len(text) for text in texts])
        return Encoding(lengths[:, None].astype(np.float32), lengths.astype(np.int32), 0 * lengths)


async def _with(recorder: Recorder, work: Any, *, most: int = 8, queued: int = 20) -> list[Batch]:
    seen: list[Batch] = []
    with ThreadPoolExecutor(1) as pool:
        batcher = Batcher(
            recorder.encode, pool, most=most, wait=0.05, queued=queued, observe=seen.append
        )
        task = asyncio.create_task(batcher.run())
        try:
            await work(batcher)
        finally:
            recorder.go.set()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return seen


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end."""
    return asyncio.run(coroutine)


def test_concurrent_texts_are_one_batch() -> None:
    """Five requests at once are one call; each gets its own rows."""
    recorder = Recorder()

    async def work(batcher: Batcher) -> None:
        asked = [["a" * i] * 1 for i in range(1, 6)]
        found = await asyncio.gather(*(batcher.encode(texts, "query") for texts in asked))
        assert [f.vectors[0, 0] for f in found] == [1, 2, 3, 4, 5]

    seen = run(_with(recorder, work))
    assert len(recorder.batches) == 1
    assert [(b.texts, b.requests) for b in seen] == [(5, 5)]


def test_roles_are_not_mixed_and_batches_are_bounded() -> None:
    """A batch has one role and at most so many texts; nobody is lost or answered twice."""
    recorder = Recorder()

    async def work(batcher: Batcher) -> None:
        roles: list[Role] = ["query", "passage"] * 5
        found = await asyncio.gather(
            *(batcher.encode(["x" * (i + 1)] * 2, role) for i, role in enumerate(roles))
        )
        assert [f.vectors[:, 0].tolist() for f in found] == [[i, i] for i in range(1, 11)]

    run(_with(recorder, work, most=6))
    assert max(len(texts) for _, texts in recorder.batches) <= 6
    assert sum(len(texts) for _, texts in recorder.batches) == 20


def test_full_queue_refuses_and_goes_on() -> None:
    """Beyond the bound a request is refused at once with 503; those that wait are answered."""
    recorder = Recorder()
    recorder.go.clear()

    async def work(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.encode(["first"], "query"))
        while not recorder.batches:  # it is being encoded, and holds no place in the queue
            await asyncio.sleep(0.01)
        waiting = [asyncio.create_task(batcher.encode(["a"] * 5, "query")) for _ in range(4)]
        await asyncio.sleep(0)
        assert batcher.queued == 20
        with pytest.raises(Problem) as refused:
            await batcher.encode(["more"], "query")
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
        waiting.pop().cancel()
        await asyncio.sleep(0)
        assert batcher.queued == 15  # whoever goes frees its place
        recorder.go.set()
        assert [len(found.vectors) for found in await asyncio.gather(*waiting)] == [5, 5, 5]
        assert len((await first).vectors) == 1

    run(_with(recorder, work))


def test_a_failure_belongs_to_its_batch() -> None:
    """Whoever shares a batch with a failing text gets the error; the next batch is encoded."""
    recorder = Recorder()

    async def work(batcher: Batcher) -> None:
        with pytest.raises(ValueError, match="poison"):
            await batcher.encode(["poison"], "query")
        assert len((await batcher.encode(["fine"], "query")).vectors) == 1

    run(_with(recorder, work))
