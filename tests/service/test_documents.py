"""Documents over HTTP: read, added, replaced, deleted; all of a request or nothing."""

import fcntl
import shutil
from pathlib import Path

import httpx
import pytest

import interlingua
from indexer.chunking import Chunking
from indexer.directory import LOCK
from tests.service.conftest import Start

NEW = {"id": "fr1", "text": "Un chat.", "lang": "fra", "group": "cat", "metadata": {"n": 1}}
FIELDS = {name: value for name, value in NEW.items() if name != "id"}


def test_document_is_read(client: httpx.Client) -> None:
    """A document comes as it was indexed, also under a name with a slash."""
    assert client.get("/v1/documents/de1").json()["text"] == "Eine Katze sprang vom Dach."
    assert client.get("/v1/documents/a%2Fb%20c").json()["id"] == "a/b c"
    assert client.get("/v1/documents/nobody").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", "/x"), ("DELETE", "/en1")])
def test_nothing_changes_unless_writable(client: httpx.Client, method: str, path: str) -> None:
    """Without --writable every change is a 403."""
    body = {"POST": {"documents": [NEW]}, "PUT": FIELDS}.get(method)
    answer = client.request(method, f"/v1/documents{path}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:interlingua:problem:read-only")


def test_life_of_a_document(start: Start, own: Path) -> None:
    """Added, found, refused twice, replaced, deleted; each change leads to the next state."""
    with start(writable=True).client() as client:
        first = client.get("/v1/index").json()["state"]
        added = client.post("/v1/documents", json={"documents": [NEW]})
        assert added.status_code == 201
        assert added.json() == {"added": 1, "replaced": 0, "deleted": 0, "state": first + 1}
        found = client.post("/v1/search", json={"text": "Un chat.", "k": 1}).json()
        assert (found["hits"][0]["id"], found["state"]) == ("fr1", first + 1)
        again = client.post("/v1/documents", json={"documents": [{**NEW, "id": "x"}, NEW]})
        assert (again.status_code, client.get("/v1/documents/x").status_code) == (409, 404)
        assert client.put("/v1/documents/fr1", json={"text": "Le chien."}).status_code == 200
        stored = client.get("/v1/documents/fr1").json()
        assert (stored["text"], stored["group"], stored["lang_source"]) == (
            "Le chien.",
            None,
            "detected",
        )
        assert client.put("/v1/documents/new", json=FIELDS).status_code == 201
        assert client.delete("/v1/documents/fr1").json()["deleted"] == 1
        assert client.delete("/v1/documents/fr1").status_code == 404
    assert interlingua.verify(own) == []


def test_an_unchanged_text_is_not_encoded_again(start: Start, own: Path) -> None:
    """New metadata is a change of the document, and none of its vector."""

    def encoded() -> float:
        lines = client.get("/metrics").text.splitlines()
        return float(
            next(x for x in lines if x.startswith("interlingua_encode_seconds_count"))[33:]
        )

    with start(writable=True).client() as client:
        client.put("/v1/documents/x", json=FIELDS)
        before = encoded()
        done = client.put("/v1/documents/x", json={**FIELDS, "metadata": {"n": 2}}).json()
        assert (done["replaced"], encoded()) == (1, before)
        assert client.get("/v1/documents/x").json()["metadata"] == {"n": 2}
        client.put("/v1/documents/x", json={**FIELDS, "text": "Le chien."})
        assert encoded() == before + 1
    assert interlingua.verify(own) == []


def test_another_writer_makes_changes_wait(start: Start, own: Path) -> None:
    """While another process writes, a change is a 503 with Retry-After, and searches go on."""
    with start(writable=True, limits={"lock_seconds": 0.2}).client() as client:
        client.put("/v1/documents/x", json=FIELDS)
        with (own / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            answer = client.put("/v1/documents/y", json=FIELDS)
            assert client.post("/v1/search", json={"text": "cat"}).status_code == 200
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert client.put("/v1/documents/y", json=FIELDS).status_code == 201


def test_writer_of_another_process_is_noticed(start: Start, own: Path) -> None:
    """What another process commits is served by the next request, under its number."""
    with start().client() as client:
        before = client.post("/v1/search", json={"text": "Un chat.", "k": 1}).json()
        interlingua.add([interlingua.Document("fr1", "Un chat.", "fr")], own)
        after = client.post("/v1/search", json={"text": "Un chat.", "k": 1}).json()
    assert after["hits"][0]["id"] == "fr1" != before["hits"][0]["id"]
    assert after["state"] == before["state"] + 1


def test_names_that_no_document_can_have_are_refused(start: Start) -> None:
    """A control character, or too long a name: a problem that the operation describes."""
    with start(writable=True).client() as client:
        for name in ("a%0Ab", "a%04b", "%00", "x" * 513):
            assert client.put(f"/v1/documents/{name}", json=FIELDS).status_code in {404, 422}
            assert client.get(f"/v1/documents/{name}").status_code in {404, 422}


def test_documents_are_cut_as_the_index_was(start: Start, own: Path) -> None:
    """Put and posted texts become chunks, a replaced one loses its own, a deleted one all."""
    shutil.rmtree(own)
    cut = Chunking.parse("sentences")
    corpus = [interlingua.Document("a", "One. Two. Three.", "en")]
    interlingua.build(corpus, own, encoder=interlingua.EncoderSpec("hashing"), chunking=cut)
    with start(writable=True).client() as client:
        more = {"id": "b", "text": "Eins. Zwei.", "lang": "de"}
        added = client.post("/v1/documents", json={"documents": [more]}).json()
        assert (added["added"], added["replaced"]) == (1, 0)
        assert client.post("/v1/documents", json={"documents": [more]}).status_code == 409
        put = client.put("/v1/documents/a", json={"text": "Four.", "lang": "en"})
        assert (put.status_code, put.json()["replaced"]) == (200, 1)
        whole = client.get("/v1/documents/b")
        assert (whole.status_code, whole.json()["type"]) == (404, "urn:interlingua:problem:cut")
        assert "2 of them" in whole.json()["detail"]
        assert "/v1/documents/b%230," in whole.json()["remedy"]
        assert client.get("/v1/documents/b%230").json()["text"] == "Eins."
        assert client.get("/v1/documents/c").json()["type"].endswith(":no-document")
        ask = {"text": "Zwei.", "k": 2, "by_document": True}
        hits = client.post("/v1/search", json=ask).json()["hits"]
        assert [(hit["id"], hit["document"]) for hit in hits] == [("b#1", "b"), ("a#0", "a")]
        assert client.delete("/v1/documents/b").json()["deleted"] == 1
    with interlingua.open(own) as index:
        assert index.info().languages == {"en": 1}
