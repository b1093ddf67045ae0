"""Embeddings as OpenAI's own client asks for them."""

import httpx
import numpy as np
import openai
import pytest

from indexer.encoders.hashing import HashingEncoder
from interlingua import EncoderSpec
from tests.service.conftest import Start
from tests.service.serving import TOKEN, Service

TEXTS = ["A cat leapt off the roof.", "חתול קפץ מהגג."]


@pytest.mark.parametrize("form", ["float", "base64", None])
def test_official_client_gets_the_vectors(service: Service, form: str | None) -> None:
    """Numbers and base64 (which the client asks for by itself) are the encoder's vectors."""
    options = {} if form is None else {"encoding_format": form}
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        found = client.embeddings.create(
            input=TEXTS,
            model="hashing:64",
            extra_body={"input_type": "document"},
            **options,  # type: ignore[arg-type]
        )
    expected = HashingEncoder(EncoderSpec("hashing")).encode(TEXTS, "passage")
    rows = [item.embedding for item in found.data]
    if form == "base64":  # asked for by name, the client leaves it as it is
        import base64

        rows = [np.frombuffer(base64.b64decode(str(row)), "<f4").tolist() for row in rows]
    np.testing.assert_array_equal(np.array(rows, np.float32), expected.vectors)
    assert found.usage.prompt_tokens == int(expected.tokens.sum())
    assert [item.index for item in found.data] == [0, 1]


def test_official_client_understands_refusals(service: Service) -> None:
    """Another model is not found; a length that is not there is refused."""
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError) as missing:
            client.embeddings.create(input="x", model="/etc/passwd")
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            client.embeddings.create(input="x", model="hashing:64", dimensions=32)
        with pytest.raises(openai.UnprocessableEntityError) as invalid:
            client.embeddings.create(input=[], model="hashing:64")
    assert str(missing.value) == "Error code: 404 - no such model (name hashing:64)"
    assert (missing.value.code, missing.value.type) == (
        "no-model",
        "urn:interlingua:problem:no-model",
    )
    assert str(refused.value) == "Error code: 422 - vectors have 64 numbers (leave it out)"
    assert str(invalid.value).startswith("Error code: 422 - 2 fields are wrong; #/input")
    assert missing.value.response.json()["detail"] == "no such model"
    assert refused.value.response.json()["detail"] == "vectors have 64 numbers"


def test_official_client_hears_of_what_never_came_to_the_encoder(start: Start) -> None:
    """A token that is not right, and a body that is too large, refused by other layers."""
    url = start(token=TOKEN, limits={"body_bytes": 1000}).url
    with (
        pytest.raises(openai.AuthenticationError, match="401 - no valid token"),
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        client.embeddings.create(input="x", model="hashing:64")
    with (
        pytest.raises(openai.APIStatusError, match="413 - the body is larger than 1000 bytes"),
        openai.OpenAI(base_url=f"{url}/v1", api_key=TOKEN, max_retries=0) as client,
    ):
        client.embeddings.create(input="x" * 1000, model="hashing:64")


def test_other_operations_have_plain_problem_documents(client: httpx.Client) -> None:
    """What is made for clients of OpenAI is told to nobody else."""
    body = {"input": "x", "model": "none"}
    plain = {"type", "title", "status", "detail", "remedy"}
    assert client.post("/v1/embeddings", json=body).json().keys() == plain | {"error"}
    assert "error" not in client.post("/v1/search", json={"id": "none"}).json()


def test_one_text_is_a_list_of_one(client: httpx.Client) -> None:
    """A single text needs no list; tokens instead of texts are refused."""
    answer = client.post("/v1/embeddings", json={"input": "x", "model": "hashing:64"})
    assert len(answer.json()["data"]) == 1
    for wrong in ([], [1, 2, 3], [[1]], [""], None):
        body = {"input": wrong, "model": "hashing:64"}
        assert client.post("/v1/embeddings", json=body).status_code == 422
