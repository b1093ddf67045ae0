"""Running services: one in a thread of the tests, or one in a process of its own."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

import httpx

from service.logs import LOGGER, JsonFormatter
from service.server import Server, listen, make_server, serve
from service.settings import Settings

ROOT = Path(__file__).parents[2]
TOKEN = "correct-horse-battery-staple"  # noqa: S105 - a test's

HEAVY = {"input": ["0123456789abcdef" * 128] * 250, "model": "hashing:64"}
"""A request that keeps the hashing encoder busy for a second: half a million trigrams."""


def read_settings(wanted: dict[str, Any]) -> Settings:
    """Make settings of what a test wants, which may have gone through JSON."""
    from service.limits import Limits

    for name in ("hosts", "origins"):
        wanted[name] = tuple(wanted.get(name, ()))
    wanted |= {"index": Path(wanted["index"]), "limits": Limits(**wanted.get("limits", {}))}
    return Settings(**wanted)


def main() -> None:
    """Serve what the first argument says."""
    wanted = read_settings(json.loads(sys.argv[1]))
    serve(wanted, "127.0.0.1", 0, lambda address: print(address, flush=True))  # noqa: T201


@dataclass
class Service:
    """Where a service is, and how it is asked."""

    url: str
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a socket."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def client(self, **options: Any) -> httpx.Client:
        """Make a client."""
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, **options)

    def records(self) -> list[dict[str, Any]]:
        """Read its log, every line of which is JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@dataclass
class Threaded(Service):
    """A service in a thread: the same server, sockets and layers, and no start of a process."""

    server: Server
    thread: threading.Thread
    handler: logging.Handler

    @classmethod
    def start(cls, index: Path, log: Path, **settings: object) -> Self:
        """Start one and wait until it is ready; its log holds what others log meanwhile, too."""
        ready: SimpleQueue[BaseException | None] = SimpleQueue()
        handler = logging.FileHandler(log)
        handler.setFormatter(JsonFormatter())
        LOGGER.addHandler(handler)
        LOGGER.setLevel("INFO")
        server = make_server(read_settings({"index": index, **settings}), ready.put)
        listener = listen("127.0.0.1", 0)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        port = listener.getsockname()[1]
        thread.start()
        error = ready.get(timeout=60)
        assert error is None
        return cls(f"http://127.0.0.1:{port}", log, server, thread, handler)

    def stop(self) -> None:
        """Stop it, as a signal would."""
        self.server.should_exit = True
        self.thread.join(60)
        assert not self.thread.is_alive()
        LOGGER.removeHandler(self.handler)
        self.handler.close()


@dataclass
class Spawned(Service):
    """A service in a process of its own, as `interlingua serve` runs it."""

    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, index: Path, log: Path, **settings: object) -> Self:
        """Start one and wait until it says that it is ready."""
        wanted = json.dumps({"index": str(index), **settings})
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.service.serving", wanted],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, log.read_text()
        return cls(url, log, process)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


if __name__ == "__main__":
    main()
