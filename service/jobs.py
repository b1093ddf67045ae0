"""Audits as jobs: one runs, a few wait, all can be watched and cancelled."""

import asyncio
import json
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from service.logs import LOGGER
from service.problems import Problem
from service.settings import Settings

State = Literal["queued", "running", "done", "failed", "cancelled"]
_ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled"})
_KEPT = 32
"""Jobs that are remembered after their end."""
_LINE = 1 << 20


@dataclass(slots=True)
class JobStatus:
    """What everybody may know of a job."""

    id: str
    created: str
    state: State = "queued"
    started: str | None = None
    ended: str | None = None
    done: int = 0
    total: int | None = None
    audit: int | None = None
    note: str | None = None


class Job:
    """One audit; those who watch are woken by every change."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self.status = JobStatus(id=uuid.uuid4().hex, created=_now())
        self.order = order
        self.process: asyncio.subprocess.Process | None = None
        self._changed = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status.state in _ENDED

    def update(self, **changes: Any) -> None:  # noqa: ANN401 - fields of JobStatus
        """Change the status and wake those who watch."""
        for name, value in changes.items():
            setattr(self.status, name, value)
        self._changed.set()
        self._changed = asyncio.Event()

    def end(self, state: State, note: str | None = None) -> None:
        """Come to an end."""
        self.update(state=state, ended=_now(), note=note or self.status.note)

    def kill(self) -> None:
        """Kill the process, if there is one that runs."""
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()

    def changed(self) -> asyncio.Event:
        """Return the event of the next change."""
        return self._changed

    def document(self) -> dict[str, Any]:
        """Describe the job."""
        return asdict(self.status)


class Jobs:
    """The audits of one service."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs: dict[str, Job] = {}
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._scratch = Path()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs, inside the block; what has not ended by its end is cancelled."""
        with tempfile.TemporaryDirectory(prefix="interlingua-") as scratch:
            self._scratch = Path(scratch)
            task = asyncio.create_task(self._work())
            try:
                yield
            finally:
                self.cancel_all()
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def list(self) -> "list[Job]":
        """List jobs, the newest first."""
        return [*self._jobs.values()][::-1]

    def get(self, id_: str) -> Job:
        """Find a job.

        Raises:
            Problem: there is none of that id.
        """
        job = self._jobs.get(id_)
        if job is None:
            raise Problem(404, "no-job", "no such job", "list them at /v1/audit-jobs")
        return job

    def start(self, options: Mapping[str, Any]) -> Job:
        """Put an audit in the queue.

        Raises:
            Problem: too many wait.
        """
        if self._waiting() >= self._settings.limits.audits_waiting:
            raise Problem(
                429, "audits", "too many audits wait", "wait or cancel one", {"Retry-After": "10"}
            )
        job = Job(options)
        self._jobs[job.status.id] = job
        self._queue.put_nowait(job)
        self._forget()
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job; one that has ended stays as it is."""
        if not job.ended:
            job.end("cancelled")
            job.kill()

    def cancel_all(self) -> None:
        """Stop everything."""
        for job in self._jobs.values():
            self.cancel(job)

    def result(self, job: Job) -> Path:
        """Name the file with the result of a job.

        Raises:
            Problem: it has none.
        """
        if job.status.state != "done":
            raise Problem(409, "no-result", f"the job is {job.status.state}", "wait for its end")
        return self._file(job)

    def _file(self, job: Job) -> Path:
        return self._scratch / f"{job.status.id}.json"

    def _waiting(self) -> int:
        return sum(job.status.state == "queued" for job in self._jobs.values())

    def _forget(self) -> None:
        """Drop the oldest that have ended."""
        ended = [job for job in self._jobs.values() if job.ended]
        for job in ended[: max(0, len(ended) - _KEPT)]:
            del self._jobs[job.status.id]
            self._file(job).unlink(missing_ok=True)

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            if job.ended:
                continue
            try:
                async with asyncio.timeout(self._settings.limits.audit_seconds):
                    await self._run(job)
            except TimeoutError:
                self._stop(job, "it took too long")
            except asyncio.CancelledError:
                self._stop(job, "the service stops")
                raise
            except OSError:
                LOGGER.exception("audit")
                self._stop(job, "it could not be started")

    def _stop(self, job: Job, note: str) -> None:
        job.kill()
        if not job.ended:
            job.end("failed", note)

    async def _run(self, job: Job) -> None:
        """Run one audit in its process and follow what it says."""
        job.update(state="running", started=_now())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "service.audit_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE,
        )
        job.process = process
        if job.ended:  # cancelled while it started
            job.kill()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(json.dumps(self._order(job)).encode())
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            self._follow(job, json.loads(line))
        await process.wait()
        if not job.ended:
            job.end("failed", "its process died")

    def _order(self, job: Job) -> dict[str, Any]:
        spec = self._settings.encoder
        return {
            "index": str(self._settings.index.absolute()),
            "encoder": None if spec is None else asdict(spec),
            "options": dict(job.order),
            "result": str(self._file(job)),
        }

    @staticmethod
    def _follow(job: Job, said: Mapping[str, Any]) -> None:
        if job.ended:
            return
        if "error" in said:
            job.end("failed", said["error"])
        elif "audit" in said:
            job.update(audit=said["audit"], note=said.get("note"))
            job.end("done")
        else:
            job.update(done=said["done"], total=said["total"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
