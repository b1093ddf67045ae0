"""A service in a process of its own, as `interlingua serve` runs it, with limits of the test."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).parents[2]
TOKEN = "correct-horse-battery-staple"  # noqa: S105 - a test's

HEAVY = {"input": ["0123456789abcdef" * 256] * 250, "model": "hashing:64"}
"""A request that keeps the hashing encoder busy for seconds: a million trigrams."""


def main() -> None:
    """Serve what the first argument says."""
    from service.limits import Limits
    from service.server import serve
    from service.settings import Settings

    wanted: dict[str, Any] = json.loads(sys.argv[1])
    for name in ("hosts", "origins"):
        wanted[name] = tuple(wanted.get(name, ()))
    wanted |= {"index": Path(wanted["index"]), "limits": Limits(**wanted.get("limits", {}))}
    serve(Settings(**wanted), "127.0.0.1", 0, lambda address: print(address, flush=True))  # noqa: T201


@dataclass
class Service:
    """One running service."""

    process: "subprocess.Popen[str]"
    url: str
    log: Path

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
        return cls(process, url, log)

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
