"""What the page shows when there is no answer to show, and how it goes on from there."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Route

import interlingua
from cli.main import main
from interlingua import Document, EncoderSpec
from tests.reports.browser import chromium
from tests.service.browsing import ask, opened, settled
from tests.service.conftest import Start
from tests.service.serving import TOKEN, Service, Threaded

Serve = Callable[[Sequence[Document]], Service]
BUSY = '{"type": "urn:interlingua:problem:overloaded", "detail": "the index is being loaded"}'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Builds an index of some documents and serves it."""
    running: list[Threaded] = []

    def _serve(documents: Sequence[Document]) -> Service:
        interlingua.build(documents, tmp_path / "served", encoder=EncoderSpec("hashing"))
        running.append(Threaded.start(tmp_path / "served", tmp_path / "log"))
        return running[-1]

    yield _serve
    for service in running:
        service.stop()


def test_the_token_is_asked_for_once(browser: Browser, start: Start) -> None:
    """A wrong one is asked for again, the right one is kept in the tab, not in the address."""
    with opened(browser, start(token=TOKEN), {"q": "cat"}, said=["401"]) as page:
        assert "asks for a token" in page.inner_text("main")
        assert page.is_hidden("#ask")
        page.fill("#token", "wrong")
        page.press("#token", "Enter")
        page.wait_for_selector("text=is not the one")
        page.fill("#token", TOKEN)
        page.press("#token", "Enter")
        page.wait_for_selector(".hits")
        assert TOKEN not in page.url
        page.reload()
        settled(page)
        assert page.locator(".hits li").count() > 0


def test_not_ready_is_waited_for(browser: Browser, shown: Service) -> None:
    """503 says that it is not yet ready; the page asks again by itself when it was told to."""
    turned_away: list[str] = []

    def refuse(route: Route) -> None:
        if len(turned_away) < 3:
            turned_away.append(route.request.url)
            route.fulfill(status=503, headers={"Retry-After": "1"}, body=BUSY)
        else:
            route.fallback()

    with opened(browser, shown, said=["503"]) as page:
        page.route("**/v1/**", refuse)
        ask(page, "Katze")
        assert "Not yet" in page.inner_text("main [role=alert]")
        assert "The index is being loaded." in page.inner_text("main")
        page.wait_for_selector(".hits")
        assert turned_away


def test_offline_is_said_and_mended(browser: Browser, shown: Service) -> None:
    """Without a network the page says so, and answers as soon as there is one."""
    with opened(browser, shown, said=["ERR_INTERNET_DISCONNECTED"]) as page:
        page.context.set_offline(True)
        ask(page, "Katze")
        assert "You are offline" in page.inner_text("main [role=alert]")
        page.context.set_offline(False)
        page.wait_for_selector(".hits")


def test_what_cannot_be_asked_says_why(browser: Browser, shown: Service) -> None:
    """An address that somebody has broken shows the problem, and the form to go on with."""
    with opened(browser, shown, {"q": "Katze", "k": "0"}, said=["422"]) as page:
        assert "This cannot be asked" in page.inner_text("main [role=alert]")
        assert "1 field is wrong" in page.inner_text("main")
        page.select_option("select[name=k]", "5")
        settled(page)
        assert page.locator(".hits li").count() == 5
    with opened(browser, shown, {"view": "languages", "group": "gone"}, said=["404"]) as page:
        assert "No group of that name." in page.inner_text("main [role=alert]")


def test_a_slow_answer_is_awaited_in_sight(browser: Browser, shown: Service) -> None:
    """After a moment lines stand where the answer will; a newer question takes the place."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with opened(browser, shown) as page:
        page.route("**/v1/search", hold)
        page.fill("#q", "Katze")
        page.press("#q", "Enter")
        page.wait_for_selector(".wait", state="attached")
        assert page.get_attribute("main", "aria-busy") == "true"
        page.unroute("**/v1/search")
        ask(page, "Hund")
        assert page.locator(".hits li").count() == 10
        assert page.input_value("#q") == "Hund"
    assert held


def test_what_others_write_is_noticed(browser: Browser, own: Path, start: Start) -> None:
    """The next answer comes from the new state, and so do the numbers around it."""
    with opened(browser, start(), {"q": "cat", "lang": "en"}) as page:
        assert page.inner_text("#facts").startswith("8 documents")
        interlingua.add([Document("new", "A brand new cat.", "fr")], own)
        ask(page, "brand new cat")
        page.wait_for_selector("#facts:has-text('9 documents in 4 languages')")
        assert page.locator(".hits li[data-id=new]").count() == 1


@pytest.mark.slow
def test_an_empty_index_says_how_to_fill_it(browser: Browser, own: Path, start: Start) -> None:
    """No form to search nothing with; the command that adds documents instead."""
    with interlingua.open(own) as index:
        ids = [hit.document.id for hit in index.search("cat", k=50).hits]
    interlingua.delete(ids, own)
    for address in ({}, {"view": "map"}, {"view": "audit"}, {"view": "languages"}):
        with opened(browser, start(), address) as page:
            assert page.is_hidden("#ask")
            words = {"map": "no map", "languages": "unknown"}.get(address.get("view", ""), "empty")
            assert words in page.inner_text("main")


def test_without_groups_meaning_is_unknown_not_zero(browser: Browser, serve: Serve) -> None:
    """The words, the dashed circle and the report say unknown; nothing counts 0 meanings."""
    documents = [Document(f"{lang}{i}", f"text {i}", lang) for lang in ("en", "fi") for i in (1, 2)]
    service = serve(documents)
    with opened(browser, service, {"q": "text 1", "lang": "en"}) as page:
        words = set(page.locator(".hits .share").all_inner_texts())
        assert words == {"Same language; meaning unknown", "Other language; meaning unknown"}
        assert page.locator(".hits .mark circle.unknown").count() == 4
        assert page.locator(".tally").count() == 0
        assert "Unknown; neither a group nor judgements" in page.inner_text(".report")
        assert page.locator("text=in every language").count() == 0
    with opened(browser, service, {"view": "languages"}) as page:
        assert "Meaning is unknown here" in page.inner_text("main")
    with opened(browser, service, {"view": "map"}) as page:
        assert page.is_disabled("input[value=meaning]")


@pytest.mark.slow
def test_one_language_alone_cannot_be_biased(browser: Browser, serve: Serve) -> None:
    """The report says why there is no measure; no method is offered that needs two."""
    service = serve([Document(str(i), f"text {i}", "en", str(i)) for i in range(5)])
    with opened(browser, service, {"q": "text 1", "lang": "en"}) as page:
        report = page.inner_text(".report")
        assert "Cannot be measured here, since every document left in reach is in" in report
        offered = page.locator("select[name=debias] option:not([disabled])")
        assert offered.evaluate_all("all => all.map(o => o.value)") == ["none"]
        assert page.locator("select[name=in]").count() == 0


@pytest.mark.slow
def test_an_unknown_language_is_called_that(browser: Browser, serve: Serve) -> None:
    """Where the query's language is not known, nothing shares it."""
    service = serve([Document("1", "xyzzy", "und", "g"), Document("2", "word", "en", "h")])
    with opened(browser, service, {"q": "xyzzy", "lang": "und"}) as page:
        words = page.locator(".hits .share").all_inner_texts()
        assert words == ["Same meaning; language unknown", "Other meaning; language unknown"]
        assert "That of the query is unknown." in page.inner_text(".report")
        assert page.locator(".gauge").count() == 0
        assert "was not recognised; choose it above" in page.inner_text(".asked")


def test_vectors_made_elsewhere_are_asked_by_document(browser: Browser, tmp_path: Path) -> None:
    """No field for a text that nobody could encode; documents ask with what they have."""
    np.save(tmp_path / "v.npy", np.random.default_rng(0).normal(size=(12, 8)))
    lines = [
        json.dumps({"id": str(i), "text": f"text {i}", "lang": lang, "group": str(i // 2)})
        for i, lang in enumerate(["en", "fi"] * 6)
    ]
    (tmp_path / "c.jsonl").write_text("\n".join(lines), encoding="utf-8")
    given = (str(tmp_path / "v.npy"), str(tmp_path / "c.jsonl"))
    assert main(["import", *given, "--index", str(tmp_path / "index")]) == 0
    service = Threaded.start(tmp_path / "index", tmp_path / "log")
    with opened(browser, service) as page:
        assert page.is_hidden("#q")
        assert "vectors made elsewhere" in page.inner_text("main")
        page.locator(".tries a").first.click()
        settled(page)
        assert "?id=" in page.url
        assert page.locator(".hits li").count() == 10
        page.locator(".hits a.text").first.click()
        settled(page)
        assert page.locator(".hits li").count() == 10
        page.locator("text=in every language").first.click()
        settled(page)
        assert page.locator(".matrix tbody tr").count() == 2
    # Words need no encoder.
    with opened(browser, service, {"mode": "lexical"}) as page:
        ask(page, "text")
        assert page.locator(".hits li").count() == 10
        assert page.locator(".column").count() == 1
    service.stop()
