"""One meaning in every language as a matrix, and the corpus as a map."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page

import interlingua
from data import CORPUS
from interlingua import Document, EncoderSpec
from tests.reports.browser import chromium
from tests.service.browsing import opened, settled
from tests.service.conftest import LANGUAGES
from tests.service.serving import Service, Threaded


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


def translations(service: Service, **body: object) -> dict[str, Any]:
    """Ask the API what the page asks."""
    with service.client() as client:
        found: dict[str, Any] = client.post("/v1/translations", json={"k": 10, **body}).json()
        return found


def points(service: Service, query: str = "limit=2500") -> list[dict[str, Any]]:
    """Ask for the points of the map."""
    with service.client() as client:
        found: list[dict[str, Any]] = client.get(f"/v1/map?{query}").json()["points"]
        return found


def test_a_hit_leads_to_its_meaning_in_every_language(browser: Browser, shown: Service) -> None:
    """From an answer to the matrix, whose cells are the counts, with a tick where it was found."""
    expected = {row["lang"]: row for row in translations(shown, group="001")["asked"]}
    with opened(browser, shown, {"q": "Eine Katze sprang vom Dach"}) as page:
        page.locator(".hits li[data-id='de-001'] >> text=in every language").click()
        settled(page)
        assert parse_qs(urlparse(page.url).query) == {"view": ["languages"], "group": ["001"]}
        columns = page.locator(".matrix thead abbr").all_inner_texts()
        rows = page.locator(".matrix tbody tr")
        assert sorted(rows.locator("th .lang code").all_inner_texts()) == sorted(LANGUAGES)
        for row in rows.all():
            want = expected[row.locator("th .lang code").inner_text()]
            cells = row.locator("td.cell")
            for column, cell in zip(columns, cells.all(), strict=True):
                count = want["observed"].get(column, 0)
                tick = "✓" if want["same_meaning"].get(column) else ""
                assert cell.inner_text().replace("\n", "") == f"{count or '·'}{tick}"
                title = cell.get_attribute("title") or ""
                assert f" {want['expected'][column]:.1f} by chance" in title
            assert row.locator("td.own").count() == 1
        own = [row["observed"].get(lang, 0) for lang, row in expected.items()]
        chance = [row["expected"][lang] for lang, row in expected.items()]
        words = f"On average {sum(own) / 6:.1f} of 10 neighbours are in the language that asks"
        assert f"{words} ({sum(chance) / 6:.1f} by chance)" in page.inner_text(".matrix .verdict")


@pytest.mark.slow
def test_the_matrix_changes_with_the_method(browser: Browser, shown: Service) -> None:
    """Two matrices, that of the index and that of the choice."""
    with opened(browser, shown, {"view": "languages", "group": "001"}) as page:
        page.select_option("select[name=debias]", "centring")
        settled(page)
        matrices = page.locator(".matrix")
        assert matrices.count() == 2
        for matrix, debias in ((matrices.nth(0), "none"), (matrices.nth(1), "centring")):
            found = translations(shown, group="001", debias=debias)["asked"]
            same = sum(sum(row["same_meaning"].values()) for row in found) / len(found)
            assert f"and {same:.1f} of 5 that mean the same" in matrix.inner_text()


@pytest.mark.slow
def test_a_meaning_can_be_picked(browser: Browser, shown: Service) -> None:
    """Without a meaning the view offers some; each is a link."""
    with opened(browser, shown, {"view": "languages"}) as page:
        assert page.locator(".tries a").count() == 12
        page.locator(".tries a").nth(3).click()
        settled(page)
        assert page.locator(".matrix tbody tr").count() == 6


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two meanings in all sixteen languages of the corpus."""
    folder = tmp_path_factory.mktemp("wide")
    lines = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    chosen = [r for r in lines if r["group"] <= "002"]
    documents = [Document(r["id"], r["text"], r["lang"], r["group"]) for r in chosen]
    interlingua.build(documents, folder / "index", encoder=EncoderSpec("hashing"))
    running = Threaded.start(folder / "index", folder / "log")
    yield running
    running.stop()


@pytest.mark.parametrize("width", [1024, 1200])
def test_sixteen_languages_fit(browser: Browser, wide: Service, width: int) -> None:
    """No column is out of sight, and no choice is cut short."""
    address = {"view": "languages", "group": "001", "debias": "centring", "k": "20"}
    with opened(browser, wide, address, width=width) as page:
        assert page.locator(".matrix").first.locator("thead th").count() == 19
        for matrix in page.locator(".matrix .scroll").all():
            assert matrix.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    with opened(browser, wide, {"q": "cat", "debias": "centring"}, width=width) as page:
        for name in ("debias", "merging", "mode", "lang", "in"):
            select = page.locator(f"select[name={name}]")
            assert select.evaluate(ROOM) >= 0, name


ROOM = """
(select) => {
  const style = getComputedStyle(select);
  const pen = document.createElement('canvas').getContext('2d');
  pen.font = style.font;
  const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  return select.clientWidth - padding - pen.measureText(select.selectedOptions[0].text).width;
}
"""
"""JavaScript: what a select has left of its width beside the chosen text."""


def at(page: Page, n: int) -> tuple[float, float]:
    """Find where the n-th point is on the screen."""
    point = page.locator(".board .point").nth(n)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def alone(found: list[dict[str, Any]]) -> int:
    """Find the point that lies farthest from its nearest neighbour."""

    def room(n: int) -> float:
        others = (p for m, p in enumerate(found) if m != n)
        return min(float(abs(p["x"] - found[n]["x"]) + abs(p["y"] - found[n]["y"])) for p in others)

    return max(range(len(found)), key=room)


def test_the_map_is_read_by_pointing_and_searches_by_clicking(
    browser: Browser, shown: Service
) -> None:
    """Every document is there; pointing shows text, language and the ties to its translations."""
    found = points(shown)
    n = alone(found)
    with opened(browser, shown, {"view": "map"}) as page:
        assert page.locator(".board .point").count() == len(found) == 72
        assert page.inner_text("main").count("72 documents.") == 1
        page.mouse.move(*at(page, n))
        card = page.locator(".card")
        assert card.locator("a.text").inner_text() == found[n]["text"]
        assert card.locator(".lang code").inner_text() == found[n]["lang"]
        assert page.locator(".links line").count() == 5
        page.mouse.click(*at(page, n))
        settled(page)
        assert page.input_value("#q") == found[n]["text"]
        assert page.locator(".hits li").count() == 10


def test_the_map_is_walked_by_keys(browser: Browser, shown: Service) -> None:
    """One stop of Tab; arrows go to a point in that direction and say it; Enter searches."""
    with opened(browser, shown, {"view": "map"}) as page:
        page.focus(".board")
        places = []
        for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
            before = [float(page.get_attribute(".ring", axis) or 0) for axis in ("cx", "cy")]
            page.keyboard.press(key)
            after = [float(page.get_attribute(".ring", axis) or 0) for axis in ("cx", "cy")]
            places.append((before, after))
        (one, two), (three, four), (five, six) = places
        assert two[0] > one[0]
        assert four[0] > three[0]
        assert six[1] < five[1]
        text = page.inner_text(".card a.text")
        assert page.inner_text("#status").endswith(text)
        page.keyboard.press("Enter")
        settled(page)
        assert page.input_value("#q") == text


def test_colours_mean_language_or_meaning(browser: Browser, shown: Service) -> None:
    """A look of its own for each language, then for each meaning; one can be shown alone."""
    found = points(shown)
    with opened(browser, shown, {"view": "map"}) as page:
        for field, colour in (("lang", "language"), ("group", "meaning")):
            page.check(f"input[value={colour}]")
            settled(page)
            looks: dict[str, set[str]] = {}
            marks = page.locator(".board .point").evaluate_all(
                "all => all.map(p => `${p.getAttribute('class')} ${p.getAttribute('d')}`)"
            )
            for point, mark in zip(found, marks, strict=True):
                looks.setdefault(point[field], set()).add(mark)
            assert all(len(own) == 1 for own in looks.values())
            assert len(set.union(*looks.values())) == len(looks)
        page.locator(".legend button").first.click()
        assert page.locator(".board .point.dim").count() == 66
        assert page.get_attribute(".legend button >> nth=0", "aria-pressed") == "true"
        page.locator(".legend button").first.click()
        assert page.locator(".board .point.dim").count() == 0


@pytest.mark.slow
def test_the_map_changes_with_the_method(browser: Browser, shown: Service) -> None:
    """The points move to where the method puts them."""
    with opened(browser, shown, {"view": "map"}) as page:
        before = page.locator(".board .point").first.get_attribute("transform")
        page.select_option("select[name=debias]", "centring")
        settled(page)
        assert "after centring" in page.inner_text("main")
        assert page.locator(".board .point").first.get_attribute("transform") != before
