"""A corpus and an address that want to do harm: nothing runs, nothing breaks, all is legible."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

import interlingua
from interlingua import Document, EncoderSpec
from tests.reports.browser import chromium
from tests.service.browsing import PHONE, ask, opened, settled
from tests.service.serving import Service, Threaded

SCRIPT = "<script>window.__pwned = 1</script><img src=x onerror='window.__pwned = 1'>"
HOSTILE = {
    "script": SCRIPT,
    "attribute": "\"'><svg onload=window.__pwned=1> javascript:window.__pwned=1",
    "override": "safe \u202e txet desrever \u2066 isolated \u202a never closed",
    "marks": "Z" + "\u0335\u0321\u0353\u0347\u0300" * 300 + "algo",
    "huge": "word " * 40_000,
    "unbroken": "x" * 5_000,
    "rtl": "\u05d0" * 400,
    "empty-looking": "\u200b\u2060\ufeff.",
    '"><b>id</b>': "an id that is markup",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over that corpus; one group, whose name is markup."""
    folder = tmp_path_factory.mktemp("hostile")
    documents = [
        Document(id_, text, "he" if id_ == "rtl" else "en", SCRIPT, {SCRIPT: SCRIPT})
        for id_, text in HOSTILE.items()
    ]
    interlingua.build(documents, folder / "index", encoder=EncoderSpec("hashing"))
    running = Threaded.start(folder / "index", folder / "log")
    yield running
    running.stop()


@pytest.mark.parametrize(
    "address",
    [
        {"q": SCRIPT, "k": "50"},
        {"view": "languages", "group": SCRIPT},
        {"view": "map"},
        *(
            pytest.param(address, marks=pytest.mark.slow)
            for address in (
                {"q": "word", "k": "50", "debias": "centring", "merging": "softmax"},
                {"id": "huge"},
                {"view": "languages"},
                {"view": "map", "colour": "meaning"},
            )
        ),
    ],
)
def test_nothing_runs_and_nothing_overflows(
    browser: Browser, hostile: Service, address: dict[str, str]
) -> None:
    """No script, no image, no request elsewhere; the window of a phone is wide enough."""
    with opened(browser, hostile, address, width=PHONE) as page:
        assert page.evaluate("() => '__pwned' in window") is False
        assert page.locator("main img, main script, main b b").count() == 0
        assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE


def test_texts_are_shown_as_they_are(browser: Browser, hostile: Service) -> None:
    """Markup letter by letter; what is huge in part, and whole when that is asked for."""
    with opened(browser, hostile, {"q": "word", "k": "50"}) as page:
        texts = page.locator(".hits a.text")
        shown = dict(
            zip(
                page.locator(".hits li").evaluate_all("all => all.map(li => li.dataset.id)"),
                texts.all_text_contents(),
                strict=True,
            )
        )
        assert set(shown) == set(HOSTILE)
        assert shown["script"] == SCRIPT
        assert shown["huge"] == HOSTILE["huge"][:600] + "…"
        item = page.locator(".hits li[data-id=huge]")
        item.locator("button").click()
        assert item.locator("a.text").text_content() == HOSTILE["huge"]
        item.locator("button").click()
        assert item.locator("a.text").text_content() == shown["huge"]


@pytest.mark.slow
def test_marks_do_not_bury_their_neighbours(browser: Browser, hostile: Service) -> None:
    """A letter with a tower of marks stays in its own line, and overrides in their own text."""
    with opened(browser, hostile, {"q": "word", "k": "50"}) as page:
        for id_ in ("marks", "override"):
            text = page.locator(f".hits li[data-id={id_}] a.text")
            assert text.evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
            assert text.evaluate("e => getComputedStyle(e).overflow") == "clip"


@pytest.mark.slow
def test_a_huge_document_asks_by_its_id(browser: Browser, hostile: Service) -> None:
    """Its text is too long for an address; it is found all the same."""
    with opened(browser, hostile, {"q": "word"}) as page:
        page.locator(".hits li[data-id=huge] a.text").click()
        settled(page)
        assert page.url.endswith("/?id=huge")
        assert "document huge, left out" in page.inner_text(".asked")


def test_hostile_words_are_a_query_like_any_other(browser: Browser, hostile: Service) -> None:
    """What is typed goes to the address and back, and stays text."""
    with opened(browser, hostile) as page:
        ask(page, SCRIPT + " & ? # % + =")
        assert page.input_value("#q") == SCRIPT + " & ? # % + ="
        page.reload()
        settled(page)
        assert page.input_value("#q") == SCRIPT + " & ? # % + ="
        assert page.evaluate("() => '__pwned' in window") is False
