"""Every error as a problem document (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from indexer.errors import (
    CorruptError,
    DuplicateError,
    EncoderError,
    IncompatibleError,
    InputError,
    InterlinguaError,
    LockedError,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"
BASE = "urn:interlingua:problem:"
"""Before the slug in ``type``; a name, not an address."""
EMBEDDINGS = "/v1/embeddings"
"""The one operation that is called by clients made for OpenAI."""
_SHOWN_ERRORS = 20
_STATUS: Sequence[tuple[type[InterlinguaError], int, str]] = (
    (DuplicateError, 409, "duplicate"),
    (InputError, 422, "refused"),
    (UsageError, 422, "usage"),
    (LockedError, 503, "locked"),
    (IncompatibleError, 409, "incompatible"),
    (CorruptError, 500, "corrupt"),
    (EncoderError, 502, "encoder"),
)


class Problem(Exception):  # noqa: N818 - what RFC 9457 calls it
    """An answer that is an error.

    Args:
        status: HTTP status.
        slug: last part of ``type``; programs tell problems apart by it.
        detail: what is wrong with this very request.
        remedy: what to do about it.
        headers: more headers, such as Retry-After.
        errors: one entry a wrong field, with a JSON pointer.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        remedy: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.slug, self.detail, self.remedy = status, slug, detail, remedy
        self.headers, self.errors = dict(headers or {}), errors

    def document(self) -> dict[str, object]:
        """Make the problem document."""
        found: dict[str, object] = {
            "type": BASE + self.slug,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.remedy is not None:
            found["remedy"] = self.remedy
        if self.errors is not None:
            found["errors"] = list(self.errors)
        return found

    def error(self) -> dict[str, object]:
        """Say the same in the words that clients of OpenAI look for."""
        fields = [f"{e['pointer']}: {e['detail']}" for e in self.errors or ()]
        said = "; ".join([self.detail, *fields])
        message = said if self.remedy is None or fields else f"{said} ({self.remedy})"
        return {"message": message, "type": BASE + self.slug, "param": None, "code": self.slug}

    def response(self) -> Response:
        """Make the response."""
        return _Answer(self)


class _Answer(Response):
    """A problem document; whatever refuses a call of OpenAI's kind, its clients find the reason."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        body = _written(problem.document())
        super().__init__(body, problem.status, problem.headers, MEDIA_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        if scope["path"] != EMBEDDINGS:
            await super().__call__(scope, receive, send)
            return
        found = self._problem
        body = _written({**found.document(), "error": found.error()})
        await Response(body, found.status, found.headers, MEDIA_TYPE)(scope, receive, send)


def overloaded(detail: str, seconds: int = 1) -> Problem:
    """Make the problem that tells a client to come back later."""
    headers = {"Retry-After": str(seconds)}
    return Problem(503, "overloaded", detail, "try again later", headers)


def problem_of(error: InterlinguaError) -> Problem:
    """Translate an error of the layers below; no path of the server is told for a fault of it."""
    status, slug = 500, "failed"
    for kind, number, name in _STATUS:
        if isinstance(error, kind):
            status, slug = number, name
            break
    if status == 503:
        return Problem(
            503, slug, "another process writes to the index", "try again", {"Retry-After": "2"}
        )
    if status == 500:
        return Problem(500, slug, "the index cannot answer; the log says why")
    return Problem(status, slug, error.message, error.remedy)


def add_handlers(app: FastAPI) -> None:
    """Answer every exception with a problem document."""

    async def problem(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, InterlinguaError)
        found = problem_of(error)
        if found.status == 500:  # another writer is no fault of ours
            request.scope.setdefault("state", {})["error"] = error
        return found.response()

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        slug = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        return Problem(error.status_code, slug, str(error.detail), headers=error.headers).response()

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _invalid(error).response()

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(InterlinguaError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def _invalid(error: RequestValidationError) -> Problem:
    """Say which fields are wrong, without sending their values back."""
    found = error.errors()
    if any(e["type"] == "json_invalid" for e in found):
        return Problem(400, "no-json", "the body is no JSON", "send one JSON document in UTF-8")
    errors = [
        {"pointer": _pointer(e["loc"]), "detail": str(e["msg"])[:300]}
        for e in found[:_SHOWN_ERRORS]
    ]
    fields = "1 field is" if len(found) == 1 else f"{len(found)} fields are"
    return Problem(
        422, "invalid", f"{fields} wrong", "see errors, and /openapi.json", errors=errors
    )


def _written(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode()


def _pointer(location: Sequence[object]) -> str:
    """Write where the fault is: ``#/queries/3/text`` in a body, ``path/id`` elsewhere."""
    parts = [str(part)[:80].encode("utf-8", "replace").decode() for part in location]
    if parts[:1] == ["body"]:
        escaped = (part.replace("~", "~0").replace("/", "~1") for part in parts[1:])
        return "#" + "".join(f"/{part}" for part in escaped)
    return "/".join(parts)
