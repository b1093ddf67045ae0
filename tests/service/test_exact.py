"""A search that misses nothing, over HTTP and on the page, where the index would miss some."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import interlingua
from data import CORPUS
from indexer.encoders.hashing import HashingEncoder
from indexer.kinds import Indexing
from interlingua import Document, EncoderSpec
from tests.reports.browser import chromium
from tests.service.browsing import opened, settled
from tests.service.serving import Service, Threaded

ASKED = ["The cat leapt off the roof.", "Il pleut depuis ce matin.", "Die Suppe ist zu heiß."]


def documents() -> list[Document]:
    """As many as clusters need."""
    lines = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()[:1200]]
    return [Document(r["id"], r["text"], r["lang"], r["group"]) for r in lines]


@pytest.fixture(scope="module")
def approximate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over clusters of which a search looks into one."""
    folder = tmp_path_factory.mktemp("approximate")
    one = Indexing("ivf", effort=1)
    interlingua.build(documents(), folder / "index", encoder=EncoderSpec("hashing"), indexing=one)
    running = Threaded.start(folder / "index", folder / "log")
    yield running
    running.stop()


def nearest(text: str) -> list[str]:
    """Find the ten nearest by hand."""
    encoder, held = HashingEncoder(EncoderSpec("hashing")), documents()
    vectors = np.asarray(encoder.encode([d.text for d in held], "passage").vectors)
    scores = vectors @ np.asarray(encoder.encode([text], "query").vectors)[0]
    return [held[i].id for i in np.argsort(-scores, kind="stable")[:10]]


def found(service: Service, **body: object) -> tuple[list[str], dict[str, Any]]:
    """Ask, and list the ids of the neighbours and how they were found."""
    with service.client() as client:
        answer = client.post("/v1/search", json={"k": 10, **body}).json()
    return [hit["id"] for hit in answer["hits"]], answer["how"]


def test_exact_misses_nothing(approximate: Service) -> None:
    """The neighbours are those of all vectors; without it some are missing, as the answer says."""
    missed = 0
    for text in ASKED:
        usual, how = found(approximate, text=text)
        assert how["exact"] is False
        exact, how = found(approximate, text=text, exact=True)
        assert how["exact"] is True
        assert set(exact) == set(nearest(text))
        missed += len(set(exact) - set(usual))
    assert missed
    with approximate.client() as client:
        assert client.get("/v1/search/options").json()["own"]["exact"] is False


def test_words_miss_nothing(approximate: Service) -> None:
    """A lexical search looks at every text."""
    assert found(approximate, text="roof", mode="lexical")[1]["exact"] is True


def test_the_page_sets_exact_beside_the_index(approximate: Service, shown: Service) -> None:
    """Offered where the index is approximate, and there alone."""
    with chromium() as browser:
        with opened(browser, approximate, {"q": ASKED[0], "lang": "en"}) as page:
            page.select_option("select[name=exact]", "true")
            settled(page)
            usual, exact = page.locator(".column").all()
            assert "approximately" in usual.inner_text()
            assert "approximately" not in exact.inner_text()
            hits = exact.locator(".hits li").all()
            ids = [hit.get_attribute("data-id") for hit in hits]
            assert ids == found(approximate, text=ASKED[0], lang="en", exact=True)[0]
        with opened(browser, shown, {"q": "cat"}) as page:
            assert page.locator("select[name=exact]").count() == 0
