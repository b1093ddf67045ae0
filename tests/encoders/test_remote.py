"""Encoders over HTTP: what is asked, what is made of the answer, and what is refused."""

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.encoders import EncoderSpec, open_encoder
from indexer.encoders.address import Address, is_remote, read_address
from indexer.encoders.hashing import HashingEncoder
from indexer.encoders.protocol import RemoteOptions
from indexer.encoders.remote import CHARACTERS, PROBES, RemoteEncoder, batches
from indexer.errors import EncoderError, UsageError
from tests.encoders.small_server import (
    DIM,
    MODEL,
    Act,
    Handler,
    Small,
    changed,
    cut,
    embeddings,
    endless,
    numbers_only,
    row,
    status,
    well,
)

TEXTS = ["A cat leapt.", "חתול קפץ.", "一只猫。", "x"]


@pytest.fixture
def small() -> Iterator[Small]:
    """A server of the test's own."""
    with Small().running() as running:
        yield running


def opened(small: Small, kind: str = "openai", **options: object) -> RemoteEncoder:
    """Open the server's encoder, and forget the call that this took."""
    name = f"openai:{MODEL}@{small.url}/v1" if kind == "openai" else f"tei@{small.url}"
    encoder = open_encoder(EncoderSpec(name, remote=RemoteOptions(**options)))  # type: ignore[arg-type]
    assert isinstance(encoder, RemoteEncoder)
    small.calls.clear()
    return encoder


def local() -> HashingEncoder:
    """The encoder that the server has."""
    return HashingEncoder(EncoderSpec(f"hashing:{DIM}"))


@pytest.mark.parametrize("at_once", [1, 4])
@pytest.mark.parametrize("kind", ["openai", "tei"])
def test_the_vectors_are_those_of_the_server(small: Small, kind: str, at_once: int) -> None:
    """Bit by bit where they were of unit length, in the order of the texts, over several calls."""
    encoder = opened(small, kind, texts_per_request=3, requests_at_once=at_once)
    texts = [f"{text} {i}" for i in range(5) for text in TEXTS]
    made = encoder.encode(texts, "passage")
    np.testing.assert_array_equal(made.vectors, local().encode(texts, "passage").vectors)
    assert (encoder.name, encoder.dim) == (MODEL, DIM)
    sizes = [len(c.body.get("input") or c.body["inputs"]) for c in small.calls]
    assert sorted(sizes) == [2] + [3] * 6
    assert sorted(small.texts) == sorted(texts)
    assert small.texts == texts or at_once > 1
    assert {c.path for c in small.calls} == {"/v1/embeddings" if kind == "openai" else "/embed"}
    assert made.tokens.tolist() == [-1] * 20
    assert made.tokens_dropped.tolist() == [-1] * 20
    assert encoder.encode([], "query").vectors.shape == (0, DIM)


def test_tokens_to_cut_by_are_those_of_the_default_encoder(small: Small) -> None:
    """Few servers say what theirs are; what the prompt leaves is known where the limit is."""
    counts = [6, 5, 4, 1]  # without <s> and </s>
    encoder = opened(small)
    assert encoder.count_tokens(TEXTS).tolist() == counts
    assert encoder.room("passage") > 1_000_000
    small.info["max_input_length"] = 512
    prompted = opened(small, "tei", passage_prompt="passage: ")
    assert prompted.count_tokens(TEXTS).tolist() == counts
    assert prompted.room("query") == 510  # <s> and </s>
    assert prompted.room("passage") == 508  # nor the two of "passage: "


def test_tokens_are_known_where_they_are_told_for_one_text(small: Small) -> None:
    """OpenAI's usage is that of all texts of a call."""
    assert opened(small).encode(["one"], "query").tokens.tolist() == [7]


def test_a_server_that_knows_numbers_only(small: Small) -> None:
    """It is asked once for base64, and then no more."""
    small.always = numbers_only
    encoder = opened(small)
    made = encoder.encode(TEXTS, "passage").vectors
    np.testing.assert_array_equal(made, local().encode(TEXTS, "passage").vectors)
    assert "encoding_format" not in small.calls[0].body


def test_embeddings_are_placed_by_their_index(small: Small) -> None:
    """A server may answer in another order than was asked."""
    encoder = opened(small)
    small.acts = [changed(lambda a: a | {"data": embeddings(a)[2:] + embeddings(a)[:2]})]
    made = encoder.encode(TEXTS, "passage").vectors
    np.testing.assert_array_equal(made, local().encode(TEXTS, "passage").vectors)


def test_numbers_of_any_length_become_unit_rows(small: Small) -> None:
    """Whole numbers, too."""
    encoder = opened(small)
    small.acts = [changed(lambda a: a | {"data": [{"embedding": [3, 4.0] + [0] * 14}]})]
    made = encoder.encode(["x"], "passage").vectors
    np.testing.assert_allclose(made, [[0.6, 0.8] + [0] * 14], rtol=1e-7)


def test_prompts_and_roles(small: Small) -> None:
    """Each role has its prompt and its type; dimensions are asked for when they are given."""
    encoder = opened(
        small,
        query_prompt="query: ",
        passage_prompt="passage: ",
        input_types="search_query,search_document",
        dimensions=DIM,
    )
    encoder.encode(["a"], "query")
    encoder.encode(["b"], "passage")
    assert small.texts == ["query: a", "passage: b"]
    assert [c.body["input_type"] for c in small.calls] == ["search_query", "search_document"]
    assert [c.body["dimensions"] for c in small.calls] == [DIM, DIM]
    opened(small, input_types="task=retrieval.query,retrieval.passage").encode(["a"], "query")
    assert small.calls[-1].body["task"] == "retrieval.query"
    opened(small, "tei", input_types="query,passage").encode(["b"], "passage")
    assert small.calls[-1].body["prompt_name"] == "passage"
    assert small.calls[-1].body["truncate"] is True


def test_what_tells_two_encoders_apart(small: Small) -> None:
    """Model, dimension, prompts and types; not where the server is, nor how often it is asked."""
    plain = opened(small)
    assert plain.fingerprint == opened(small, requests_per_minute=6000).fingerprint
    with Small().running() as other:
        assert plain.fingerprint == opened(other).fingerprint
    different = [
        opened(small, query_prompt="q: "),
        opened(small, passage_prompt="q: "),
        opened(small, input_types="query,document"),
        opened(small, "tei"),
    ]
    small.model = "hashing-17"
    different.append(opened(small))
    assert len({plain.fingerprint, *(e.fingerprint for e in different)}) == 6
    assert different[-1].name == "hashing-17"
    np.testing.assert_array_equal(plain.probe(), local().encode(PROBES, "passage").vectors)


ZERO = {"embedding": row(*[0] * DIM)}
WRONG: dict[str, tuple[Act, str]] = {
    "fewer": (changed(lambda a: a | {"data": embeddings(a)[:-1]}), "3 vectors for 4 texts"),
    "more": (changed(lambda a: a | {"data": embeddings(a) * 2}), "8 vectors for 4 texts"),
    "index of no text": (
        changed(lambda a: a | {"data": [e | {"index": 1 + e["index"]} for e in embeddings(a)]}),
        "embedding 3 .* index 4",
    ),
    "no index": (
        changed(lambda a: a | {"data": [e | {"index": "0"} for e in embeddings(a)]}),
        "embedding 0 .* index '0'",
    ),
    "index twice": (
        changed(lambda a: a | {"data": [e | {"index": 0} for e in embeddings(a)]}),
        "embedding 1 .* index 0",
    ),
    "nan": (
        changed(lambda a: a | {"data": [{"embedding": row(*[np.nan] * DIM)}] * 4}),
        r"the vector of 'A cat leapt\.', holds NaN",
    ),
    "nan as a number": (
        changed(lambda a: a | {"data": [{"embedding": [float("nan")] * DIM}] * 4}),
        "holds NaN or infinity",
    ),
    "infinity": (
        changed(lambda a: a | {"data": [{"embedding": [float("inf")] * DIM}] * 4}),
        "holds NaN or infinity",
    ),
    "zero": (
        changed(
            lambda a: (
                a
                | {"data": [*embeddings(a)[:2], {"embedding": row(*[0] * DIM)}, *embeddings(a)[3:]]}
            )
        ),
        "the vector of '一只猫。', is zero",
    ),
    "dimension": (
        changed(lambda a: a | {"data": [{"embedding": row(1, 2, 3)}] * 4}),
        "3 numbers, where 16 are right, for the text that begins 'A cat leapt",
    ),
    "words": (changed(lambda a: a | {"data": [{"embedding": ["x"] * DIM}] * 4}), "no list of num"),
    "booleans": (changed(lambda a: a | {"data": [{"embedding": [True] * 16}] * 4}), "no list of n"),
    "huge": (changed(lambda a: a | {"data": [{"embedding": [10**400] * DIM}] * 4}), "no list of n"),
    "nothing": (changed(lambda a: a | {"data": [{}] * 4}), "embedding 0 is no list of numbers"),
    "no base64": (changed(lambda a: a | {"data": [{"embedding": "%%%%"}] * 4}), "no base64"),
    "half a number": (changed(lambda a: a | {"data": [{"embedding": "AAA="}] * 4}), "no base64"),
    "no data": (changed(lambda _a: {"object": "list"}), "no list 'data'"),
    "a list": (changed(lambda _a: [1]), "no list 'data'"),
    "no JSON": (changed(lambda _a: b"<html>Welcome</html>"), "no JSON.*<html>Welcome"),
    "deep": (changed(lambda _a: b"[" * 100_000), "no JSON"),
    "half of it": (cut, "not the whole of it"),
    "too large": (endless, "larger than"),
    "redirect": (status(307, {}, Location="http://203.0.113.7/v1"), "redirects to http://203.0"),
    "refused": (status(404), "refuses with 404: as asked"),
    "no key": (status(401), "refuses with 401: as asked"),
    "created": (status(201), "refuses with 201"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_answer_is_refused(small: Small, case: str) -> None:
    """One line with the server and a remedy; the next right answer is taken."""
    act, said = WRONG[case]
    encoder = opened(small)
    small.acts = [act]
    with pytest.raises(EncoderError, match=said) as caught:
        encoder.encode(TEXTS, "passage")
    assert caught.value.message.startswith(f"{small.url}/v1: ")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_code == 1
    assert len(small.calls) == 1
    assert len(encoder.encode(TEXTS, "passage").vectors) == 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"x": 1}, "no list of vectors"),
        ([[1.0] * DIM] * 3, "3 vectors for 4 texts"),
        ([[1.0] * DIM] * 3 + [["x"] * DIM], "embedding 3 is no list of numbers"),
        ([[1.0] * DIM] * 3 + [[1.0]], "1 numbers, where 16 are right"),
        ([[0.0] * DIM] * 4, "is zero"),
    ],
)
def test_a_wrong_answer_of_tei_is_refused(small: Small, answer: object, said: str) -> None:
    """The same checks."""
    encoder = opened(small, "tei")
    small.acts = [changed(lambda _a: answer)]
    with pytest.raises(EncoderError, match=said):
        encoder.encode(TEXTS, "passage")


def test_a_tei_that_does_not_say_what_it_has(small: Small) -> None:
    """Is this TEI at all?"""
    small.info = {"version": 1}
    with pytest.raises(EncoderError, match="names no model_id"):
        open_encoder(EncoderSpec(f"tei@{small.url}"))


def test_a_text_that_is_refused_is_named(small: Small) -> None:
    """Whatever else was in the call; a call that is too large is halved until it passes."""
    encoder = opened(small)
    long = "z" * 50
    for code in (400, 413, 422):
        small.always = _refusing(lambda texts: long in texts, code)
        with pytest.raises(EncoderError, match=f"{code}.*the text that begins 'zzz") as caught:
            encoder.encode(["a", "b", "c", long, "d", "e"], "passage")
        assert "shorten" in str(caught.value.remedy)
    small.always = _refusing(lambda texts: len(texts) > 2, 413)
    small.calls.clear()
    texts = [f"t{i}" for i in range(9)]
    made = encoder.encode(texts, "passage").vectors
    np.testing.assert_array_equal(made, local().encode(texts, "passage").vectors)


def _refusing(when: Callable[[list[str]], bool], code: int) -> Act:
    """Refuse some calls."""

    def act(small: Small, handler: Handler, body: dict[str, Any]) -> None:
        answer = status(code) if when(body["input"]) else well
        answer(small, handler, body)

    return act


@given(st.lists(st.text(max_size=30).map(lambda t: t * 4000), max_size=12), st.integers(1, 5))
def test_calls_are_cut_by_number_and_by_length(texts: list[str], most: int) -> None:
    """Every text once and in order; no call but of one long text is beyond either limit."""
    parts = [texts[part] for part in batches(texts, most)]
    assert [text for part in parts for text in part] == texts
    for part in parts:
        assert 1 <= len(part) <= most
        assert len(part) == 1 or sum(map(len, part)) <= CHARACTERS
    # Nothing is cut without need.
    for left, right in itertools.pairwise(parts):
        assert len(left) == most or sum(map(len, left)) + len(right[0]) > CHARACTERS


@pytest.mark.parametrize(
    ("name", "address", "variable"),
    [
        ("openai:m", Address("openai", "m", "https://api.openai.com/v1"), "OPENAI_API_KEY"),
        (
            "openai:BAAI/bge-m3:latest@http://localhost:8080/v1/",
            Address("openai", "BAAI/bge-m3:latest", "http://localhost:8080/v1"),
            "INTERLINGUA_KEY_LOCALHOST",
        ),
        (
            "tei@https://tei.example.org",
            Address("tei", "", "https://tei.example.org"),
            "INTERLINGUA_KEY_TEI_EXAMPLE_ORG",
        ),
        (
            "openai:a@b@https://api-x.voyageai.com/v1",
            Address("openai", "a@b", "https://api-x.voyageai.com/v1"),
            "INTERLINGUA_KEY_API_X_VOYAGEAI_COM",
        ),
        # Not the one host that OpenAI's own key belongs to.
        (
            "openai:m@http://api.openai.com/v1",
            Address("openai", "m", "http://api.openai.com/v1"),
            "INTERLINGUA_KEY_API_OPENAI_COM",
        ),
        (
            "openai:m@https://api.openai.com.evil.example/v1",
            Address("openai", "m", "https://api.openai.com.evil.example/v1"),
            "INTERLINGUA_KEY_API_OPENAI_COM_EVIL_EXAMPLE",
        ),
    ],
)
def test_names(name: str, address: Address, variable: str) -> None:
    """Kind, model, URL, and the variable of the key."""
    assert is_remote(name)
    assert read_address(name) == address
    assert address.variable == variable


@pytest.mark.parametrize(
    "name",
    [
        "openai:",
        "openai",
        "openai@http://h/v1",
        "tei",
        "tei:model@http://h",
        "openai:m@http://user:SECRET@h/v1",
        "openai:m@http://h/v1?key=SECRET",
        "openai:m@http://h/v1#SECRET",
        "tei@http://",
        "tei@http://h:99999",
        "tei@http://h:x",
        "tei@httpx://h",
        "tei@http://h/SECRET x",
    ],
)
def test_names_that_cannot_be_meant(name: str) -> None:
    """Refused before anything is sent, and without showing what may be a secret."""
    with pytest.raises(UsageError) as caught:
        open_encoder(EncoderSpec(name))
    assert "SECRET" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["hashing", "openai/clip", "teithree", "org/tei", "openaix:m"])
def test_other_names_are_other_encoders(name: str) -> None:
    """Nothing is asked for them."""
    assert not is_remote(name)


@pytest.mark.parametrize(
    "spec",
    [
        EncoderSpec("openai:m@http://127.0.0.1:9", pooling="mean"),
        EncoderSpec("tei@http://127.0.0.1:9", revision="main"),
        EncoderSpec("tei@http://127.0.0.1:9", layer=3),
        EncoderSpec("hashing", remote=RemoteOptions()),
        EncoderSpec("multilingual-e5-small", remote=RemoteOptions(dimensions=3)),
        EncoderSpec("tei@http://127.0.0.1:9", remote=RemoteOptions(dimensions=0)),
        EncoderSpec("tei@http://127.0.0.1:9", remote=RemoteOptions(requests_per_minute=0)),
        EncoderSpec("tei@http://127.0.0.1:9", remote=RemoteOptions(texts_per_request=0)),
        EncoderSpec("tei@http://127.0.0.1:9", remote=RemoteOptions(requests_at_once=0)),
        *(
            EncoderSpec("tei@http://127.0.0.1:9", remote=RemoteOptions(input_types=types))
            for types in ("query", "a,", ",b", "a,b,c", "in put=a,b", "=a,b")
        ),
    ],
)
def test_options_that_cannot_be_meant(spec: EncoderSpec) -> None:
    """Refused at once."""
    with pytest.raises(UsageError) as caught:
        open_encoder(spec)
    assert caught.value.remedy


def test_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that installs it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(UsageError, match="httpx2") as caught:
        open_encoder(EncoderSpec("tei@http://127.0.0.1:9"))
    assert caught.value.remedy == "pip install 'interlingua[http]'"


def test_a_spec_survives_json() -> None:
    """And one of a version that knew no servers is read."""
    spec = EncoderSpec("tei@http://h", remote=RemoteOptions(query_prompt="q: "))
    assert EncoderSpec.from_json(json.loads(json.dumps(asdict(spec)))) == spec
    old = {"name": "hashing", "revision": None, "pooling": None, "layer": None}
    assert EncoderSpec.from_json(old) == EncoderSpec("hashing")


def test_a_server_that_moved_is_asked_as_before() -> None:
    """How it is asked belongs to the vectors, where it is does not."""
    spec = EncoderSpec("tei@http://a", remote=RemoteOptions(query_prompt="q: "))
    assert spec.moved(None) == spec
    assert spec.moved(EncoderSpec("tei@http://b")) == EncoderSpec(
        "tei@http://b", remote=spec.remote
    )
    own = RemoteOptions(query_prompt="x")
    assert spec.moved(EncoderSpec("tei@http://b", remote=own)).remote == own
    assert spec.moved(EncoderSpec("hashing")) == EncoderSpec("hashing")
