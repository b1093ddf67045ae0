"""Links that open a report without the token: for that report, for a while, and made by us."""

import time
from pathlib import Path

import httpx
import pytest

from service.links import SECONDS, Links
from tests.service.conftest import Start
from tests.service.serving import TOKEN

PATH = "/v1/audits/1"


def test_a_link_opens_one_report_and_no_other() -> None:
    """Another path, another time, another secret, another order: nothing opens."""
    links = Links()
    query = links.make(PATH)
    assert links.opens(PATH, query)
    assert not links.opens("/v1/audits/2", query)
    assert not links.opens("/v1/index", links.make("/v1/index"))
    assert not Links().opens(PATH, query)
    assert not links.opens(PATH, query + "&format=json")
    assert not links.opens(PATH, query.replace("html", "json"))
    assert not links.opens(PATH, query.replace("until=", "until=9"))
    assert not links.opens(PATH, query[:-1])


def test_a_link_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time it opens nothing."""
    links = Links()
    query = links.make(PATH)
    later = time.time() + SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert not links.opens(PATH, query)


def test_the_token_makes_links(start: Start, own: Path) -> None:
    """Only who shows it gets one; the link opens what needs it, and changes nothing else."""
    with start(token=TOKEN).client() as client:
        assert client.post("/v1/report-links", json={"path": PATH}).status_code == 401
        shown = {"Authorization": f"Bearer {TOKEN}"}
        made = client.post("/v1/report-links", json={"path": PATH}, headers=shown).json()
        assert made["seconds"] == SECONDS
        # There is no such audit, which only who is let in learns.
        assert client.get(made["url"]).status_code == 404
        assert client.get(PATH, params={"format": "html"}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/v1/index", "/v1/audits/0", "/v1/audits/1/", "//v1/audits/1", "/v1/audits/1?x", ""]
)
def test_only_reports_are_linked(client: httpx.Client, path: str) -> None:
    """Anything else is refused."""
    assert client.post("/v1/report-links", json={"path": path}).status_code == 422
