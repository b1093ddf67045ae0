"""An audit from the page: started, watched, cancelled, and its report read in place."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from indexer.audits import list_audits
from tests.reports.browser import chromium
from tests.service.browsing import opened, settled
from tests.service.serving import TOKEN, Service, Threaded

REMEMBERED = f"if (window === top) sessionStorage.setItem('interlingua-token', '{TOKEN}')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


@pytest.fixture
def audited(corpus: Path, tmp_path: Path) -> Iterator[tuple[Service, Path]]:
    """A service with a token over an index of its own."""
    path = Path(shutil.copytree(corpus, tmp_path / "index"))
    running = Threaded.start(path, tmp_path / "log", token=TOKEN)
    yield running, path
    running.stop()


def start(page: Page) -> None:
    """Start an audit and wait for its progress."""
    page.click("text=Start an audit")
    page.wait_for_selector("progress")


def test_an_audit_is_started_watched_and_read(
    browser: Browser, audited: tuple[Service, Path]
) -> None:
    """Progress, then the report in a frame: with its plots, in a sandbox, behind the token."""
    service, path = audited
    with opened(browser, service, {"view": "audit"}, script=REMEMBERED) as page:
        assert "No audit of this index is kept yet." in page.inner_text("main")
        start(page)
        page.wait_for_selector("iframe", timeout=120_000)
        settled(page)
        assert page.url.endswith("/?view=audit&audit=1")
        assert [audit.id for audit in list_audits(path)] == [1]
        frame = page.frame_locator("iframe")
        assert frame.locator("h1").inner_text() == "Language bias audit"
        frame.locator("#bias svg.main-svg").first.wait_for()
        assert page.frames[1].evaluate("() => window.origin") == "null"
        row = page.locator(".kept tbody tr")
        assert "groups" in row.inner_text()
        assert "72" in row.inner_text()
        page.reload()
        settled(page)
        assert page.frame_locator("iframe").locator("h1").inner_text() == "Language bias audit"


def test_an_audit_is_cancelled(browser: Browser, audited: tuple[Service, Path]) -> None:
    """The button ends the job; nothing is kept."""
    service, path = audited
    with opened(browser, service, {"view": "audit"}, script=REMEMBERED) as page:
        start(page)
        page.click("text=Cancel")
        page.wait_for_selector("text=The audit was cancelled.")
        assert list_audits(path) == []


@pytest.mark.slow
def test_an_audit_under_way_is_found_again(browser: Browser, audited: tuple[Service, Path]) -> None:
    """Whoever opens the view while an audit runs sees its progress."""
    service, _ = audited
    with opened(browser, service, {"view": "audit"}, script=REMEMBERED) as page:
        start(page)
        page.reload()
        page.wait_for_selector("progress")
        page.click("text=Cancel")
        page.wait_for_selector("text=The audit was cancelled.")


@pytest.mark.slow
def test_an_audit_that_is_not_kept_is_said(browser: Browser, audited: tuple[Service, Path]) -> None:
    """A link to an audit that is gone says so."""
    with opened(browser, audited[0], {"view": "audit", "audit": "7"}, script=REMEMBERED) as page:
        assert "No audit 7" in page.inner_text("main")
