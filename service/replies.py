"""Answers as bytes, and what the OpenAPI document says of them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import to_json

from service.problems import BASE, MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]


def as_json(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a JSON response; call it on a thread when the document may be large."""
    body = to_json(document, inf_nan_mode="null")
    return Response(body, status, dict(headers or {}), "application/json")


def describe(
    model: type[BaseModel], example: object, *problems: int, status: int = 200
) -> Responses:
    """Describe the answer of an operation, with an example, and the problems of its own."""
    answer: dict[str, Any] = {
        "model": model,
        "description": HTTPStatus(status).phrase,
        "content": {"application/json": {"example": example}},
    }
    found: Responses = {status: answer}
    found.update({number: problem(number) for number in problems})
    return found


_DETAILS = {
    400: ("no-json", "the body is no JSON"),
    401: ("token", "no valid token"),
    403: ("origin", "pages of that origin may not call"),
    404: ("not-found", "nothing of that id"),
    408: ("slow", "the body did not arrive in time"),
    409: ("duplicate", "duplicate id 'faq-17-en'"),
    413: ("body", "the body is larger than 4194304 bytes"),
    421: ("host", "this service does not answer to that Host"),
    422: ("invalid", "1 field is wrong"),
    429: ("audits", "too many audits wait"),
    500: ("fault", "something went wrong here"),
    503: ("overloaded", "too many requests at once"),
}


def problem(status: int) -> dict[str, Any]:
    """Describe a problem document."""
    slug, detail = _DETAILS[status]
    phrase = HTTPStatus(status).phrase
    found: dict[str, Any] = {
        "description": phrase,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/ProblemAnswer"},
                "example": {
                    "type": BASE + slug,
                    "title": phrase,
                    "status": status,
                    "detail": detail,
                },
            }
        },
    }
    if status in {429, 503}:
        seconds = {"schema": {"type": "integer"}, "description": "Seconds to wait."}
        found["headers"] = {"Retry-After": seconds}
    return found
