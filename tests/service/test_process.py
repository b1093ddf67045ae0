"""The process: says when it is ready, ends without losing what is in flight, logs JSON."""

import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli.main import main
from service.logs import LOGGERS
from tests.service.conftest import Spawn
from tests.service.serving import HEAVY


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_is_finished(spawn: Spawn, how: signal.Signals) -> None:
    """Told to stop in the middle of a request, it answers it, takes no other, and exits with 0."""
    service = spawn()
    with service.client() as client, ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.post, "/v1/embeddings", json=HEAVY)
        while "interlingua_requests_in_flight 1.0" not in client.get("/metrics").text:
            assert not running.done()
        assert service.stop(how) == 0
        answer = running.result()
        assert answer.status_code == 200
        assert len(answer.json()["data"]) == len(HEAVY["input"])


def test_streams_end_when_it_stops(spawn: Spawn) -> None:
    """Somebody who watches an audit does not keep the process from ending; the audit ends too."""
    service = spawn()
    with service.client() as client:
        job = client.post("/v1/audits", json={}).json()["id"]
        with client.stream("GET", f"/v1/audit-jobs/{job}/events") as events:
            lines = events.iter_lines()
            assert next(lines) in {"event: queued", "event: running"}
            service.process.send_signal(signal.SIGTERM)
            rest = list(lines)
        assert rest[-1] == ""
        assert service.stop() == 0


def test_log_is_json_without_texts(spawn: Spawn) -> None:
    """A line a request, with its id, route and time; no query is in it."""
    service = spawn()
    with service.client() as client:
        client.post("/v1/search", json={"text": "very secret"}, headers={"X-Request-ID": "abc-1"})
        named = client.get("/v1/documents/very-secret", headers={"X-Request-ID": "bad id\x7f"})
    assert re.fullmatch(r"[0-9a-f]{32}", named.headers["x-request-id"])
    assert service.stop() == 0
    requests = [r for r in service.records() if r["message"] == "request"]
    assert [(r["route"], r["status"]) for r in requests] == [
        ("/v1/search", 200),
        ("/v1/documents/{id:path}", 404),
    ]
    assert requests[0]["request_id"] == "abc-1"
    assert requests[0]["ms"] > 0
    assert "secret" not in service.log.read_text()


def test_command_says_when_it_is_ready(own: Path) -> None:
    """`interlingua serve` prints one line on stdout, and that only once requests are answered."""
    code = "import sys; from cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "serve", "--index", str(own), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"ready: http://127\.0\.0\.1:\d+\n", line)
        import httpx

        url = line.split()[1]
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == ""
        assert process.wait(60) == 0


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """What `serve` does to the loggers of its process is undone."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.usefixtures("logs_as_before")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "there is no token"),  # noqa: S104 - refused
        (["--host", "203.0.113.9", "--token-file", "TOKEN"], "port 8080"),
        (["--encoder", "hashing:32"], "not by hashing:32"),
        (["--index", "NOWHERE"], "no index here"),
    ],
)
def test_mistakes_are_told(
    own: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    """A service that cannot be ends with the error and its exit code, never with a traceback."""
    (tmp_path / "token").write_text("x" * 40)
    values = {"TOKEN": str(tmp_path / "token"), "NOWHERE": str(tmp_path / "nowhere")}
    given = [values.get(a, a) for a in arguments]
    port = [] if "port 8080" in message else ["--port", "0"]
    assert main(["serve", "--index", str(own), *port, *given]) in {2, 7}
    err = capsys.readouterr().err
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


def test_missing_extra_is_named(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the command says how to get it."""
    for name in [n for n in sys.modules if n.partition(".")[0] in {"service", "fastapi"}]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert main(["serve", "--index", str(own)]) == 2
    assert "pip install 'interlingua[serve]'" in capsys.readouterr().err
