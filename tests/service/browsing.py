"""The page of a service in a real browser; whatever a test does there, the page must stay calm."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from urllib.parse import urlencode, urlparse

from playwright.sync_api import Browser, Dialog, Page

from tests.reports.browser import Scheme
from tests.service.serving import Service

PHONE = 375
_PATIENCE = 30.0


@contextmanager
def opened(
    browser: Browser,
    service: Service,
    address: Mapping[str, str] | None = None,
    *,
    scheme: Scheme = "light",
    width: int = 1200,
    said: Sequence[str] = (),
    script: str = "",
) -> Iterator[Page]:
    """Open the page and wait until it shows something.

    At the end nothing may have been asked of another origin, no dialog opened, and nothing said on
    the console, where a breach of the policy or an error would stand.

    Args:
        browser: the browser.
        service: who serves the page.
        address: its fields: ``q``, ``view``, …
        scheme: what the reader's system asks for.
        width: of the window.
        said: what the console may say: parts of messages.
        script: runs before the page's own.
    """
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    if script:
        context.add_init_script(script)
    page = context.new_page()
    noise: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("dialog", lambda dialog: _dismiss(noise, dialog))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(f"{service.url}/{'?' + urlencode(address) if address else ''}")
        settled(page)
        yield page
        unasked = [text for text in noise if not any(part in text for part in said)]
        assert not unasked, unasked
        elsewhere = [url for url in asked if not url.startswith(f"{service.url}/")]
        assert not elsewhere, elsewhere
    finally:
        context.close()


def _dismiss(noise: list[str], dialog: Dialog) -> None:
    noise.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def settled(page: Page) -> None:
    """Wait until the page shows what its address names.

    The policy forbids what Playwright's own waiting for a condition does: to evaluate a string.
    """
    end = monotonic() + _PATIENCE
    while page.get_attribute("main", "data-shown") != _search(page.url):
        assert monotonic() < end, page.inner_text("body")
        page.wait_for_timeout(20)


def _search(url: str) -> str:
    query = urlparse(url).query
    return f"?{query}" if query else ""


def ask(page: Page, text: str) -> None:
    """Type a query and press Enter."""
    page.fill("#q", text)
    page.press("#q", "Enter")
    settled(page)
