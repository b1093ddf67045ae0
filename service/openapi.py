"""The OpenAPI 3.1 document: what FastAPI finds, and what every operation has in common."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.answers import ProblemAnswer
from service.replies import problem
from service.security import OPEN_PATHS

_DESCRIPTION = """Search an index across languages, see how many neighbours share the query's
language rather than its meaning, and audit it. Every error is a problem document (RFC 9457). The
header `X-Request-ID` of a request is sent back, or made."""
_ALWAYS = (403, 421, 500, 503)
_WITH_BODY = (400, 408, 413, 422)


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Make the document, once."""
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            description=_DESCRIPTION,
            routes=app.routes,
        )
        components = found.setdefault("components", {})
        components.setdefault("schemas", {})["ProblemAnswer"] = ProblemAnswer.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, operations in found["paths"].items():
            for operation in operations.values():
                _complete(path, operation)
        app.openapi_schema = found
    return app.openapi_schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Add the problems that any operation may end in, and the token."""
    common = [*_ALWAYS, *(_WITH_BODY if "requestBody" in operation else ())]
    if path not in OPEN_PATHS:
        common.append(401)
        operation["security"] = [{}, {"token": []}]
    responses = operation["responses"]
    for status in common:
        if "application/problem+json" not in responses.get(str(status), {}).get("content", {}):
            responses[str(status)] = problem(status)
    operation["responses"] = dict(sorted(responses.items()))
    for answer in responses.values():
        answer.setdefault("headers", {})["X-Request-ID"] = {"schema": {"type": "string"}}
