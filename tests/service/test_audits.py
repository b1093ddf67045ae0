"""Audits over HTTP: started, watched, cancelled, kept, shown."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import interlingua
from indexer.audits import list_audits
from interlingua import Document
from tests.service.conftest import Spawn, Start

QUICK = {"k": [1, 3], "seed": 1}
MANY = [Document(f"d{i}", f"text number {i}", "en" if i % 2 else "de") for i in range(3000)]
"""An audit of them takes seconds."""


@pytest.fixture
def busy(start: Start, own: Path) -> Iterator[httpx.Client]:
    """A service over an index whose audit takes seconds."""
    interlingua.add(MANY, own)
    with start(limits={"audits_waiting": 1}).client() as client:
        yield client


def wait(client: httpx.Client, job: str) -> dict[str, Any]:
    """Wait for the end of a job."""
    while True:
        found: dict[str, Any] = client.get(f"/v1/audit-jobs/{job}").json()
        if found["state"] not in {"queued", "running"}:
            return found
        time.sleep(0.1)


def events(client: httpx.Client, job: str) -> list[tuple[str, dict[str, Any]]]:
    """Follow a job to its end."""
    with client.stream("GET", f"/v1/audit-jobs/{job}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        text = "".join(stream.iter_text())
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    return [(name, json.loads(data)) for name, data in found]


def test_audit_is_followed_kept_and_shown(start: Start, own: Path) -> None:
    """From the start to the page: the numbers are those of the library."""
    with start().client() as client:
        started = client.post("/v1/audits", json=QUICK)
        assert started.status_code == 202
        job = started.json()["id"]
        assert started.headers["location"] == f"/v1/audit-jobs/{job}"
        seen = events(client, job)
        assert [name for name, _ in seen][-1] == "done"
        last = seen[-1][1]
        # The language of the eighth is unknown, so it does not ask.
        assert (last["done"], last["total"]) == (7, 7)
        number = last["audit"]
        assert client.get("/v1/audits").json()["audits"][0]["id"] == number
        kept = client.get(f"/v1/audits/{number}")
        assert kept.text == client.get(f"/v1/audit-jobs/{job}/audit").text
        page = client.get(f"/v1/audits/{number}", params={"format": "html"})
    with interlingua.open(own) as index:
        expected = index.audit(interlingua.AuditOptions(ks=(1, 3), seed=1))
    measured = kept.json()["overall"]["same_language@3"]["value"]
    assert measured == expected.overall[interlingua.Measure("same_language", 3)].value
    assert [a.id for a in list_audits(own)] == [number]
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "script-src 'sha256-" in policy


@pytest.mark.parametrize(
    "options",
    [
        {"as_served": True},
        {"sample": 3},
        {"where": {"topic": "animals"}},
        {"queries": [{"text": "A cat", "lang": "en"}, {"text": "Katze", "lang": "und"}]},
    ],
    ids=["as served", "sample", "filter", "queries"],
)
def test_what_is_done_at_the_end_is_all(start: Start, options: dict[str, Any]) -> None:
    """Whatever makes fewer ask than there are, and where each is asked twice."""
    with start().client() as client:
        job = client.post("/v1/audits", json={**QUICK, **options}).json()["id"]
        told = [data for _, data in events(client, job)]
        asked = client.get(f"/v1/audit-jobs/{job}/audit").json()["queries"]["sampled"]
    assert (told[-1]["done"], told[-1]["total"]) == (asked, asked)
    assert [data["done"] for data in told] == sorted(data["done"] for data in told)


def test_audit_with_queries(start: Start) -> None:
    """Queries of the request ask, encoded by the index's encoder."""
    queries = [{"text": "A cat", "lang": "en", "group": "cat"}, {"text": "Katze", "lang": "de"}]
    with start().client() as client:
        job = client.post("/v1/audits", json={**QUICK, "queries": queries}).json()["id"]
        assert wait(client, job)["state"] == "done"
        found = client.get(f"/v1/audit-jobs/{job}/audit").json()
    assert (found["mode"], found["queries"]["total"]) == ("groups", 2)


def test_audit_that_cannot_be_is_told(start: Start) -> None:
    """A filter that nothing passes fails the job with the reason; an unknown tag is refused."""
    with start().client() as client:
        job = client.post("/v1/audits", json={**QUICK, "where": {"topic": "no"}}).json()["id"]
        failed = wait(client, job)
        assert failed["state"] == "failed"
        assert "nothing to audit" in failed["note"]
        assert client.get(f"/v1/audit-jobs/{job}/audit").status_code == 409
        assert client.post("/v1/audits", json={"languages": ["!"]}).status_code == 422
        assert client.get("/v1/audit-jobs/" + "0" * 32).status_code == 404
        assert client.get("/v1/audits/99").status_code == 404


def is_alive(pid: str) -> bool:
    """Whether a process does something yet; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_audit_ends_with_its_service(spawn: Spawn, own: Path) -> None:
    """Killed, the service leaves no process behind that works for nobody, and no traceback."""
    interlingua.add(MANY, own)
    service = spawn()
    with service.client() as client:
        client.post("/v1/audits", json={})
    main = service.process.pid
    while not (audit := Path(f"/proc/{main}/task/{main}/children").read_text().strip()):
        time.sleep(0.01)
    service.stop(signal.SIGKILL)
    while is_alive(audit):
        time.sleep(0.01)
    assert {record["level"] for record in service.records()} == {"info"}
    assert list_audits(own) == []


def test_an_audit_that_nobody_reads_ends_in_silence(own: Path, tmp_path: Path) -> None:
    """Before it has begun, too; nothing is written."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service.audit_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    options = {"k": [1], "sample": None, "seed": 0, "languages": None, "where": None,
               "as_served": False, "peer": None, "queries": None}  # fmt: skip
    order = {"index": str(own), "encoder": None, "options": options, "result": str(tmp_path / "r")}
    _, errors = process.communicate(json.dumps(order).encode())
    assert (process.returncode, errors) == (1, b"")
    assert not (tmp_path / "r").exists()


def test_audits_wait_are_limited_and_cancelled(busy: httpx.Client) -> None:
    """One runs, one waits, the third is refused; a cancelled one makes room and stays nowhere."""
    first, second = (busy.post("/v1/audits", json={}).json()["id"] for _ in range(2))
    while busy.get(f"/v1/audit-jobs/{first}").json()["state"] == "queued":
        time.sleep(0.05)
    third = busy.post("/v1/audits", json={})
    if third.status_code == 202:  # the first was started before the second was counted
        third = busy.post("/v1/audits", json={})
    assert (third.status_code, third.headers["retry-after"]) == (429, "10")
    for job in [row["id"] for row in busy.get("/v1/audit-jobs").json()["jobs"]]:
        assert busy.delete(f"/v1/audit-jobs/{job}").json()["state"] == "cancelled"
    assert wait(busy, second)["audit"] is None
    assert events(busy, first)[-1][0] == "cancelled"
    assert busy.get("/v1/audits").json()["audits"] == []
    assert busy.post("/v1/audits", json={}).status_code == 202
