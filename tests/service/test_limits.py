"""Too large, too slow, too many: refused, and the rest goes on."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.service.conftest import Start
from tests.service.serving import HEAVY, Service

JSON = {"Content-Type": "application/json"}


def _exchange(service: Service, *parts: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with socket.create_connection(service.address, timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer


def test_large_bodies_are_refused(start: Start) -> None:
    """413 for a length that is too large, before it is sent, and for one that was not told."""
    service = start(limits={"body_bytes": 1000})
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall(head + b"Content-Length: 1001\r\n\r\n")
        told = connection.recv(65536)
    assert told.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in told
    with service.client() as client:
        chunks = (b" " * 100 for _ in range(11))
        assert client.post("/v1/search", content=chunks, headers=JSON).status_code == 413
        fits = b'{"text": "cat"}'.ljust(1000)
        assert client.post("/v1/search", content=fits, headers=JSON).status_code == 200


def test_slow_senders_are_sent_away(start: Start) -> None:
    """A body that stays away is a 408, a head that stays away ends the connection."""
    service = start(limits={"receive_seconds": 0.5})
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n"
    assert _exchange(service, head, b'{"te').startswith(b"HTTP/1.1 408")
    assert _exchange(service, b"GET /livez HTTP/1.1\r\nHo") == b""
    assert _exchange(service) == b""
    # The second request of a connection has to be as quick as the first.
    live = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall(live)
        answer = b""
        while b'{"status":"ok"}' not in answer:
            answer += connection.recv(65536)
        connection.sendall(b"GET /liv")
        assert connection.recv(65536) == b""


def test_slow_senders_hold_no_place(start: Start) -> None:
    """While more clients than there are places send slowly, another is answered."""
    service = start(limits={"in_flight": 2, "receive_seconds": 20})
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n{"
    slow = [socket.create_connection(service.address) for _ in range(5)]
    for connection in slow:
        connection.sendall(head)
    with service.client() as client:
        assert client.post("/v1/search", json={"text": "cat"}).status_code == 200
    for connection in slow:
        connection.close()


def test_connections_are_limited(start: Start) -> None:
    """A connection beyond the limit is closed at once; when one ends there is room again."""
    service = start(limits={"connections": 2})
    first, second = (socket.create_connection(service.address, timeout=30) for _ in range(2))
    with first, second:
        second.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert second.recv(100).startswith(b"HTTP/1.1 200")
        assert _exchange(service) == b""
    with service.client() as client:
        assert client.get("/livez").status_code == 200


@pytest.mark.parametrize("limits", [{"in_flight": 1}, {"queued_texts": 250, "batch_texts": 1}])
def test_load_is_shed(start: Start, limits: dict[str, int]) -> None:
    """Under more load than it takes, some get 503 with Retry-After at once, the others answers."""
    service = start(limits=limits)
    with service.client() as client, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/embeddings", json=HEAVY), range(4)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes[0] == 200
        assert codes[-1] == 503
        assert set(codes) == {200, 503}
        for answer in answers:
            if answer.status_code == 503:
                assert answer.headers["retry-after"] == "1"
                assert answer.json()["type"] == "urn:interlingua:problem:overloaded"
        assert client.post("/v1/search", json={"text": "cat"}).status_code == 200


def test_livez_answers_while_texts_are_encoded(start: Start) -> None:
    """The event loop is never held up: between sending and answer of a heavy request, /livez."""
    service = start()
    order: list[str] = []
    sent = threading.Event()

    def heavy() -> int:
        with service.client() as client:
            sent.set()
            answer: httpx.Response = client.post("/v1/embeddings", json=HEAVY)
            order.append("encoded")
            return answer.status_code

    with ThreadPoolExecutor(1) as pool, service.client() as client:
        running = pool.submit(heavy)
        sent.wait()
        while "interlingua_requests_in_flight 1.0" not in client.get("/metrics").text:
            assert not running.done()
        for _ in range(5):
            assert client.get("/livez").status_code == 200
            order.append("alive")
        assert running.result() == 200
    assert order == ["alive"] * 5 + ["encoded"]


def test_time_is_limited(start: Start) -> None:
    """What takes too long is a 503 with Retry-After, and the service goes on."""
    with start(limits={"seconds": 0.3}).client() as client:
        answer = client.post("/v1/embeddings", json=HEAVY)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert client.get("/livez").status_code == 200


def test_refused_body_may_still_be_sent(start: Start) -> None:
    """Who sends on after a 413 reads the answer all the same; nothing resets the connection."""
    service = start(limits={"body_bytes": 1000})
    with service.client() as client:
        for _ in range(3):
            answer = client.post("/v1/search", content=b" " * (8 << 20), headers=JSON)
            assert answer.status_code == 413


def test_bodies_together_are_limited(start: Start) -> None:
    """Bodies that are on their way hold a bounded memory; when they end there is room again."""
    service = start(limits={"buffered_bytes": 10_000})
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n"
    with socket.create_connection(service.address) as slow, service.client() as client:
        slow.sendall(head + b" " * 8990)
        for _ in range(500):  # until what was sent has arrived
            answer = client.post("/v1/search", content=b'{"text": "cat"}'.ljust(2000), headers=JSON)
            if answer.status_code != 200:
                break
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert client.post("/v1/search", json={"text": "cat"}).status_code == 200
    fits = b'{"text": "cat"}'.ljust(9000)
    with service.client() as client:
        codes = [client.post("/v1/search", content=fits, headers=JSON).status_code]
        while codes[-1] == 503 and len(codes) < 500:
            codes.append(client.post("/v1/search", content=fits, headers=JSON).status_code)
        assert codes[-1] == 200


def test_answers_must_be_read(start: Start) -> None:
    """A client that asks and does not read is cut off, and its place is free again."""
    service = start(limits={"receive_seconds": 0.5, "in_flight": 1})
    asked = json.dumps({"input": ["x"] * 256, "model": "hashing:64"}).encode()
    head = b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.socket() as deaf, service.client() as client:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(service.address)
        # Pipelined, so that the answers fill whatever the kernel holds for the two of us.
        for _ in range(40):
            deaf.sendall(head + b"Content-Length: %d\r\n\r\n" % len(asked) + asked)
        codes = [0]
        while (codes[-1] != 503 or len(codes) < 3) and len(
            codes
        ) < 2000:  # its answers fill the kernel, and it holds us up
            codes.append(client.post("/v1/search", json={"text": "cat"}).status_code)
        while codes[-1] == 503 and len(codes) < 2000:
            time.sleep(0.02)
            codes.append(client.post("/v1/search", json={"text": "cat"}).status_code)
        assert codes[-1] == 200


LABOUR = {
    "lists": (413, b'{"text": "a", "x": [' + b"[]," * 700_000 + b"[]]}"),
    "keys": (413, b"{%s}" % b",".join(b'"k%d": 1' % i for i in range(200_000))),
    "numbers": (422, b'{"queries": [%s0]}' % (b'{"vector": [%s1]},' % (b'"a",' * 4000) * 250)),
    "where": (422, b'{"where": {%s}}' % b",".join(b'"k%d": 1' % i for i in range(40_000))),
    "items": (413, b'{"input": [%s1]}' % (b"1," * 1_500_000)),
}


@pytest.mark.parametrize("kind", LABOUR)
def test_large_bodies_are_no_labour(client: httpx.Client, kind: str) -> None:
    """What would keep a parser busy is refused by its shape, or at its first fault."""
    status, body = LABOUR[kind]
    path = "/v1/search/batch" if kind == "numbers" else "/v1/search"
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code == status
    assert len(answer.content) < 4000
    assert len(answer.json().get("errors", ())) <= 20


def test_what_is_no_http_is_a_problem(start: Start) -> None:
    """Even a request that no route sees ends in a problem document, with all headers."""
    head, _, body = _exchange(start(), b"NONSENSE\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert b"default-src 'none'" in head
    assert json.loads(body)["type"] == "urn:interlingua:problem:no-http"
