"""Who is let in: by Host, Origin and token, before a byte of the body is read."""

import socket
from pathlib import Path

import httpx
import pytest

from indexer.errors import InputError, UsageError
from service.security import check_exposure
from service.settings import Settings, read_token
from tests.service.conftest import Start
from tests.service.serving import TOKEN, Service

SEARCH = {"text": "cat"}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:9999", 200),
        ("[::1]:80", 200),
        ("192.0.2.7", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.nip.example", 421),
        ("localhost@evil.example", 421),
        ("evil.example#localhost", 421),
        ("", 421),
    ],
)
def test_only_our_names_are_answered(client: httpx.Client, host: str, status: int) -> None:
    """A name that an attacker points here (DNS rebinding) is refused; an address is no name."""
    answer = client.get("/v1/index", headers={"Host": host})
    assert answer.status_code == status


def test_two_hosts_are_none(service: Service) -> None:
    """A request with two Host headers is refused."""
    answer = _raw(service, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert answer.split()[1] in {b"400", b"421"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
def test_pages_of_others_may_not_ask(
    client: httpx.Client, headers: dict[str, str], status: int
) -> None:
    """A foreign page is refused, our own and programs are not; no answer allows any origin."""
    answer = client.post("/v1/search", json=SEARCH, headers=headers)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


def test_our_own_page_may_ask(service: Service, client: httpx.Client) -> None:
    """The origin that the Host names is ours."""
    answer = client.post("/v1/search", json=SEARCH, headers={"Origin": service.url})
    assert answer.status_code == 200


def test_cors_only_where_asked_for(start: Start) -> None:
    """An allowed origin gets its preflight, without a token; another gets nothing."""
    service = start(origins=["https://app.example"], token=TOKEN)
    name = "Access-Control-Request"
    ask = {f"{name}-Method": "POST", f"{name}-Headers": "content-type"}
    with service.client() as client:
        allowed = client.options("/v1/search", headers={"Origin": "https://app.example", **ask})
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        other = client.options("/v1/search", headers={"Origin": "https://evil.example", **ask})
        assert other.status_code == 403
        assert "access-control-allow-origin" not in other.headers
        headers = {"Origin": "https://app.example"}
        assert client.post("/v1/search", json=SEARCH, headers=headers).status_code == 401


def test_a_refused_preflight_is_a_problem(start: Start) -> None:
    """It says what is not allowed, and the browser is told what is."""
    with start(origins=["https://app.example"]).client() as client:
        for asked, named in (
            ({"Method": "PATCH"}, "method"),
            ({"Method": "POST", "Headers": "content-type, x-other"}, "headers"),
        ):
            ask = {f"Access-Control-Request-{name}": value for name, value in asked.items()}
            origin = {"Origin": "https://app.example"}
            refused = client.options("/v1/search", headers={**origin, **ask})
            assert refused.status_code == 400
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["type"] == "urn:interlingua:problem:preflight"
            assert refused.json()["detail"].endswith(named)
            assert "PUT" in refused.headers["access-control-allow-methods"]
            assert int(refused.headers["content-length"]) == len(refused.content)


def test_token_is_asked_for(start: Start) -> None:
    """Everything but /livez and /readyz wants the token, spelt exactly, once."""
    service = start(token=TOKEN)
    with service.client() as client:
        assert client.get("/livez").status_code == client.get("/readyz").status_code == 200
        for wrong in (None, TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"):
            headers = {} if wrong is None else {"Authorization": wrong}
            for path in ("/v1/index", "/metrics", "/openapi.json", "/nowhere"):
                answer = client.get(path, headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/v1/index", headers=right).status_code == 200
        twice = httpx.Headers([("Authorization", f"Bearer {TOKEN}")] * 2)
        assert client.get("/v1/index", headers=twice).status_code == 401
    assert TOKEN not in service.log.read_text()


def test_token_comes_before_the_body(start: Start) -> None:
    """Who has no token is refused while its body has not been sent."""
    service = start(token=TOKEN)
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    assert _raw(service, head).startswith(b"HTTP/1.1 401")


def test_security_headers_are_on_every_answer(client: httpx.Client) -> None:
    """Answers, refusals and what is not there alike."""
    for answer in (
        client.get("/livez"),
        client.get("/nowhere"),
        client.get("/livez", headers={"Host": "evil.example"}),
        client.post("/v1/search", json={}),
    ):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_no_listening_beyond_loopback_without_a_token() -> None:
    """Another address needs a token; a name that is not localhost is another address."""
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        check_exposure(host, None)
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org", ""):  # noqa: S104 - refused here
        with pytest.raises(UsageError, match="no token"):
            check_exposure(host, None)
        check_exposure(host, TOKEN)


def test_token_of_a_file_beats_the_environment(tmp_path: Path) -> None:
    """The file's token counts, its line end does not; what is no token is refused."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token(file, "x") == read_token(None, TOKEN) == TOKEN
    assert read_token(None, None) is None
    for wrong in ("short", "spaces in the token", "ünïcödé-ünïcödé-ünïcödé", ""):
        with pytest.raises(UsageError, match="token in INTERLINGUA_TOKEN"):
            read_token(None, wrong)
    with pytest.raises(InputError, match="cannot be read"):
        read_token(tmp_path / "absent", None)
    assert TOKEN not in repr(Settings(tmp_path, token=TOKEN))


def _raw(service: Service, request: bytes) -> bytes:
    """Send bytes and read the first of the answer."""
    with socket.create_connection(service.address, timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(4096)
