"""Audits over HTTP: started, watched, cancelled, kept, shown."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import interlingua
from indexer.audits import list_audits
from interlingua import Document
from tests.service.conftest import Start

QUICK = {"k": [1, 3], "seed": 1}


@pytest.fixture
def busy(start: Start, own: Path) -> Iterator[httpx.Client]:
    """A service over an index whose audit takes seconds."""
    documents = [
        Document(f"d{i}", f"text number {i}", "en" if i % 2 else "de") for i in range(3000)
    ]
    interlingua.add(documents, own)
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
        assert last["done"] == 7  # the language of the eighth is unknown, so it does not ask
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
