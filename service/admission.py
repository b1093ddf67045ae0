"""What is let in to be worked on: bodies of bounded size that arrive in time, and not too many."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.limits import Limits
from service.problems import Problem, overloaded
from service.security import is_page

UNCOUNTED = frozenset({"/livez", "/readyz", "/metrics"})
"""Answered also when the service is full: that is when they are asked."""


class BodyLimit:
    """Reads the whole body before the work begins, within a size and a time.

    A client that sends slowly holds no place among the requests at work, and all bodies together,
    those at work included, hold no more memory than a limit.
    """

    def __init__(self, app: ASGIApp, limits: Limits, shed: Callable[[], None]) -> None:
        self._app = app
        self._limits = limits
        self._shed = shed
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request with its body at hand."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = _Body()
        try:
            try:
                await self._read(scope, receive, taken)
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
            if taken.complete:
                await self._app(scope, _replay(taken.joined(), receive), send)
        finally:
            self._held -= taken.size

    async def _read(self, scope: Scope, receive: Receive, taken: "_Body") -> None:
        """Read the body; it stays incomplete when the client has gone."""
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._limits.body_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._limits.receive_seconds):
                while not taken.complete:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    self._take(message, taken)
        except TimeoutError:
            raise Problem(
                408, "slow", "the body did not arrive in time", headers={"Connection": "close"}
            ) from None

    def _take(self, message: Message, taken: "_Body") -> None:
        part: bytes = message.get("body", b"")
        if taken.size + len(part) > self._limits.body_bytes:
            raise self._too_large()
        if self._held + len(part) > self._limits.buffered_bytes:
            self._shed()
            raise overloaded("too much is being received at once")
        taken.parts.append(part)
        taken.size += len(part)
        self._held += len(part)
        taken.complete = not message.get("more_body", False)

    def _too_large(self) -> Problem:
        # The connection stays open a while: closed with bytes unread it would be reset, and the
        # client would hear nothing of the reason.
        detail = f"the body is larger than {self._limits.body_bytes} bytes"
        return Problem(413, "body", detail, "send less at once")


@dataclass(slots=True)
class _Body:
    """What has come of a body."""

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    complete: bool = False

    def joined(self) -> bytes:
        """Hand over the whole."""
        parts, self.parts = self.parts, []
        return b"".join(parts)


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
        # A stream of events lives long and costs nothing; it has a limit of its own. The parts of
        # the page lie in memory; a page that opens can say that the service is full.
        free = path in UNCOUNTED or path.endswith("/events") or is_page(path)
        if scope["type"] != "http" or free:
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
