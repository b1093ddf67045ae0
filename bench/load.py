"""Sends requests to a server, from a process of its own, and says how they were answered.

    python -m bench.load ORDER

ORDER is JSON with the fields of :class:`Order`; the result, one JSON object, goes to stdout.

With a rate, requests are sent at that rate whatever the server does (open loop), and a latency
counts from the moment the request was due: a server that stalls is charged for everybody who
would have come meanwhile. Without one, each connection sends its next request when it has the
answer to the last (closed loop).
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

TIMEOUT = 60.0
Shape = Literal["interlingua", "txtai"]


@dataclass(frozen=True)
class Order:
    """What is to be sent."""

    url: str
    shape: Shape
    """Whose API it is."""
    queries: str
    """File with a query a line."""
    skip: int
    """Queries that others have sent."""
    connections: int
    """Open at once, at most."""
    seconds: float
    rate: float | None = None
    """Requests a second; None sends as fast as answers come."""
    k: int = 10


@dataclass
class Answers:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    """Number of answers by status; 0 stands for a connection that broke."""
    retry_after: int = 0
    """Answers that said when to come back."""
    late: int = 0
    """Requests that were due and not sent, because no connection was free."""
    latencies: list[float] = field(default_factory=list)
    """Milliseconds of the answers with status 200."""

    def summary(self, seconds: float) -> dict[str, object]:
        """Summarise for the other process."""
        ordered = sorted(self.latencies)
        return {
            "seconds": seconds,
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
            "retry_after": self.retry_after,
            "late": self.late,
            "rate": len(ordered) / seconds,
            **{name: _quantile(ordered, q) for name, q in QUANTILES.items()},
        }


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}


def _quantile(ordered: list[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else float("nan")


class Connection:
    """One connection, opened again when it breaks."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and read its answer: status and head; 0 when the connection broke."""
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._streams is not None and self._streams[0].at_eof():
                    self.close()  # by the server, which keeps none open that nobody uses
                if self._streams is None:
                    self._streams = await asyncio.open_connection(self._host, self._port)
                reader, writer = self._streams
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
        except (OSError, EOFError, TimeoutError, ValueError):
            self.close()
            return 0, b""
        if b"connection: close" in head:
            self.close()
        return int(head.split(None, 2)[1]), head

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            with suppress(OSError):
                self._streams[1].close()
        self._streams = None


def requests(order: Order) -> Iterator[bytes]:
    """Make the requests, each with a query of its own until there is none left."""
    texts = Path(order.queries).read_text(encoding="utf-8").splitlines()
    host = urlsplit(order.url).netloc
    for text in islice(cycle(texts), order.skip % len(texts), None):
        if order.shape == "txtai":
            target = f"/search?query={quote(text)}&limit={order.k}"
            yield f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        else:
            body = json.dumps({"text": text, "k": order.k}).encode()
            head = f"POST /v1/search HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            yield head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def closed_loop(order: Order, answers: Answers) -> None:
    """Keep every connection busy until the time is over."""
    todo = requests(order)
    end = time.perf_counter() + order.seconds

    async def work() -> None:
        connection = Connection(order.url)
        while (start := time.perf_counter()) < end:
            _note(answers, start, *await connection.ask(next(todo)))
        connection.close()

    await asyncio.gather(*(work() for _ in range(order.connections)))


async def open_loop(order: Order, answers: Answers) -> None:
    """Send at a constant rate over whatever connection is free."""
    assert order.rate is not None
    todo = requests(order)
    free = [Connection(order.url) for _ in range(order.connections)]
    running: set[asyncio.Task[None]] = set()

    async def work(connection: Connection, due: float) -> None:
        _note(answers, due, *await connection.ask(next(todo)))
        free.append(connection)

    start = time.perf_counter()
    for number in range(int(order.rate * order.seconds)):
        due = start + number / order.rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if free:
            task = asyncio.create_task(work(free.pop(), due))
            running.add(task)
            task.add_done_callback(running.discard)
        else:
            answers.late += 1
    await asyncio.gather(*running)
    for connection in free:
        connection.close()


def _note(answers: Answers, start: float, status: int, head: bytes) -> None:
    answers.statuses[status] += 1
    answers.retry_after += b"retry-after:" in head
    if status == 200:
        answers.latencies.append((time.perf_counter() - start) * 1000)


def encode_order(order: Order) -> str:
    """Write an order for the command line."""
    return json.dumps(asdict(order))


def main() -> None:
    """Do what the argument says."""
    order = Order(**json.loads(sys.argv[1]))
    answers = Answers()
    start = time.perf_counter()
    loop = closed_loop if order.rate is None else open_loop
    asyncio.run(loop(order, answers))
    print(json.dumps(answers.summary(time.perf_counter() - start)))


if __name__ == "__main__":
    main()
