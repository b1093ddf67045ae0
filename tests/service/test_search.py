"""Search over HTTP gives what the library gives, and says which state it comes from."""

from pathlib import Path

import httpx
import numpy as np
import pytest

import interlingua
from indexer.encoders.hashing import HashingEncoder
from interlingua import EncoderSpec
from search.explain import explain
from search.merging import Merging
from search.options import Mode
from search.render import answer_json
from service.limits import MAX_K
from tests.service.conftest import Start

TEXT = "A cat leapt off the roof."


def test_answer_is_the_librarys(client: httpx.Client, built: Path) -> None:
    """The same document as `search --json`, with the state's number beside it."""
    ask = {"text": TEXT, "k": 3, "lang": "en", "languages": ["en", "ger"], "language_report": True}
    answer = client.post("/v1/search", json={**ask, "where": {"topic": "animals"}}).json()
    with interlingua.open(built) as index:
        expected = index.search(
            TEXT, k=3, lang="en", languages=["en", "de"], where={"topic": "animals"}
        )
    state = answer.pop("state")
    assert answer.pop("explanation") == explain(expected.report, "en")
    assert answer.pop("how") == {
        "mode": "dense",
        "debias": "none",
        "merging": "none",
        "exact": True,
    }
    assert answer == answer_json(expected)
    assert state == client.get("/v1/index").json()["state"]


def test_conditions_are_the_librarys(client: httpx.Client, built: Path) -> None:
    """Operators in the place of a value; an unknown one is named."""
    where = {"topic": {"^=": "ani", "<=": "animals", "!=": "food"}}
    answer = client.post("/v1/search", json={"text": TEXT, "k": 9, "where": where}).json()
    with interlingua.open(built) as index:
        plain = index.search(TEXT, k=9, where={"topic": "animals"})
    assert [h["id"] for h in answer["hits"]] == [h.document.id for h in plain.hits]
    assert answer["hits"]
    none = {"text": TEXT, "where": {"topic": {">": 3}}}
    assert client.post("/v1/search", json=none).json()["hits"] == []
    for wrong in ({"~": "a"}, {}, {"<": None}, {"<": [1]}):
        refused = client.post("/v1/search", json={"text": TEXT, "where": {"topic": wrong}})
        assert refused.status_code == 422, wrong


def test_merging_is_the_librarys(client: httpx.Client, built: Path) -> None:
    """Languages are merged as asked for; options that do not go together are refused."""
    ask = {"text": TEXT, "k": 4, "lang": "en", "language_report": True}
    body = {**ask, "merging": {"name": "round-robin", "floor": 0.1}}
    answer = client.post("/v1/search", json=body).json()
    with interlingua.open(built) as index:
        plain = index.search(TEXT, k=4, lang="en")
        merged = index.search(TEXT, k=4, lang="en", merging=Merging("round-robin", floor=0.1))
    assert [h["id"] for h in answer["hits"]] == [h.document.id for h in merged.hits]
    assert [h.document.id for h in plain.hits] != [h.document.id for h in merged.hits]
    wrong = client.post("/v1/search", json={**ask, "merging": {"name": "none", "floor": 0.1}})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:interlingua:problem:usage")


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid"])
def test_mode_is_the_librarys(client: httpx.Client, built: Path, mode: Mode) -> None:
    """The same document as from the library in every mode, its language report included."""
    ask = {"text": TEXT, "k": 5, "lang": "en", "group": "cat", "mode": mode}
    answer = client.post("/v1/search", json={**ask, "language_report": True}).json()
    with interlingua.open(built) as index:
        expected = index.search(TEXT, k=5, lang="en", group="cat", mode=mode)
    document = answer_json(expected)
    assert {name: answer[name] for name in document} == document
    assert (answer["mode"], answer["how"]["mode"]) == (mode, mode)
    assert f"of {len(expected.hits)} neighbours" in answer["explanation"]


def test_words_need_a_text(client: httpx.Client) -> None:
    """A vector alone has no words; beside its text it is the dense half."""
    vector = HashingEncoder(EncoderSpec("hashing")).encode(["apples"], "query").vectors[0].tolist()
    for mode in ("lexical", "hybrid"):
        wrong = client.post("/v1/search", json={"vector": vector, "mode": mode})
        assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:interlingua:problem:usage")
        assert "beside its vector" in wrong.json()["remedy"]
    both = {"text": "Katze", "lang": "de", "vector": vector, "mode": "hybrid", "k": 4}
    found = [hit["id"] for hit in client.post("/v1/search", json=both).json()["hits"]]
    assert {"en3", "de1"} <= set(found[:2])
    merged = {"text": "Katze", "mode": "lexical", "merging": {"name": "csls"}}
    assert client.post("/v1/search", json=merged).status_code == 422


def test_report_comes_on_request(client: httpx.Client) -> None:
    """Without being asked for, the report is null."""
    assert client.post("/v1/search", json={"text": TEXT}).json()["language_report"] is None


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_vector_finds_what_its_text_finds(client: httpx.Client, scale: float) -> None:
    """A vector of any length finds the neighbours of the text it was made of."""
    vector = HashingEncoder(EncoderSpec("hashing")).encode([TEXT], "query").vectors[0]
    asked = {"vector": (vector.astype(np.float64) * scale).tolist(), "k": 4}
    by_vector = client.post("/v1/search", json=asked).json()
    by_text = client.post("/v1/search", json={"text": TEXT, "k": 4}).json()
    assert [h["id"] for h in by_vector["hits"]] == [h["id"] for h in by_text["hits"]]
    assert by_vector["query"]["text"] is None
    assert by_vector["query"]["lang"] == "und"


def test_many_are_answered_as_one_by_one(client: httpx.Client) -> None:
    """A batch of texts and vectors, mixed, gives the answers they get alone."""
    vector = HashingEncoder(EncoderSpec("hashing")).encode(["apples"], "query").vectors[0]
    queries = [
        {"text": "Katze", "lang": "de"},
        {"vector": vector.tolist(), "lang": "en", "group": "wash"},
        {"text": TEXT, "id": "en1"},
    ]
    choice = {"k": 2, "language_report": True}
    found = client.post("/v1/search/batch", json={"queries": queries, **choice}).json()
    alone = [client.post("/v1/search", json={**query, **choice}).json() for query in queries]
    assert found["answers"] == alone
    assert "en1" not in {hit["id"] for hit in found["answers"][2]["hits"]}


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({}, "invalid"),
        ({"text": " "}, "invalid"),
        ({"text": TEXT, "k": 0}, "invalid"),
        ({"text": TEXT, "k": MAX_K + 1}, "invalid"),
        ({"text": TEXT, "mode": "fuzzy"}, "invalid"),
        ({"text": TEXT, "index": "/etc"}, "invalid"),
        ({"text": TEXT, "lang": "klingon!"}, "refused"),
        ({"text": TEXT, "languages": ["??"]}, "refused"),
        ({"vector": [0.5, 0.5]}, "dimension"),
        ({"vector": [0] * 64}, "zero"),
        ({"text": "x" * 40_000}, "invalid"),
        ({"text": "a\0b"}, "invalid"),
    ],
)
def test_refusals_are_problems(client: httpx.Client, body: dict[str, object], slug: str) -> None:
    """What cannot be meant is a 422 with a problem document, and nothing sent back."""
    answer = client.post("/v1/search", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:interlingua:problem:{slug}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 1000


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"[" * 100_000, b'{"vector": [NaN]}', b'{"text": "\\ud800"}'],
)
def test_hostile_json_is_refused(client: httpx.Client, body: bytes) -> None:
    """Broken, too deep, not Unicode, not a number: never a fault of ours."""
    answer = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 413, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_hits_of_one_answer_are_limited(client: httpx.Client) -> None:
    """Many queries with a large k are refused before anything is searched."""
    body = {"queries": [{"text": "a"}] * 256, "k": 1000}
    answer = client.post("/v1/search/batch", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlingua:problem:too-many")


def test_languages_are_counted(client: httpx.Client) -> None:
    """Every language of the index with its documents, the largest first."""
    found = client.get("/v1/languages").json()
    counts = {row["lang"]: row["documents"] for row in found["languages"]}
    assert counts == {"en": 4, "de": 2, "he": 1, "und": 1}
    assert found["languages"][0] == {"lang": "en", "documents": 4, "share": 0.5}


def test_index_tells_how_languages_were_found(start: Start) -> None:
    """Scripts of the texts, and how many languages were detected, by what."""
    text = "Кошка спрыгнула с крыши и напугала голубей."
    with start(writable=True).client() as client:
        assert client.put("/v1/documents/new", json={"text": text}).status_code == 201
        found = client.get("/v1/index").json()
    assert found["language_sources"] == {"detected": 1, "given": 8}
    assert found["scripts"] == {"Latn": 7, "Cyrl": 1, "Hebr": 1}
    assert found["detector"] == "py3langid"
    assert (found["chunking"], found["wholes"]) == (None, None)


def test_a_whole_number_may_have_a_point(client: httpx.Client) -> None:
    """JSON knows one kind of number, so 2.0 is 2; 2.5 and "2" are not."""
    for k, status in ((2, 200), (2.0, 200), (2.5, 422), ("2", 422), (True, 422), (1e300, 422)):
        answer = client.post("/v1/search", json={"text": TEXT, "k": k})
        assert answer.status_code == status, k
        assert status != 200 or len(answer.json()["hits"]) == 2


def test_index_tells_no_path(client: httpx.Client, service: object) -> None:
    """The description of the index holds nothing of the server's disk."""
    answer = client.get("/v1/index")
    assert "/tmp" not in answer.text  # noqa: S108 - searched for, not written to
    assert (answer.json()["documents"], answer.json()["writable"]) == (8, False)
