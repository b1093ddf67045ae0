"""The report in a real browser: alone, drawn, unharmed, legible in light, dark, narrow, printed."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from search.reports.html import render_html
from tests.reports.browser import Scheme, Visit, chromium, visit
from tests.reports.examples import (
    HOSTILE,
    LANGUAGES,
    groups_audit,
    hostile_audit,
    labels_audit,
    many_languages_audit,
)

PLOTS = {"matrix", "excess", "alignment", "scatter", "leave-one-out", "map"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file for each example."""
    folder = tmp_path_factory.mktemp("reports")
    audits = {
        "groups": groups_audit(),
        "labels": labels_audit(),
        "hostile": hostile_audit(),
        "many": many_languages_audit(),
    }
    for name, audit in audits.items():
        (folder / f"{name}.html").write_text(render_html(audit), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in audits}


@pytest.fixture(scope="module")
def rich(browser: Browser, reports: dict[str, Path]) -> Iterator[Visit]:
    """The rich report, open for the tests that leave it as it was."""
    with visit(browser, reports["groups"]) as seen:
        yield seen


@pytest.mark.parametrize("name", ["groups", "labels", "hostile"])
def test_it_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, reports: dict[str, Path], name: str
) -> None:
    """One request, the file itself; nothing on the console; no dialog; no planted script ran."""
    with visit(browser, reports[name]) as seen:
        for choice in seen.page.query_selector_all("[data-switch] input"):
            choice.click()
        for plot in seen.page.locator("[data-plot]").all():
            plot.hover(force=True)
        outside = [url for url in seen.requests if not url.startswith(("data:", "blob:"))]
        assert outside == [reports[name].as_uri()]
        assert seen.messages == []
        assert seen.dialogs == []
        assert seen.page.evaluate("'__pwned' in window") is False


def test_all_plots_are_drawn_with_their_marks(rich: Visit) -> None:
    """Bars, whiskers, chance marks, tiles and points: as many as the audit has values."""
    page = rich.page
    drawn = page.eval_on_selector_all("[data-plot]", "all => all.map(e => e.dataset.plot)")
    assert set(drawn) == PLOTS

    def count(plot: str, what: str) -> int:
        return page.locator(f"[data-plot={plot}] {what}").count()

    for plot in PLOTS:
        assert count(plot, "svg.main-svg") >= 1, plot
    assert count("excess", ".bars .point") == len(LANGUAGES)
    assert count("excess", ".barlayer path.xerror") == len(LANGUAGES)
    assert count("excess", ".scatterlayer .points path.point") == len(LANGUAGES)
    assert count("alignment", ".bars .point") == 2 * len(LANGUAGES)
    assert count("map", ".points path.point") == 300
    assert count("matrix", ".textpoint text") == len(LANGUAGES) ** 2


def test_labels_alone_leave_plots_out_and_say_why(
    browser: Browser, reports: dict[str, Path]
) -> None:
    """Without groups there is no alignment and no map; the place says what it would need."""
    with visit(browser, reports["labels"]) as seen:
        drawn = seen.page.eval_on_selector_all("[data-plot]", "a => a.map(e => e.dataset.plot)")
        assert set(drawn) == {"matrix", "excess"}
        missing = seen.page.locator(".absent").all_inner_texts()
        assert len(missing) == 4
        assert "strong_auc was not measured: groups" in missing[0]
        # The one undefined bar is written out as a dash, and has no bar of length 0.
        notes = seen.page.locator("[data-plot=excess] .annotation").all_text_contents()
        assert notes == ["– excess@10 undefined"]
        lengths = seen.page.eval_on_selector_all(
            "[data-plot=excess] .bars .point path", "all => all.map(e => e.getBBox().width)"
        )
        assert sum(length > 0 for length in lengths) == 4


def test_the_switch_colours_by_meaning(rich: Visit) -> None:
    """By language five names; by meaning twenty and the grey rest; the keyboard reaches it."""
    names = rich.page.locator("[data-plot=map] .legendtext")
    assert names.all_text_contents() == list(LANGUAGES)
    rich.page.focus("[data-switch=map] input[value='0']")
    rich.page.keyboard.press("ArrowRight")
    assert names.count() == 21
    assert "others (200)" in names.all_text_contents()
    assert rich.page.locator("[data-plot=map] .points path.point").count() == 300
    rich.page.keyboard.press("ArrowLeft")
    assert names.all_text_contents() == list(LANGUAGES)


def test_plots_offer_no_button_that_sends_data(rich: Visit) -> None:
    """Plotly's own tool bar shares charts with a server; ours only zooms."""
    titles = rich.page.eval_on_selector_all(".modebar-btn", "all => all.map(e => e.dataset.title)")
    assert set(titles) == {"Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"}


def test_hostile_texts_are_shown_letter_by_letter(
    browser: Browser, reports: dict[str, Path]
) -> None:
    """Axis labels and hover labels show the markup instead of obeying it."""
    with visit(browser, reports["hostile"]) as seen:
        page = seen.page
        assert page.locator("[data-plot] a[href], [data-plot] img[src=x]").count() == 0
        ticks = page.locator("[data-plot=excess] .ytick text").all_text_contents()
        assert "<script>window.__…" in ticks
        # The tags were neither turned bold nor swallowed, and the entity was not resolved twice.
        warnings = page.locator("#warnings li").all_inner_texts()
        assert warnings[3] == HOSTILE[3]
        page.evaluate("Plotly.Fx.hover(document.querySelector('[data-plot=map]'), "
                      "[{curveNumber: 1, pointNumber: 0}])")  # fmt: skip
        shown = page.locator("[data-plot=map] .hoverlayer").text_content() or ""
        flat = re.sub(r"\s+", "", shown)
        assert any(re.sub(r"\s+", "", harm) in flat for harm in HOSTILE if "\x1b" not in harm)
        assert page.locator("[data-plot=map] .hoverlayer a").count() == 0


TEXTS = "p, li, dd, dt, td, th, caption, summary, figcaption, a, h1, h2, h3, legend, label, small"
LABELS = ".xtick text, .ytick text, .xtitle, .ytitle, .legendtext, .annotation text"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_sufficient(browser: Browser, reports: dict[str, Path], scheme: Scheme) -> None:
    """Every text of the page and every label of a plot has a WCAG contrast of 4.5 or more."""
    with visit(browser, reports["groups"], scheme) as seen:
        for selector, least in ((TEXTS, 200), (LABELS, 40)):
            found = seen.contrast(selector)
            assert len(found) >= least
            assert min(found) >= 4.5


def test_plots_follow_the_scheme_live(rich: Visit) -> None:
    """Turning dark turns the page behind the plots and the ink in them, with nothing reloaded."""
    before = _colours(rich)
    rich.page.emulate_media(color_scheme="dark")
    rich.page.wait_for_selector("[data-plot=excess][data-drawn^='$dark']")
    after = _colours(rich)
    assert before["page"] == "rgb(255, 255, 255)"
    assert after["page"] == "rgb(21, 24, 29)"
    assert all(before[key] != after[key] for key in before)
    rich.page.emulate_media(color_scheme="light")
    rich.page.wait_for_selector("[data-plot=excess][data-drawn^='$light']")
    assert _colours(rich) == before


def test_paper_is_white_whole_and_unfolded(browser: Browser, reports: dict[str, Path]) -> None:
    """Printed from a dark screen: light colours, open tables, no plot wider than the paper."""
    with visit(browser, reports["many"], "dark") as seen:
        page = seen.page
        page.set_viewport_size({"width": 673, "height": 1000})  # A4 less margins of 16 mm
        page.emulate_media(media="print")
        page.wait_for_selector("[data-plot=excess][data-drawn^='$light']")
        assert _colours(seen)["page"] == "rgb(255, 255, 255)"
        assert page.locator("details:not([open], .unprinted)").count() == 0
        assert page.locator("figure table").first.is_visible()
        assert not page.locator("details.unprinted").first.is_visible()
        assert "300 rows" in page.inner_text(".on-paper")
        widths = page.eval_on_selector_all(
            "[data-plot]", "all => all.map(e => e.getBoundingClientRect().right)"
        )
        assert max(widths) <= 673
        heights = page.eval_on_selector_all(
            "[data-plot]", "all => all.map(e => e.getBoundingClientRect().height)"
        )
        assert max(heights) <= 1000
        wide = "all => all.filter(e => e.getBoundingClientRect().right > 673).length"
        assert page.eval_on_selector_all("table", wide) == 0
        page.emulate_media(media="screen")
        page.wait_for_selector("[data-plot=excess][data-drawn^='$dark']")
        assert page.locator("figure details[open]").count() == 0


@pytest.mark.parametrize("name", ["hostile", "many"])
def test_a_phone_never_scrolls_sideways(
    browser: Browser, reports: dict[str, Path], name: str
) -> None:
    """At 390 pixels only the boxes of tables and plots scroll; a keyboard can reach them."""
    with visit(browser, reports[name], width=390) as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.evaluate("scrollTo(200, 0)")
        assert page.evaluate("scrollX") == 0
        wide = "all => all.filter(e => e.scrollWidth > e.clientWidth && e.tabIndex !== 0).length"
        assert page.eval_on_selector_all(".scroll", wide) == 0


def test_headings_and_names_for_readers_that_do_not_see(rich: Visit) -> None:
    """No level of heading is skipped; plots, tables and boxes have names; rows have heads."""
    page = rich.page
    levels = page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("tbody tr:not(:has(th[scope=row]))").count() == 0
    assert page.locator("[data-plot]:not([aria-label]), .scroll:not([aria-label])").count() == 0
    assert page.locator("nav a").count() == page.locator("main > section").count()


def test_right_to_left_text_keeps_its_direction(rich: Visit) -> None:
    """Hebrew and Arabic run from the right, with their language marked; English from the left."""
    direction = "e => getComputedStyle(e).direction"
    for lang, expected in (("he", "rtl"), ("ar", "rtl"), ("zh", "ltr"), ("en", "ltr")):
        found = rich.page.locator(f"#worst td bdi[lang={lang}]").first
        assert found.evaluate(direction) == expected, lang


def _colours(seen: Visit) -> dict[str, str]:
    """Colours of the page and of one plot as they are on the screen now."""
    found: dict[str, str] = seen.page.evaluate(
        """() => {
          const of = (selector) => getComputedStyle(document.querySelector(selector));
          return {
            page: of('body').backgroundColor,
            tick: of('[data-plot=excess] .ytick text').fill,
            bar: of('[data-plot=excess] .bars .point path').fill,
            numbers: [...document.querySelectorAll('[data-plot=matrix] .textpoint text')]
              .map((text) => getComputedStyle(text).fill).join(),
          };
        }"""
    )
    return found
