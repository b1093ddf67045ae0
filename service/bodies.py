"""Request bodies: parsed and checked in one step, and never so that others are kept waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from service.problems import Problem
from service.shape import LARGEST, count_shape

LARGE = 1 << 16
"""Bytes from which a body is looked at on a thread."""

Handle = Callable[[Request], Awaitable[Response]]


class BodyRoute(APIRoute):
    """A route whose JSON body is one model.

    FastAPI parses a body on the event loop and then walks through what it found; pydantic does
    both in one step, on a thread where that can take long.
    """

    def get_route_handler(self) -> Handle:  # type: ignore[override]
        """Make the handler of the route."""
        usual: Handle = super().get_route_handler()
        if self.body_field is None:
            return usual
        annotation = self.body_field.field_info.annotation
        assert annotation is not None
        model: TypeAdapter[Any] = TypeAdapter(annotation)
        endpoint, name = self.endpoint, self.body_field.name
        alone = _is_alone(self.dependant)

        async def handle(request: Request) -> Response:
            body = await request.body()
            if not body or not _is_json(request.headers.get("content-type", "")):
                return await usual(request)
            if len(body) < LARGE:
                found = _checked(model, body)
            else:
                found = await asyncio.to_thread(_checked, model, body)
            if not alone:
                return await usual(_Checked(request, found))
            answer: Response = await endpoint(**{name: found})
            return answer

        return handle


def _is_alone(needed: Dependant) -> bool:
    """Whether an operation takes a body and nothing else, so that FastAPI has nothing to do."""
    others = (needed.path_params, needed.query_params, needed.header_params, needed.cookie_params)
    return not any((*others, needed.dependencies, needed.request_param_name))


class _Checked(Request):
    """A request whose body has been understood."""

    def __init__(self, request: Request, found: object) -> None:
        super().__init__(request.scope, request.receive)
        self._found = found

    async def body(self) -> bytes:
        """Say that there is one."""
        return b"{}"

    async def json(self) -> object:
        """Return the model."""
        return self._found


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _checked(model: TypeAdapter[Any], body: bytes) -> object:
    """Parse and check.

    Raises:
        Problem: a large body of a shape that no request has.
        RequestValidationError: no JSON, or not what the operation takes.
    """
    if len(body) >= LARGE:
        shape = count_shape(body)
        if any(count > most for count, most in zip(shape, LARGEST, strict=True)):
            counted = ", ".join(f"{n} {name}" for name, n in shape._asdict().items())
            raise Problem(413, "structure", f"the body holds {counted}", "send less at once")
    try:
        found: object = model.validate_json(body)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in wrong]
        ) from None
    return found
