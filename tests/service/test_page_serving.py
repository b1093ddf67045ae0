"""The page as files: served strictly, cheaply, without a token; written without anything inline."""

import re
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from service.routes.page import read_assets
from tests.service.conftest import Start
from tests.service.serving import TOKEN

FOLDER = Path(str(files("service").joinpath("page")))
FILES = sorted(FOLDER.iterdir())


def test_it_allows_nothing_but_its_own_files(client: httpx.Client) -> None:
    """The policy names this origin alone, nothing inline, nothing evaluated, no framing."""
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    for kind in ("script-src", "style-src", "img-src", "connect-src", "frame-src"):
        assert policy[kind] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_known_is_not_sent_again(client: httpx.Client) -> None:
    """Every part has a tag; asked again with it, the answer is 304 without a body."""
    for name in read_assets():
        path = f"/page/{name}"
        first = client.get(path)
        assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
        assert first.content == (FOLDER / name).read_bytes()
        again = client.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        assert client.head(path).headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    "path", ["/page/none.js", "/page/..%2fapp.py", "/page/%2e%2e/app.py", "/page/", "/page/a/b.js"]
)
def test_nothing_else_is_served(client: httpx.Client, path: str) -> None:
    """Only the files of the page, by their names."""
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_the_page_opens_without_a_token_and_when_full(start: Start) -> None:
    """It says nothing of the index, and it must be able to ask for the token or say to wait."""
    with start(token=TOKEN, limits={"in_flight": 0}).client() as client:
        assert client.get("/").status_code == client.get("/page/main.js").status_code == 200
        assert client.get("/v1/index").status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/v1/index", headers=headers).status_code == 503


def test_every_file_is_served_and_every_reference_is_there() -> None:
    """Nothing lies in the folder unserved; no file names another that is not there."""
    assert set(read_assets()) == {file.name for file in FILES}
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        named = re.findall(r'from "\./([^"]+)"', text) + re.findall(r'"page/([^"]+)"', text)
        assert set(named) <= set(read_assets()), file.name


def test_no_text_can_become_markup() -> None:
    """No sink for markup or code, nothing inline, no address of another origin."""
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", text)
        assert "new Function" not in text
        outside = re.findall(r"(?:https?:)?//[a-z][\w.-]+\.[a-z]+[^\s\"']*", text)
        assert set(outside) <= {"http://www.w3.org/2000/svg"}, file.name
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\bsrc=)", page)
