"""Take the screenshots of docs/images/ from a real audit, in a real browser.

    python docs/screenshots.py [--index demo-index] [--seed 0]

Needs Chromium on the PATH and an index; `make demo` makes one.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

import interlingua
from indexer.index import IndexReader
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.debias.evaluate import evaluate
from search.debias.options import EvaluationOptions
from search.debias.plot import evaluation_svg
from search.merging import Merging
from search.reports.html import render_html

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1000, 760
SHOTS: tuple[tuple[str, str, Literal["light", "dark"]], ...] = (
    ("audit-verdict.png", "#verdict", "light"),
    ("audit-bias.png", "#bias", "light"),
    ("audit-alignment.png", "#alignment", "light"),
    ("audit-map-dark.png", "#map", "dark"),
)
"""File, what is scrolled to the top, colour scheme."""

METHOD, MERGE = "centring", "softmax"
AFTER: tuple[tuple[str, str, Literal["light", "dark"]], ...] = (
    ("debias-after.png", "#map", "light"),
)
BEFORE: tuple[tuple[str, str, Literal["light", "dark"]], ...] = (
    ("debias-before.png", "#map", "light"),
)


def main() -> None:
    """Audit, open the page, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--index", type=Path, default=Path("demo-index"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no Chromium on the PATH (install it)")
    with tempfile.TemporaryDirectory() as folder:
        page, copy = Path(folder) / "audit.html", Path(folder) / "index"
        write_page(options.index, options.seed, page)
        take(page, browser, (*SHOTS, *BEFORE))
        shutil.copytree(options.index, copy)
        with IndexReader.open(copy) as reader:
            candidate = Candidate(METHOD, Merging(MERGE))
            debiasing = debiasing_of(candidate, statistics_of_index(reader), "the index itself")
            found = evaluate(reader, EvaluationOptions(sample=None))
        apply_debiasing(copy, debiasing)
        write_page(copy, options.seed, page)
        take(page, browser, AFTER)
    (IMAGES / "debias-frontier.svg").write_text(evaluation_svg(found), encoding="utf-8")


def write_page(path: Path, seed: int, page: Path) -> None:
    """Audit an index and write the page."""
    with interlingua.open(path) as index:
        found = index.audit(interlingua.AuditOptions(seed=seed))
    page.write_text(render_html(found), encoding="utf-8")


def take(
    page: Path,
    browser: str,
    shots: tuple[tuple[str, str, Literal["light", "dark"]], ...],
) -> None:
    """Take each picture of a page."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for name, target, scheme in shots:
            tab = chromium.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme
            )
            tab.goto(page.as_uri())
            tab.wait_for_selector("svg.main-svg")
            for _ in range(3):  # plots draw when they come into view, and move what is below
                tab.locator(target).evaluate("node => node.scrollIntoView()")
                tab.wait_for_timeout(700)
            tab.screenshot(path=IMAGES / name)
            tab.close()
        chromium.close()


if __name__ == "__main__":
    main()
