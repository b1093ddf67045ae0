"""What is let in to be worked on: bodies of bounded size that arrive in time, and not too many."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.limits import Limits
from service.problems import Problem, overloaded

UNCOUNTED = frozenset({"/livez", "/readyz", "/metrics"})
"""Answered also when the service is full: that is when they are asked."""


class BodyLimit:
    """Reads the whole body before the work begins, within a size and a time.

    A client that sends slowly holds no place among the requests at work.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request with its body at hand."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(scope, receive)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Read the body; None when the client has gone."""
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._limits.body_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(self._limits.receive_seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    more = message.get("more_body", False)
                    if size > self._limits.body_bytes:
                        raise self._too_large()
        except TimeoutError:
            raise Problem(
                408, "slow", "the body did not arrive in time", headers={"Connection": "close"}
            ) from None
        return b"".join(parts)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "body",
            f"the body is larger than {self._limits.body_bytes} bytes",
            "send less at once",
            {"Connection": "close"},
        )


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand the body out once, then whatever comes from the client."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


class Admission:
    """Lets a bounded number of requests in and refuses the rest at once."""

    def __init__(
        self, app: ASGIApp, most: int, shed: Callable[[], None], change: Callable[[int], None]
    ) -> None:
        self._app, self._most, self._shed, self._change = app, most, shed, change
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request when there is room."""
        path = scope.get("path", "")
        # A stream of events lives long and costs nothing; it has a limit of its own.
        if scope["type"] != "http" or path in UNCOUNTED or path.endswith("/events"):
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            self._shed()
            await overloaded("too many requests at once").response()(scope, receive, send)
            return
        self._inside += 1
        self._change(self._inside)
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
            self._change(self._inside)
