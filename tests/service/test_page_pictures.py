"""The pictures of the page for the docs.

`make screenshots` sets INTERLINGUA_PICTURES to an index and has them written to docs/images/.
Otherwise they are taken of a small index, and looked at for what they are about.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.reports.browser import Scheme, chromium
from tests.service.browsing import opened
from tests.service.serving import ROOT, Service, Threaded

CAT = {"q": "Kissa hyppäsi katolta ja säikäytti pulut.", "id": "fi-001", "lang": "fi"}
PIGEONS = {
    "q": "A cat leapt off the roof and scared the pigeons.",
    "id": "en-001",
    "lang": "en",
}
SOURCE = os.environ.get("INTERLINGUA_PICTURES")


class Picture(NamedTuple):
    """One picture."""

    address: dict[str, str]
    scheme: Scheme = "light"
    width: int = 1200
    height: int = 860
    shows: str = ".report"
    """What must be in sight."""


PICTURES = {
    "page-search": Picture(PIGEONS, "dark"),
    "page-compared": Picture({**CAT, "debias": "centring", "merging": "softmax"}, height=1000),
    "page-languages": Picture({"view": "languages", "group": "001"}, shows=".matrix", height=1000),
    "page-map": Picture({"view": "map"}, "dark", shows=".board"),
    "page-audit": Picture({"view": "audit", "audit": "1"}, height=1100, shows="iframe"),
    "page-phone": Picture({**CAT, "debias": "centring", "merging": "softmax"}, width=390),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pictured(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over a copy of the index, in which an audit is kept."""
    folder = tmp_path_factory.mktemp("pictured")
    shutil.copytree(Path(SOURCE) if SOURCE else corpus, folder / "index")
    running = Threaded.start(folder / "index", folder / "log")
    yield running
    running.stop()


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_what_it_is_about(
    browser: Browser, pictured: Service, tmp_path: Path, name: str
) -> None:
    """It is taken once its subject is in sight, and is no empty page."""
    wanted = PICTURES[name]
    address = {} if name == "page-audit" else wanted.address
    with opened(browser, pictured, address, scheme=wanted.scheme, width=wanted.width) as page:
        page.set_viewport_size({"width": wanted.width, "height": wanted.height})
        if name == "page-audit":
            audit(page, pictured)
        page.wait_for_selector(wanted.shows)
        if name == "page-map":
            page.hover(".board .point >> nth=0", force=True)
        file = (ROOT / "docs" / "images" if SOURCE else tmp_path) / f"{name}.png"
        page.screenshot(path=file)
        assert file.stat().st_size > 20_000


def audit(page: Page, service: Service) -> None:
    """Run an audit, and wait for its report."""
    page.goto(f"{service.url}/?view=audit")
    page.click("text=Start an audit")
    page.wait_for_selector("iframe", timeout=300_000)
    page.frame_locator("iframe").locator("h1").wait_for()
