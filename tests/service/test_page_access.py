"""The page for everybody: without a mouse, by ear, in dark, on a phone; and calm all the while."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.reports.browser import Scheme, chromium
from tests.service.browsing import PHONE, opened, settled
from tests.service.serving import Service

CAT = "Eine Katze sprang vom Dach und erschreckte die Tauben."
VIEWS: dict[str, dict[str, str]] = {
    "start": {},
    "search": {"q": CAT, "id": "de-001", "lang": "de"},
    "compared": {"q": CAT, "debias": "centring", "merging": "softmax"},
    "languages": {"view": "languages", "group": "001"},
    "choose": {"view": "languages"},
    "map": {"view": "map"},
    "meanings": {"view": "map", "colour": "meaning"},
    "audit": {"view": "audit"},
}
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


def findings(page: Page, width: int) -> list[Any]:
    """List what axe-core finds serious or critical; nothing may be wider than the window."""
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    result = page.evaluate("() => axe.run(document, {iframes: false})")
    assert result["passes"]
    return [
        (v["id"], [node["html"][:120] for node in v["nodes"][:3]])
        for v in result["violations"]
        if v["impact"] in {"serious", "critical"}
    ]


def test_axe_finds_nothing_serious_in_an_answer(browser: Browser, shown: Service) -> None:
    """Two lists side by side have no serious finding."""
    with opened(browser, shown, VIEWS["compared"], script=AXE) as page:
        assert findings(page, 1200) == []


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", PHONE)])
@pytest.mark.parametrize("name", VIEWS)
def test_axe_finds_nothing_serious(
    browser: Browser, shown: Service, name: str, scheme: Scheme, width: int
) -> None:
    """No view has a serious finding, in light, in dark, and on a phone."""
    with opened(browser, shown, VIEWS[name], scheme=scheme, width=width, script=AXE) as page:
        assert findings(page, width) == []


def focused(page: Page) -> str:
    """Say which element has the focus."""
    found: str = page.evaluate(
        "() => `${document.activeElement.tagName}.${document.activeElement.className}`"
    )
    return found


def test_the_keyboard_alone_searches_and_goes_on(browser: Browser, shown: Service) -> None:
    """Slash, words, Enter; down the list with arrows; Enter searches with that sentence."""
    with opened(browser, shown) as page:
        page.keyboard.press("/")
        page.keyboard.type("Katze")
        page.keyboard.press("Enter")
        settled(page)
        for _ in range(20):
            page.keyboard.press("Tab")
            if focused(page) == "A.text":
                break
        assert focused(page) == "A.text"
        page.keyboard.press("ArrowDown")
        text = page.evaluate("() => document.activeElement.textContent")
        assert text == page.locator(".hits a.text").nth(1).inner_text()
        page.keyboard.press("Enter")
        settled(page)
        assert page.input_value("#q") == text


@pytest.mark.slow
def test_the_first_stop_leads_to_the_content(browser: Browser, shown: Service) -> None:
    """The first Tab shows a link that skips the navigation."""
    with opened(browser, shown, {"q": "Katze"}) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.textContent") == "To the content"
        page.keyboard.press("Enter")
        assert page.evaluate("() => document.activeElement.id") == "main"


def test_a_change_of_method_keeps_the_focus(browser: Browser, shown: Service) -> None:
    """Whoever walks through the methods by keys stays in the list of methods."""
    with opened(browser, shown, {"q": "Katze"}) as page:
        page.focus("select[name=debias]")
        page.keyboard.press("ArrowDown")
        settled(page)
        assert page.evaluate("() => document.activeElement.name") == "debias"
        assert "centring" in page.locator(".column").nth(1).inner_text()


@pytest.mark.slow
def test_the_answer_is_told_to_who_listens(browser: Browser, shown: Service) -> None:
    """The status line says how many were found and what follows."""
    with opened(browser, shown, {"q": CAT}) as page:
        assert page.inner_text("#status").startswith("10 neighbours found. That is")
