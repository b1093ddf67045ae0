"""Progress as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator

from service.jobs import Job
from service.problems import overloaded

_HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it lives."""


class Streams:
    """The open streams of one service."""

    def __init__(self, most: int, stopping: asyncio.Event) -> None:
        self._most, self._stopping, self._open = most, stopping, 0

    def check(self) -> None:
        """Refuse one stream too many.

        Raises:
            Problem: too many are open.
        """
        if self._open >= self._most:
            raise overloaded("too many event streams are open", 10)

    async def follow(self, job: Job) -> AsyncIterator[str]:
        """Send the state of a job after every change, until its end or that of the service.

        Changes faster than the client reads become one.
        """
        self._open += 1
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while True:
                changed = asyncio.create_task(job.changed().wait())
                yield _event(job)
                if job.ended or stopping.done():
                    return
                try:
                    while not await _one_of(changed, stopping):
                        yield ": alive\n\n"
                finally:
                    changed.cancel()
        finally:
            stopping.cancel()
            self._open -= 1


async def _one_of(*tasks: asyncio.Task[bool]) -> bool:
    """Wait for one of the tasks, at most the time of a heartbeat; say whether one is done."""
    done, _ = await asyncio.wait(tasks, timeout=_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)


def _event(job: Job) -> str:
    """Write one event; it is named after the state: ``running``, ``done``."""
    return f"event: {job.status.state}\ndata: {json.dumps(job.document())}\n\n"
