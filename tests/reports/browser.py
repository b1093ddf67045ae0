"""A real browser for pages that must work in one, and what its tests measure there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

Scheme = Literal["light", "dark"]

# A colour with transparency is laid over what is behind it before it is compared.
CONTRAST = """
(selector) => {
  const parse = (c) => (c.match(/[0-9.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const over = (top, below) => {
    const alpha = top[3] ?? 1;
    return [0, 1, 2].map((i) => top[i] * alpha + below[i] * (1 - alpha));
  };
  const behind = (node) => {
    if (!node || node === document) {
      return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255];
    }
    const own = parse(getComputedStyle(node).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, behind(node.parentNode));
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb
      .map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll(selector)].map((node) => {
    const style = getComputedStyle(node);
    const ink = node instanceof SVGElement ? style.fill : style.color;
    const paper = behind(node);
    const [a, b] = [luminance(over(parse(ink), paper)), luminance(paper)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}
"""
"""JavaScript: selector -> WCAG contrast of each such text with what lies behind it."""


@dataclass
class Visit:
    """One page that was opened, and all that it did."""

    page: Page
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    """Console messages and errors."""
    dialogs: list[str] = field(default_factory=list)

    def contrast(self, selector: str) -> list[float]:
        """Measure the contrast of every text that the selector finds."""
        found: list[float] = self.page.evaluate(CONTRAST, selector)
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the installed Chromium, or skip the test."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser, file: Path, scheme: Scheme = "light", width: int = 1200
) -> Iterator[Visit]:
    """Open a file and wait until each of its plots is drawn."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    found = Visit(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("console", lambda message: found.messages.append(message.text))
    page.on("pageerror", lambda error: found.messages.append(str(error)))
    page.on("dialog", lambda dialog: _dismiss(found, dialog))
    try:
        page.goto(file.as_uri())
        undrawn = "!document.querySelector('[data-plot]:not([data-drawn])')"
        page.wait_for_function(undrawn, timeout=20_000)
        yield found
    finally:
        context.close()


def _dismiss(found: Visit, dialog: Dialog) -> None:
    found.dialogs.append(dialog.message)
    dialog.dismiss()
