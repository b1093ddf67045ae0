"""The OpenAPI document is complete, its examples are true, and the service keeps to it."""

from collections import Counter
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from urllib3.util import Retry

from tests.service.aiming import TAGS, There, aim, find_out
from tests.service.conftest import Start
from tests.service.serving import Service

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
LIMITS = {"audits_waiting": 1, "audit_seconds": 20}


@pytest.fixture
def document(client: httpx.Client) -> dict[str, Any]:
    """The document as it is served."""
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation."""
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_has_examples_and_problems(document: dict[str, Any]) -> None:
    """Requests and answers have examples that fit their schemas; errors are problem documents."""
    assert document["openapi"].startswith("3.1")
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) == 24
    for _, path, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for status, answer in operation["responses"].items():
            bodies.append(answer)
            if status >= "400":
                assert set(answer["content"]) == {"application/problem+json"}, path
        for parameter in operation.get("parameters", ()):
            assert "examples" in parameter["schema"] or "default" in parameter["schema"], parameter
        for body in bodies:
            for media in body["content"].values():
                _check_examples(document, media)


def _check_examples(document: dict[str, Any], media: dict[str, Any]) -> None:
    examples = [e["value"] for e in media.get("examples", {}).values()]
    examples += [media["example"]] if "example" in media else []
    assert examples, media
    schema = {**media.get("schema", {}), "components": document["components"]}
    for example in examples:
        validator_for(schema).validate(example)


def test_examples_of_requests_are_accepted(start: Start) -> None:
    """Every request that the document shows is answered with the success it promises."""
    with start(writable=True).client() as client:
        document = client.get("/openapi.json").json()
        for method, path, operation in operations(document):
            content = operation.get("requestBody", {}).get("content", {})
            for example in content.get("application/json", {}).get("examples", {}).values():
                body = example["value"]
                if "model" in body:
                    body["model"] = "hashing:64"
                answer = client.request(method, path.replace("{id}", "new"), json=body)
                assert str(answer.status_code) in operation["responses"]
                assert answer.status_code < 300, answer.text


def _fuzz(service: Service, examples: int, share: slice = slice(None)) -> dict[str, Counter[int]]:
    """Send generated requests to every operation and check every answer.

    Args:
        service: who is asked.
        examples: right ones an operation, and as many wrong ones where it can be asked wrongly.
        share: of the operations.

    Returns:
        By operation, the statuses that requests ended in: first of the right ones, ``… wrong`` of
        the others.
    """
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    schemathesis.openapi.format("bcp47", st.sampled_from(TAGS))
    ended: dict[str, Counter[int]] = {}
    wrong: list[Exception] = []
    with requests.Session() as session:
        # An idle connection may be closed by the service in the moment of its use. Nobody waits
        # as long as a 429 says: it is the answer to be looked at.
        retry = Retry(2, allowed_methods=None, respect_retry_after_header=False)
        session.mount("http://", HTTPAdapter(max_retries=retry))
        there = find_out(session, service.url)
        for found in list(schema.get_all_operations())[share]:
            operation = found.ok()  # type: ignore[union-attr]
            modes = [GenerationMode.POSITIVE]
            if operation.body or operation.path_parameters or operation.query:
                modes.append(GenerationMode.NEGATIVE)
            for mode in modes:
                right = mode is GenerationMode.POSITIVE
                sent = ended[operation.label + ("" if right else " wrong")] = Counter()
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                    _send(strategy, session, examples, sent, there if right else None)
                except Exception as error:  # noqa: BLE001 - the others are asked all the same
                    wrong.append(error)
    if wrong:
        raise ExceptionGroup(f"{len(wrong)} operations are not as described", wrong)
    assert not [r for r in service.records() if r["level"] == "error"]
    return ended


def _send(
    strategy: Any,
    session: requests.Session,
    examples: int,
    sent: Counter[int],
    there: There | None,
) -> None:
    """Send what a strategy makes, most of it aimed at what is there."""

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy, aimed=st.sampled_from([True, True, True, False]), data=st.data())
    def send(case: schemathesis.Case[Any], aimed: bool, data: st.DataObject) -> None:
        if there is not None and aimed:
            aim(case, there, data.draw)
        response = case.call(session=session, timeout=60)
        sent[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    send()


def _working(ended: dict[str, Counter[int]]) -> dict[str, float]:
    """Share of the right requests of each operation that were answered with a success."""
    right = {name: sent for name, sent in ended.items() if not name.endswith(" wrong")}
    return {
        name: sum(n for status, n in sent.items() if status < 300) / sent.total()
        for name, sent in right.items()
    }


def test_generated_requests_find_no_fault(start: Start) -> None:
    """No 5xx, and no answer that the document does not describe."""
    ended = _fuzz(start(writable=True, limits=LIMITS), 4)
    assert sum(sent.total() for sent in ended.values()) > 100
    shares = _working(ended)
    assert sum(shares.values()) / len(shares) > 0.6, shares


@pytest.mark.slow
@pytest.mark.parametrize("share", range(4))
def test_many_generated_requests_find_no_fault(start: Start, share: int) -> None:
    """The same over 20,000 requests, in four shares of the operations.

    Most that are as the document says reach the index: they are not refused for a tag that no
    language has, or a document that is not there. One audit waits at most, so few are started.
    """
    ended = _fuzz(start(writable=True, limits=LIMITS), 1000, slice(share, None, 4))
    assert sum(sent.total() for sent in ended.values()) >= 5_000
    shares = _working(ended)
    shares.pop("POST /v1/audits", None)
    assert min(shares.values()) > 0.5, shares
