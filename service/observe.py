"""Around every request: its id, its line in the log, its metrics, the headers of its answer."""

import re
import time
import uuid

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import LOGGER
from service.metrics import Metrics
from service.problems import Problem
from service.security import HEADERS

REQUEST_ID = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NAME = REQUEST_ID.lower().encode()
_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Observe:
    """The outermost layer; a fault below it ends in a problem document and a traceback logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        id_ = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        start = time.perf_counter()
        status = [0]

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                _complete(message, id_)
            await send(message)

        fault: Exception | None = None
        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - logged below; the client gets a problem
            fault = error
            if not status[0]:
                await Problem(500, "fault", "something went wrong here").response()(
                    scope, receive, watched
                )
        fault = fault or state.get("error")
        self._note(scope, id_, status[0], time.perf_counter() - start, fault)

    def _note(
        self, scope: Scope, id_: str, status: int, seconds: float, fault: Exception | None
    ) -> None:
        """Count and log one request; the path is that of the route, so that no id is in it."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.request(method, route, status, seconds)
        fields = {
            "request_id": id_,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
        }
        level = "error" if fault or status == 500 else "info"
        getattr(LOGGER, level)("request", extra={"fields": fields}, exc_info=fault)


def _complete(message: Message, id_: str) -> None:
    """Add the headers that every answer has, unless it brings its own."""
    given = list(message.get("headers", ()))
    names = {name for name, _ in given}
    given += [header for header in _HEADERS if header[0] not in names]
    message["headers"] = [*given, (_NAME, id_.encode())]
