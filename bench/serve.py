"""The service under load, beside txtai's API over the same documents, vectors and encoder.

    python -m bench.serve                      all parts; ten minutes of overload
    python -m bench.serve --part throughput    as fast as 1 to 64 connections get answers
    python -m bench.serve --part rate          a constant rate of 70 % of the limit
    python -m bench.serve --part overload --minutes 10    twice the limit

Real servers over XQuAD-R (13,014 sentences, 13,090 questions), requests from a second process on
the same machine, whose processor both share. Every request of a run asks another question, and
nobody caches answers. ``--keep DIR`` keeps indexes, which take minutes to build, for the next run.
txtai (``pip install 'txtai[api]'``) may live in another environment: ``--txtai PYTHON``;
``--txtai none`` leaves it out. Prints Markdown.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from bench.cached import say
from bench.load import Order
from bench.markdown import table
from bench.servers import (
    Found,
    Server,
    build_index,
    make_txtai_index,
    send,
    serve_interlingua,
    serve_txtai,
)
from data import CORPUS
from indexer.convert import convert_xquad_r

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
CONNECTIONS = (1, 2, 4, 8, 16, 32, 64)
QUANTILES = ("p50", "p95", "p99")
COMPARED = 16
"""Connections at which the limit is measured."""
MOST = 400
"""Connections of an open loop: all that the rate may need at once."""


@dataclass
class Bench:
    """Servers that run, and the questions that have been asked."""

    queries: Path
    seconds: float
    asked: int = 0

    def run(
        self, server: Server, connections: int, rate: float | None = None, seconds: float = 0
    ) -> Found:
        """Send for a while, with questions that nobody has been asked yet."""
        time.sleep(1)
        found = send(
            Order(
                url=server.url,
                shape=server.shape,
                queries=str(self.queries),
                skip=self.asked,
                connections=connections,
                seconds=seconds or self.seconds,
                rate=rate,
            )
        )
        self.asked += sum(found.statuses.values())
        return found


@dataclass
class Turn:
    """What one server did in one turn."""

    found: Found
    processor: float
    """Milliseconds of processor time that the server spent on an answer."""


def take_turn(bench: Bench, server: Server, connections: int) -> Turn:
    """Keep some connections busy for a while."""
    before = server.processor_seconds()
    found = bench.run(server, connections)
    spent = server.processor_seconds() - before
    return Turn(found, 1000 * spent / max(1, sum(found.statuses.values())))


def throughput(
    bench: Bench, servers: Sequence[Server], several: Sequence[int], rounds: int
) -> None:
    """Print how many answers a second each server gives, in turns: medians of the rounds."""
    rows = []
    for connections in several:
        turns = [[take_turn(bench, one, connections) for one in servers] for _ in range(rounds)]
        cells = [str(connections)]
        for server, own in zip(servers, zip(*turns, strict=True), strict=True):
            cells.append(f"{statistics.median(turn.found.rate for turn in own):.1f}")
            times = [statistics.median(getattr(t.found, q) for t in own) for q in QUANTILES]
            cells += [f"{time_:.0f}" for time_ in times]
            cells.append(f"{statistics.median(turn.processor for turn in own):.1f}")
            cells.append(f"{server.memory():.0f}")
        if len(servers) > 1:
            ratios = [ours.found.rate / theirs.found.rate for ours, theirs in turns]
            cells.append(f"{statistics.median(ratios):.2f}")
        rows.append(cells)
        say(" ".join(cells))
    head = ["connections"]
    for server in servers:
        head += [f"{server.name}, answers/s", *(f"{q} ms" for q in QUANTILES)]
        head += ["processor ms an answer", "MB"]
    table([*head, *(["ratio"] if len(servers) > 1 else [])], rows)


def constant_rate(bench: Bench, server: Server, shares: Sequence[float]) -> None:
    """Print the latencies at shares of the limit, requests coming at a constant rate."""
    limit = bench.run(server, COMPARED).rate
    print(f"{server.name}, limit with {COMPARED} connections: {limit:.1f} requests/s.\n")
    rows = []
    for share in shares:
        found = bench.run(server, MOST, rate=share * limit, seconds=2 * bench.seconds)
        times = [f"{getattr(found, q):.0f}" for q in QUANTILES]
        others = sum(n for status, n in found.statuses.items() if status != "200") + found.late
        answered = f"{found.rate:.1f}"
        rows.append([f"{share:.0%}", answered, *times, f"{found.p99 / found.p50:.2f}", str(others)])
    table(["of the limit", "answers/s", *(f"{q} ms" for q in QUANTILES), "p99/p50", "other"], rows)


@dataclass
class Memory:
    """The memory of a server, looked at every ten seconds."""

    server: Server
    seen: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, MB."""
    _over: Event = field(default_factory=Event)

    def watch(self) -> None:
        """Look until told to stop."""
        start = time.monotonic()
        while not self._over.is_set():
            self.seen.append((time.monotonic() - start, self.server.memory()))
            self._over.wait(10)

    def during(self, work: Callable[[], Found]) -> Found:
        """Look while something is done."""
        thread = Thread(target=self.watch)
        thread.start()
        try:
            return work()
        finally:
            self._over.set()
            thread.join()


def overload(bench: Bench, server: Server, minutes: float) -> None:
    """Print what becomes of twice the requests that the server can answer."""
    limit = bench.run(server, COMPARED).rate
    memory = Memory(server)
    found = memory.during(lambda: bench.run(server, MOST, rate=2 * limit, seconds=60 * minutes))
    after = bench.run(server, COMPARED)
    refused = found.statuses.get("503", 0)
    other = {status: n for status, n in found.statuses.items() if status not in {"200", "503"}}
    others = ", ".join(f"{n} with {status}" for status, n in other.items()) or "none other"
    print(
        f"{server.name}, {minutes:g} minutes at {2 * limit:.0f} requests/s, twice its limit:"
        f" {found.rate:.1f} answers/s (p50 {found.p50:.0f} ms, p99 {found.p99:.0f} ms,"
        f" longest {found.longest:.0f} ms), {refused} refused with 503"
        f" ({found.retry_after} with Retry-After), {others}, {found.late} not sent;"
        f" process {'alive' if server.process.poll() is None else 'DEAD'};"
        f" afterwards {after.rate:.1f} answers/s with {COMPARED} connections.\n"
    )
    step = max(1, len(memory.seen) // 10)
    rows = [[f"{at / 60:.1f}", f"{mb:.0f}"] for at, mb in memory.seen[::step]]
    table(["minute", "MB"], rows)


def prepare(args: argparse.Namespace, folder: Path) -> tuple[Path, Path]:
    """Build what is served; return the index and the file of questions, one a line."""
    index, questions = folder / "index", folder / "questions.txt"
    if args.demo:
        corpus = CORPUS
        texts = [json.loads(line)["text"] for line in corpus.read_text("utf-8").splitlines()]
    else:
        if not (folder / "converted").exists():
            convert_xquad_r(args.data, folder / "converted")
        corpus = folder / "converted" / "corpus.jsonl"
        lines = (folder / "converted" / "queries.jsonl").read_text("utf-8").splitlines()
        texts = [json.loads(line)["text"] for line in lines]
    # Neighbours in the file are one question in eleven languages, or of one length.
    mixed = [texts[i * 7919 % len(texts)] for i in range(len(texts))]
    questions.write_text("\n".join(" ".join(text.split()) for text in mixed), encoding="utf-8")
    build_index(corpus, index, args.encoder)
    return index, questions


def main() -> None:
    """Run the parts that were asked for."""
    args = arguments().parse_args()
    with ExitStack() as stack:
        folder = args.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        index, questions = prepare(args, folder)
        servers = [stack.enter_context(serve_interlingua(index))]
        if args.txtai != "none":
            make_txtai_index(args.txtai, index, folder / "txtai")
            servers.append(stack.enter_context(serve_txtai(args.txtai, folder / "txtai")))
        bench = Bench(questions, args.seconds)
        for server in servers:
            bench.run(server, 4, seconds=3)
        print(f"{os.cpu_count()} cores, shared with the process that asks.\n")
        if args.part in {"all", "throughput"}:
            throughput(bench, servers, args.connections, args.rounds)
        for server in servers:
            if args.part in {"all", "rate"}:
                constant_rate(bench, server, (0.5, 0.7, 0.9))
        if args.part in {"all", "overload"}:
            overload(bench, servers[0], args.minutes)


def arguments() -> argparse.ArgumentParser:
    """Say what may be asked for."""
    data = Path(os.environ.get("INTERLINGUA_TEST_DATA", SHARED)) / "xquad-r"
    parser = argparse.ArgumentParser(description="The service under load, beside txtai's.")
    add = parser.add_argument
    add("--part", choices=["all", "throughput", "rate", "overload"], default="all")
    add("--connections", type=int, nargs="*", default=CONNECTIONS, help="at once, of throughput")
    add("--seconds", type=float, default=15, help="of one measurement")
    add("--rounds", type=int, default=3, help="turns of each server")
    add("--minutes", type=float, default=10, help="of overload")
    add("--txtai", default=sys.executable, help="the Python that has txtai[api], or none")
    add("--keep", type=Path, help="folder for indexes that are built once")
    add("--demo", action="store_true", help="the small corpus of the repository")
    add("--data", type=Path, default=data, help="folder of XQuAD-R")
    add("--encoder", default="multilingual-e5-small", help="of our index; for trying things out")
    return parser


if __name__ == "__main__":
    main()
