"""The servers that bench/serve.py compares, each a process of its own on this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import interlingua
from bench.exported import export_e5
from bench.load import Order, Shape, encode_order
from indexer.index import IndexReader

ROOT = Path(__file__).parents[1]


@dataclass
class Server:
    """One running server."""

    name: str
    shape: Shape
    url: str
    process: "subprocess.Popen[bytes]"

    def memory(self) -> float:
        """Resident memory of the process, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def processor_seconds(self) -> float:
        """Processor time that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Found:
    """What a run of bench/load.py found."""

    seconds: float
    statuses: dict[str, int]
    retry_after: int
    late: int
    rate: float
    """Answers with status 200, a second."""
    p50: float
    p95: float
    p99: float
    longest: float
    """Milliseconds."""


@contextmanager
def running(name: str, shape: Shape, command: list[str], env: dict[str, str]) -> Iterator[Server]:
    """Run a server until the block ends; ``PORT`` in the command becomes a free port."""
    port = _free_port()
    filled = [part.replace("PORT", str(port)) for part in command]
    process = subprocess.Popen(
        filled, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    )
    server = Server(name, shape, f"http://127.0.0.1:{port}", process)
    try:
        _wait(server, "/readyz" if shape == "interlingua" else "/count")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def serve_interlingua(index: Path) -> Iterator[Server]:
    """Run our service over an index."""
    code = "import sys; from cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "serve", "--index", str(index), "--port", "PORT"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with running("interlingua", "interlingua", command, env) as server:
        yield server


@contextmanager
def serve_txtai(python: str, folder: Path) -> Iterator[Server]:
    """Run txtai's API over its index; it gets no interlingua and no network."""
    command = [python, "-m", "uvicorn", "txtai.api:app", "--port", "PORT", "--log-level", "error"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"CONFIG": str(folder / "app.yml"), "HF_HUB_OFFLINE": "1"}
    with running("txtai", "txtai", command, env) as server:
        yield server


def make_txtai_index(python: str, index: Path, folder: Path) -> None:
    """Make txtai's index out of ours, unless an earlier run has left it there."""
    if (folder / "app.yml").exists():
        return
    model = folder / "model"
    model.mkdir(parents=True, exist_ok=True)
    export_e5(model)
    with IndexReader.open(index) as reader:
        documents = list(reader.documents())
        vectors = reader.vectors([document.id for document in documents])
    np.save(folder / "vectors.npy", vectors)
    rows = (json.dumps({"id": d.id, "text": d.text}) for d in documents)
    (folder / "texts.jsonl").write_text("\n".join(rows), encoding="utf-8")
    script = str(ROOT / "bench" / "txtai_index.py")
    arguments = [folder / "vectors.npy", folder / "texts.jsonl", model, folder]
    subprocess.run([python, script, *map(str, arguments)], check=True)


def build_index(corpus: Path, index: Path, encoder: str) -> None:
    """Build our index, unless an earlier run has left it there."""
    if index.exists():
        return
    interlingua.build(
        interlingua.read_corpus([str(corpus)]),
        index,
        encoder=interlingua.EncoderSpec(encoder),
        progress=lambda done: print(f"{done} documents", end="\r", file=sys.stderr),
    )


def send(order: Order) -> Found:
    """Send requests from a second process."""
    command = [sys.executable, "-m", "bench.load", encode_order(order)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=env, cwd=ROOT)
    return Found(**json.loads(done.stdout))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(server: Server, path: str) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if server.process.poll() is not None:
            sys.exit(f"{server.name} ended with code {server.process.returncode}")
        try:
            with urllib.request.urlopen(server.url + path, timeout=60):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"{server.name} did not get ready")
