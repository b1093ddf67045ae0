"""The page over an index whose documents are cut."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

import interlingua
from data import CORPUS
from interlingua import Chunking, Document, EncoderSpec
from tests.reports.browser import chromium
from tests.service.browsing import opened, settled
from tests.service.conftest import LANGUAGES
from tests.service.serving import Service, Threaded

TEXT = "A cat leapt off the roof and scared the pigeons."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Documents of three sentences each: four meanings in six languages."""
    lines = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    texts = {(r["lang"], int(r["group"])): r["text"] for r in lines}
    documents = [
        Document(f"{lang}-{n}", " ".join(texts[lang, 3 * n + i] for i in (1, 2, 3)), lang, str(n))
        for lang in LANGUAGES
        for n in range(4)
    ]
    folder = tmp_path_factory.mktemp("cut")
    cut = Chunking.parse("sentences")
    interlingua.build(documents, folder / "index", encoder=EncoderSpec("hashing"), chunking=cut)
    running = Threaded.start(folder / "index", folder / "log")
    yield running
    running.stop()


def ids(page: Page) -> list[str]:
    """List the ids of the neighbours on the page."""
    hits = page.locator(".hits li").all()
    return [str(hit.get_attribute("data-id")) for hit in hits]


def test_chunks_or_documents_are_shown(browser: Browser, cut: Service) -> None:
    """Chunks at first; by document each document once, by its best chunk. The choice stays."""
    with cut.client() as client:
        asked = {"text": TEXT, "lang": "en", "k": 72}
        chunks = [hit["id"] for hit in client.post("/v1/search", json=asked).json()["hits"]]
        held = client.get("/v1/index").json()
    assert (held["wholes"], held["documents"], held["chunking"]) == (24, 72, "sentences:1")
    best: dict[str, str] = {}
    for id_ in chunks:
        best.setdefault(id_.partition("#")[0], id_)
    with opened(browser, cut, {"q": TEXT, "lang": "en"}) as page:
        assert page.inner_text("#facts") == "24 documents in 6 languages, as 72 chunks"
        assert ids(page) == chunks[:10]
        page.select_option("select[name=by]", "document")
        settled(page)
        assert ids(page) == list(best.values())[:10]
        page.locator(".hits a.text").nth(1).click()
        settled(page)
        assert page.input_value("select[name=by]") == "document"
        assert len({id_.partition("#")[0] for id_ in ids(page)}) == 10


def test_matrix_and_map_speak_of_chunks(browser: Browser, cut: Service) -> None:
    """Every chunk asks, and is a point."""
    with opened(browser, cut, {"view": "languages", "group": "0"}) as page:
        assert "every chunk of every version asks" in page.inner_text("main")
        assert page.locator(".matrix tbody tr").count() == 18
    with opened(browser, cut, {"view": "map"}) as page:
        assert page.inner_text("main").count("72 chunks") == 1
        assert page.locator(".board .point").count() == 72


def test_a_whole_index_says_nothing_of_chunks(browser: Browser, shown: Service) -> None:
    """Where no document is cut there is nothing to choose."""
    with opened(browser, shown, {"q": TEXT}) as page:
        assert page.locator("select[name=by]").count() == 0
        assert "chunk" not in page.inner_text("body")
