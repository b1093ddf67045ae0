"""Too large, too slow, too many: refused, and the rest goes on."""

import socket
import threading
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
    told = _exchange(service, head, b"Content-Length: 1001\r\n\r\n")
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
        for _ in range(20):
            assert client.get("/livez").status_code == 200
            order.append("alive")
        assert running.result() == 200
    assert order == ["alive"] * 20 + ["encoded"]


def test_time_is_limited(start: Start) -> None:
    """What takes too long is a 503 with Retry-After, and the service goes on."""
    with start(limits={"seconds": 0.3}).client() as client:
        answer = client.post("/v1/embeddings", json=HEAVY)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert client.get("/livez").status_code == 200
