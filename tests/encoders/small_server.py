"""A small real server that encodes with the hashing encoder, and misbehaves on request."""

import base64
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from indexer.encoders import EncoderSpec
from indexer.encoders.hashing import HashingEncoder
from indexer.records import Vectors

DIM = 16
MODEL = "hashing-16"

Handler = BaseHTTPRequestHandler
Act = Callable[["Small", Handler, dict[str, Any]], None]
"""Answers one call, or does not."""


@dataclass(frozen=True)
class Call:
    """One call as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    time: float


@dataclass
class Small:
    """The server: what it was asked, and how it will answer next."""

    acts: list[Act] = field(default_factory=list)
    """What the next calls get, one each; then all are answered well."""
    always: Act | None = None
    """What every call gets."""
    calls: list[Call] = field(default_factory=list)
    model: str = MODEL
    change: Callable[[Vectors], Vectors] = lambda vectors: vectors
    """What a changed model makes of the vectors."""
    info: dict[str, Any] = field(
        default_factory=lambda: {"model_id": MODEL, "model_sha": "abc", "max_client_batch_size": 8}
    )
    port: int = 0

    @property
    def url(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        """All texts that it was given, in order."""
        return [t for call in self.calls for t in call.body.get("input") or call.body["inputs"]]

    def encoded(self, texts: list[str]) -> Vectors:
        """What a right answer holds."""
        plain = HashingEncoder(EncoderSpec(f"hashing:{DIM}")).encode(texts, "passage").vectors
        return self.change(plain)

    @contextmanager
    def running(self) -> Iterator["Small"]:
        """Listen inside the block."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(small: Small) -> type[Handler]:
    class Own(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            send(self, 200, small.info)

        def do_POST(self) -> None:  # noqa: N802 - http.server's name
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            small.calls.append(Call(self.path, dict(self.headers), body, time.monotonic()))
            act = small.acts.pop(0) if small.acts else small.always or well
            act(small, self, body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    return Own


def send(handler: Handler, status: int, answer: object, **headers: str) -> None:
    """Answer with JSON, or with bytes as they are."""
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def answer_to(small: Small, body: dict[str, Any]) -> Any:
    """Make a right answer in the shape that was asked for."""
    if "inputs" in body:
        return small.encoded(body["inputs"]).tolist()
    rows: list[Any] = small.encoded(body["input"]).tolist()
    if body.get("encoding_format") == "base64":
        rows = [base64.b64encode(struct.pack(f"<{len(r)}f", *r)).decode() for r in rows]
    return {
        "object": "list",
        "model": small.model,
        "data": [{"object": "embedding", "index": i, "embedding": r} for i, r in enumerate(rows)],
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }


def well(small: Small, handler: Handler, body: dict[str, Any]) -> None:
    """Answer rightly."""
    send(handler, 200, answer_to(small, body))


def status(code: int, answer: object = None, **headers: str) -> Act:
    """Answer with an error."""
    said = {"error": {"message": "as asked"}} if answer is None else answer
    return lambda _small, handler, _body: send(handler, code, said, **headers)


def changed(change: Callable[[Any], Any]) -> Act:
    """Answer with something else than the right answer."""

    def act(small: Small, handler: Handler, body: dict[str, Any]) -> None:
        send(handler, 200, change(answer_to(small, body)))

    return act


def drop(_small: Small, handler: Handler, _body: dict[str, Any]) -> None:
    """Hang up without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def truncate(small: Small, handler: Handler, body: dict[str, Any]) -> None:
    """Promise more bytes than come."""
    content = json.dumps(answer_to(small, body)).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    drop(small, handler, body)


def cut(small: Small, handler: Handler, body: dict[str, Any]) -> None:
    """Send half of the JSON as if it were whole."""
    content = json.dumps(answer_to(small, body)).encode()
    send(handler, 200, content[: len(content) // 2])


def sleep(seconds: float) -> Act:
    """Answer late."""

    def act(small: Small, handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(seconds)
        well(small, handler, body)

    return act


def endless(_small: Small, handler: Handler, _body: dict[str, Any]) -> None:
    """Send more than anybody wants, until nobody listens."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    try:
        while True:
            handler.wfile.write(b" " * (1 << 20))
    except OSError:
        return


def numbers_only(small: Small, handler: Handler, body: dict[str, Any]) -> None:
    """Refuse to write base64."""
    if "encoding_format" in body:
        send(handler, 400, {"detail": "encoding_format is not known"})
    else:
        well(small, handler, body)


def embeddings(answer: Any) -> list[Any]:
    """The items of an answer in OpenAI's shape."""
    found: list[Any] = answer["data"]
    return found


def row(*numbers: float) -> str:
    """Numbers as base64."""
    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode()
