"""What the page is made of: views through other methods, the map, one meaning in every language."""

import asyncio
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import httpx
import numpy as np
import pytest

import interlingua
from cli.main import main
from indexer.index import IndexReader
from indexer.transforms import METHODS
from interlingua import Document, EncoderSpec
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.debias.view import fit_view
from search.merging import NAMES, Merging
from service.limits import Limits
from service.schemas import DebiasName
from service.views import Stale, Views, through
from tests.service.conftest import LANGUAGES, Start
from tests.service.serving import Service, Threaded

TEXT = "Eine Katze sprang vom Dach."
CAT = {"text": TEXT, "k": 20, "language_report": True}


HOW = {"mode": "dense", "debias": "none", "merging": "none", "exact": True}


def asked(service: Service, path: str, body: dict[str, Any]) -> httpx.Response:
    """Send a request."""
    with service.client() as client:
        return client.post(path, json=body)


def got(service: Service, path: str) -> dict[str, Any]:
    """Get an answer."""
    with service.client() as client:
        found: dict[str, Any] = client.get(path).json()
        return found


def debiased(path: Path, method: str, merging: str = "none") -> None:
    """Apply a method to an index, fitted on itself."""
    with IndexReader.open(path) as reader:
        statistics = statistics_of_index(reader)
    candidate = Candidate(method, Merging(merging))  # type: ignore[arg-type] # one of the names
    apply_debiasing(path, debiasing_of(candidate, statistics, "the index itself"))


def test_a_method_tried_is_the_method_applied(corpus: Path, tmp_path: Path, shown: Service) -> None:
    """The answer through a view is that of an index which was debiased, hit by hit, to the bit."""
    for method in ("centring", "lsar", "procrustes"):
        path = Path(shutil.copytree(corpus, tmp_path / method))
        debiased(path, method)
        tried = asked(shown, "/v1/search", {**CAT, "debias": method}).json()
        with interlingua.open(path) as index:
            answer = index.search(TEXT, k=20)
        assert [hit["id"] for hit in tried["hits"]] == [m.document.id for m in answer.hits]
        assert [hit["score"] for hit in tried["hits"]] == [m.score for m in answer.hits]
        assert tried["query"]["fitted"] is True
        assert tried["how"] == {**HOW, "debias": method}


def test_none_takes_a_debiased_index_as_it_was_encoded(
    corpus: Path, own: Path, start: Start, shown: Service
) -> None:
    """Where the index has a method of its own, none is the view, and its own name is no view."""
    shutil.rmtree(own)
    shutil.copytree(corpus, own)
    debiased(own, "centring", "softmax")
    service = start(limits={"view_documents": 72})
    raw = asked(service, "/v1/search", {**CAT, "debias": "none", "merging": {"name": "none"}})
    expected = asked(shown, "/v1/search", CAT)
    assert raw.json()["hits"] == expected.json()["hits"]
    own_way = asked(service, "/v1/search", CAT).json()
    assert asked(service, "/v1/search", {**CAT, "debias": "centring"}).json() == own_way
    assert own_way["how"] == {**HOW, "debias": "centring", "merging": "softmax"}
    assert got(service, "/v1/search/options")["own"] == own_way["how"]


def test_what_is_too_large_is_not_tried(own: Path, start: Start) -> None:
    """Above the bound the problem says so, and what to do; the index itself still answers."""
    service = start(limits={"view_documents": 7})
    refused = asked(service, "/v1/search", {**CAT, "debias": "centring"})
    assert refused.status_code == 422
    assert refused.json()["type"].endswith(":too-large")
    assert "all 8 documents" in refused.json()["detail"]
    assert asked(service, "/v1/search", CAT).status_code == 200
    told = {m["name"]: m["hindered"] for m in got(service, "/v1/search/options")["debias"]}
    assert told.pop("none") is None
    assert all(told.values())
    small = start(limits={"view_bytes": 8 * 64 * 4 - 1})
    assert asked(small, "/v1/search", {**CAT, "debias": "centring"}).status_code == 422


def test_a_view_follows_the_index(own: Path, start: Start) -> None:
    """What another process adds is in the next answer through a method, too."""
    service = start()
    body = {"text": "Brand new words.", "lang": "en", "k": 1, "debias": "centring"}
    before = asked(service, "/v1/search", body).json()
    interlingua.add([Document("new", "Brand new words.", "en")], own)
    after = asked(service, "/v1/search", body).json()
    assert after["state"] > before["state"]
    assert after["hits"][0]["id"] == "new" != before["hits"][0]["id"]


def test_the_document_knows_every_method(shown: Service) -> None:
    """The names that a request may give are those there are; each says what it does."""
    assert get_args(DebiasName) == ("none", *METHODS)
    options = got(shown, "/v1/search/options")
    assert [m["name"] for m in options["debias"]] == ["none", *METHODS]
    assert [m["name"] for m in options["merging"]] == list(NAMES)
    assert all(m["does"] and m["hindered"] is None for m in options["debias"])


def test_a_method_that_cannot_be_fitted_says_why(tmp_path: Path) -> None:
    """One language, or no translations: told before it is tried, and refused when it is."""
    documents = [Document(str(i), f"text {i}", "en") for i in range(5)]
    interlingua.build(documents, tmp_path / "one", encoder=EncoderSpec("hashing"))
    documents += [Document("fi", "teksti", "fi")]
    interlingua.build(documents, tmp_path / "two", encoder=EncoderSpec("hashing"))
    for name, hindered in (("one", set(METHODS)), ("two", {"procrustes", "least-squares"})):
        service = Threaded.start(tmp_path / name, tmp_path / f"{name}.log")
        options = got(service, "/v1/search/options")["debias"]
        assert {m["name"] for m in options if m["hindered"] is not None} == hindered
        refused = asked(service, "/v1/search", {**CAT, "debias": "procrustes"})
        assert (refused.status_code, refused.json()["type"][-8:]) == (422, ":refused")
        service.stop()


def test_a_document_asks_by_its_id(client: httpx.Client, built: Path) -> None:
    """With its stored vector and its language, and without itself in the answer."""
    with IndexReader.open(built) as reader:
        vector = reader.vectors(["de1"])[0].tolist()
    by_id = client.post("/v1/search", json={"id": "de1", "k": 5}).json()
    by_vector = client.post("/v1/search", json={"vector": vector, "k": 6}).json()
    assert by_vector["hits"][0]["id"] == "de1"
    hits = [hit["id"] for hit in by_vector["hits"] if hit["id"] != "de1"]
    assert [hit["id"] for hit in by_id["hits"]] == hits[:5]
    assert by_id["query"]["lang"] == "de"
    assert by_id["query"]["text"] == "Eine Katze sprang vom Dach."
    assert client.post("/v1/search", json={"id": "nobody"}).status_code == 422


def test_the_map_is_the_plane_of_most_variance(corpus: Path, shown: Service) -> None:
    """Against a singular value decomposition, up to the sign of the axes."""
    found = got(shown, "/v1/map")
    points = found["points"]
    with IndexReader.open(corpus) as reader:
        vectors = reader.vectors([p["id"] for p in points]).astype(np.float64)
    centred = vectors - vectors.mean(axis=0)
    _, values, axes = np.linalg.svd(centred)
    flat = np.abs(centred @ axes[:2].T)
    drawn = np.array([[p["x"], p["y"]] for p in points])
    np.testing.assert_allclose(np.abs(drawn), flat, atol=1e-4)
    np.testing.assert_allclose(found["explained"], values[:2] ** 2 / (values**2).sum(), rtol=1e-5)
    assert found["documents"] == len(points) == 72


def test_a_part_of_the_map_holds_whole_groups(shown: Service) -> None:
    """Twenty of 72 documents are three meanings in six languages and two more documents."""
    found = got(shown, "/v1/map?limit=20")
    sizes = Counter(p["group"] for p in found["points"])
    assert len(found["points"]) == 20
    assert sorted(sizes.values(), reverse=True)[:3] == [6, 6, 6]
    assert got(shown, "/v1/map?limit=20") == found
    moved = got(shown, "/v1/map?limit=20&debias=centring")
    assert moved["debias"] == "centring"
    assert [p["id"] for p in moved["points"]] == [p["id"] for p in found["points"]]
    assert moved["points"] != found["points"]


def test_a_meaning_asks_in_every_language(shown: Service) -> None:
    """Each row is what a search with that document counts; chance is its share of the others."""
    found = asked(shown, "/v1/translations", {"group": "001", "k": 9}).json()
    assert sorted(row["lang"] for row in found["asked"]) == sorted(LANGUAGES)
    assert found["versions"] == 6
    for row in found["asked"]:
        body = {"text": row["text"], "id": row["id"], "lang": row["lang"], "k": 9}
        hits = asked(shown, "/v1/search", body).json()["hits"]
        assert row["observed"] == Counter(hit["lang"] for hit in hits)
        same = [hit["lang"] for hit in hits if hit["group"] == "001"]
        assert row["same_meaning"] == Counter(same)
        assert row["relevant"] == 5
        assert row["expected_same_meaning"] == pytest.approx(9 * 5 / 71)
        for lang in LANGUAGES:
            others = 12 - (lang == row["lang"])
            assert row["expected"][lang] == pytest.approx(9 * others / 71)


def test_a_group_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    """No group of that name: 404."""
    answer = client.post("/v1/translations", json={"group": "nothing"})
    assert (answer.status_code, answer.json()["type"][-9:]) == (404, ":no-group")


def test_vectors_made_elsewhere_ask_by_their_own(tmp_path: Path) -> None:
    """Without an encoder a document and a meaning still ask; a text cannot."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 8)).astype(np.float32)
    np.save(tmp_path / "v.npy", rows)
    records = [
        {"id": str(i), "text": f"text {i}", "lang": "en" if i % 2 else "fi", "group": str(i // 2)}
        for i in range(6)
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "c.jsonl").write_text(lines, encoding="utf-8")
    command = ["import", str(tmp_path / "v.npy"), str(tmp_path / "c.jsonl")]
    assert main([*command, "--index", str(tmp_path / "index"), "-q"]) == 0
    service = Threaded.start(tmp_path / "index", tmp_path / "log")
    assert got(service, "/v1/index")["vectors_only"] is True
    hits = asked(service, "/v1/search", {"id": "3", "k": 5}).json()["hits"]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    nearest = [str(i) for i in np.argsort(-(unit @ unit[3])) if i != 3]
    assert [hit["id"] for hit in hits] == nearest
    meaning = asked(service, "/v1/translations", {"group": "1", "k": 5}).json()
    assert [row["id"] for row in meaning["asked"]] == ["2", "3"]
    assert asked(service, "/v1/search", {"text": "text"}).status_code == 409
    service.stop()


def test_a_view_of_another_state_is_stale(own: Path) -> None:
    """What was fitted before a commit is never asked after it; it is made anew."""
    with IndexReader.open(own) as reader:
        with reader.snapshot() as state:
            view = fit_view(state, "centring")
            assert through(state, view).debiasing.method == "centring"
            assert through(state, None) is state
        interlingua.add([Document("new", "Brand new words.", "en")], own)
        with reader.snapshot() as state, pytest.raises(Stale):
            through(state, view)


def test_views_are_kept_within_bounds(own: Path) -> None:
    """Asked again, a view is the same one; the one asked longest ago gives way to a new one."""

    async def scenario() -> None:
        with IndexReader.open(own) as reader:
            views = Views(reader, Limits(view_bytes=2 * 8 * 64 * 4))
            async with views.running():
                keys = [views.look(name) for name in ("centring", "lir", "lsar")]
                assert views.look("none") is None
                assert all(keys)
                one, two, three = (key for key in keys if key is not None)
                twice = await asyncio.gather(views.get(one), views.get(one))
                assert twice[0] is twice[1]
                second = await views.get(two)
                assert await views.get(one) is twice[0]
                await views.get(three)
                assert await views.get(one) is twice[0]
                assert await views.get(two) is not second

    asyncio.run(scenario())
