"""The page searches as one expects of a search page, and says what each neighbour shares."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page

from tests.reports.browser import chromium
from tests.service.browsing import ask, opened, settled
from tests.service.serving import Service

CAT = "Eine Katze sprang vom Dach und erschreckte die Tauben."
WORDS = {
    (True, True): ("both", "Same language and meaning"),
    (False, True): ("meaning", "Same meaning"),
    (True, False): ("language", "Same language only"),
    (False, False): ("neither", "Neither"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


def answered(service: Service, **body: object) -> dict[str, Any]:
    """Ask the API what the page asks."""
    with service.client() as client:
        answer = client.post("/v1/search", json={"k": 10, "language_report": True, **body})
        found: dict[str, Any] = answer.json()
        return found


def ids(page: Page, column: int = 0) -> list[str]:
    """List the ids of the hits of one column, in the order shown."""
    hits = page.locator(".column").nth(column).locator(".hits li")
    found: list[str] = hits.evaluate_all("all => all.map(li => li.dataset.id)")
    return found


def hit_ids(answer: dict[str, Any]) -> list[str]:
    """List the ids of the hits of an answer."""
    return [hit["id"] for hit in answer["hits"]]


def test_a_query_is_answered_and_stands_in_the_address(browser: Browser, shown: Service) -> None:
    """The hits are the API's; the address holds the query; back, forward and reload work."""
    with opened(browser, shown) as page:
        ask(page, CAT)
        first = hit_ids(answered(shown, text=CAT))
        assert ids(page) == first
        assert parse_qs(urlparse(page.url).query) == {"q": [CAT]}
        assert page.title().startswith("Eine Katze")
        ask(page, "yksi kissa")
        second = ids(page)
        assert second == hit_ids(answered(shown, text="yksi kissa")) != first
        page.go_back()
        settled(page)
        assert (page.input_value("#q"), ids(page)) == (CAT, first)
        page.go_forward()
        settled(page)
        assert ids(page) == second
        page.reload()
        settled(page)
        assert (page.input_value("#q"), ids(page)) == ("yksi kissa", second)


def test_every_hit_shows_language_and_what_it_shares(browser: Browser, shown: Service) -> None:
    """In a word, in a colour and in a shape of its own for each of the four."""
    expected = answered(shown, text=CAT, id="de-001", lang="de", k=50)
    with opened(browser, shown, {"q": CAT, "id": "de-001", "lang": "de", "k": "50"}) as page:
        items = page.locator(".hits li")
        seen: dict[str, tuple[str, str]] = {}
        for item, hit in zip(items.all(), expected["hits"], strict=True):
            kind, words = WORDS[hit["same_language"], hit["same_meaning"]]
            assert item.get_attribute("data-share") == kind
            assert item.locator(".share").inner_text() == words
            assert item.locator(".lang code").inner_text() == hit["lang"]
            assert item.locator("a.text").get_attribute("lang") == hit["lang"]
            circles = item.locator(".mark circle")
            shape = circles.evaluate_all("all => all.map(c => c.getAttribute('class')).join()")
            colour = item.locator(".share").evaluate("e => getComputedStyle(e).color")
            assert seen.setdefault(words, (shape, colour)) == (shape, colour)
        assert {"Same meaning", "Same language only", "Neither"} <= set(seen)
        assert len({shape for shape, _ in seen.values()}) == len(seen)
        assert len({colour for _, colour in seen.values()}) == len(seen)


def test_right_to_left_text_runs_from_the_right(browser: Browser, shown: Service) -> None:
    """A Hebrew hit begins at the right edge, a German one at the left."""
    with opened(browser, shown, {"q": CAT, "k": "50"}) as page:
        for lang, direction in (("he", "rtl"), ("ar", "rtl"), ("de", "ltr")):
            text = page.locator(f".hits a.text[lang={lang}]").first
            assert text.evaluate("e => getComputedStyle(e).direction") == direction
            assert text.evaluate("e => getComputedStyle(e).textAlign") == "start"


def test_the_gauge_shows_the_count_against_chance(browser: Browser, shown: Service) -> None:
    """The numbers of the report, the bar in their proportion, and the words of the explanation."""
    expected = answered(shown, text=CAT)
    report = expected["language_report"]
    with opened(browser, shown, {"q": CAT}) as page:
        box = page.locator(".report")
        count = f"{report['counted_same_language']} of {report['counted']}"
        assert " ".join(box.locator(".count").inner_text().split()) == count
        assert f"chance {report['expected_same_language']:.1f}" in box.inner_text()
        assert box.locator(".gauge .on").count() == report["counted_same_language"]
        off = report["counted"] - report["counted_same_language"]
        assert box.locator(".gauge .off").count() == off
        at = 100 * report["expected_same_language"] / report["counted"]
        assert float(box.locator(".tick").get_attribute("x1") or -1) == pytest.approx(at)
        said = " ".join(box.inner_text().split())
        for line in expected["explanation"].split("\n"):
            name, _, rest = line.partition(": ")
            named = name in {"Language", "Meaning", "Bias"}
            words = f"{name} {rest[0].upper()}{rest[1:]}" if named else line
            assert words in said
        tally = dict.fromkeys(("both", "meaning_only", "language_only", "neither"))
        shown_tally = [int(b) for b in box.locator(".tally b").all_inner_texts()]
        assert shown_tally == [report[name] for name in tally]


def test_a_sentence_searches_with_itself(browser: Browser, shown: Service) -> None:
    """A click asks with that document, in its language, and leaves it out of its own answer."""
    with opened(browser, shown, {"q": CAT}) as page:
        link = page.locator(".hits a.text[lang=de]").nth(1)
        text = link.inner_text()
        id_ = link.evaluate("e => e.closest('li').dataset.id")
        link.click()
        settled(page)
        assert parse_qs(urlparse(page.url).query) == {"q": [text], "id": [id_], "lang": ["de"]}
        assert ids(page) == hit_ids(answered(shown, text=text, id=id_, lang="de"))
        assert id_ not in ids(page)
        assert page.input_value("#q") == text
        # What is typed over it is no document any more.
        ask(page, "something else")
        assert parse_qs(urlparse(page.url).query) == {"q": ["something else"]}


def test_another_method_stands_beside_with_its_moves(browser: Browser, shown: Service) -> None:
    """Two columns, each the API's answer; every move is the difference of the ranks."""
    chosen = {"debias": "centring", "merging": {"name": "softmax"}}
    before = hit_ids(answered(shown, text=CAT))
    after = hit_ids(answered(shown, text=CAT, **chosen))
    assert before != after
    with opened(browser, shown, {"q": CAT}) as page:
        page.select_option("select[name=debias]", "centring")
        settled(page)
        page.select_option("select[name=merging]", "softmax")
        settled(page)
        assert ids(page, 0) == before
        assert ids(page, 1) == after
        assert "centring, merged by softmax" in page.locator(".column").nth(1).inner_text()
        for rank, id_ in enumerate(after):
            badge = page.locator(".column").nth(1).locator(f".hits li[data-id='{id_}'] .move")
            assert badge.all_inner_texts() == _move(before, id_, rank)
        for id_ in before:
            gone = page.locator(".column").nth(0).locator(f".hits li[data-id='{id_}'] .move")
            assert gone.count() == (id_ not in after)
        query = parse_qs(urlparse(page.url).query)
        assert query == {"q": [CAT], "debias": ["centring"], "merging": ["softmax"]}
        # Back to what the index does by itself: one list again.
        page.select_option("select[name=debias]", "none")
        settled(page)
        page.select_option("select[name=merging]", "none")
        settled(page)
        assert page.locator(".column").count() == 1


def _move(before: list[str], id_: str, rank: int) -> list[str]:
    """Write how far a hit has moved."""
    if id_ not in before:
        return ["＋ new"]
    by = before.index(id_) - rank
    return [] if by == 0 else [f"▲ {by}" if by > 0 else f"▼ {-by}"]


def test_words_can_be_searched_for_instead(browser: Browser, shown: Service) -> None:
    """A mode stands beside the index's own; words alone have no vectors to debias or to merge."""
    ask_for = {"q": "Katze Tauben", "debias": "centring", "merging": "softmax"}
    with opened(browser, shown, ask_for) as page:
        page.select_option("select[name=mode]", "hybrid")
        settled(page)
        merged = {"debias": "centring", "merging": {"name": "softmax"}}
        expected = answered(shown, text=ask_for["q"], mode="hybrid", **merged)
        assert ids(page, 1) == hit_ids(expected)
        assert (
            "centring and words, merged by softmax" in page.locator(".column").nth(1).inner_text()
        )
        page.select_option("select[name=mode]", "lexical")
        settled(page)
        assert ids(page, 1) == hit_ids(answered(shown, text=ask_for["q"], mode="lexical"))
        assert page.is_disabled("select[name=debias]")
        assert page.is_disabled("select[name=merging]")
        ask(page, "qqqq")
        assert "no document shares a word" in page.locator(".column").nth(1).inner_text()


def test_the_language_of_the_query_can_be_chosen(browser: Browser, shown: Service) -> None:
    """Where detection does not know, or is wrong, the reader says what it is."""
    with opened(browser, shown, {"q": "Tauben qq"}) as page:
        page.select_option("select[name=lang]", "he")
        settled(page)
        assert "Query in Hebrew (given)" in page.inner_text(".asked")
        expected = answered(shown, text="Tauben qq", lang="he")
        assert ids(page) == hit_ids(expected)
        count = f"{expected['language_report']['counted_same_language']} of"
        assert page.inner_text(".count").startswith(count)
        # Another text is detected again.
        ask(page, "Eine Katze sprang vom Dach und erschreckte die Tauben")
        assert "Query in German (detected" in page.inner_text(".asked")


@pytest.mark.slow
def test_languages_and_size_narrow_the_answer(browser: Browser, shown: Service) -> None:
    """The lists beside the query change what is asked, and stand in the address."""
    with opened(browser, shown, {"q": CAT}) as page:
        page.select_option("select[name=in]", "he")
        settled(page)
        page.select_option("select[name=k]", "5")
        settled(page)
        assert set(page.locator(".hits .lang code").all_inner_texts()) == {"he"}
        assert ids(page) == hit_ids(answered(shown, text=CAT, languages=["he"], k=5))
        assert len(ids(page)) == 5


@pytest.mark.slow
def test_it_begins_with_sentences_to_try(browser: Browser, shown: Service) -> None:
    """Each in another language; one of them is asked by a click."""
    with opened(browser, shown) as page:
        langs = page.locator(".tries .lang code").all_inner_texts()
        assert len(langs) == len(set(langs)) == 6
        page.locator(".tries a").first.click()
        settled(page)
        assert len(ids(page)) == 10
