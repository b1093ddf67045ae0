"""One connection: what a client may keep waiting, and for how long."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.problems import Problem
from service.security import HEADERS


class Protocol(H11Protocol):
    """Closes connections beyond a number, and those that keep the service waiting.

    Headers must arrive in time, and answers must be taken in time: a client that reads nothing
    would hold its answer in memory, and its place among the requests at work, for ever.
    """

    def __init__(self, seconds: float, most: int, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self._seconds, self._most = seconds, most
        self._late: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection on when there is room."""
        super().connection_made(transport)
        # All that the kernel does not take at once is unread, not only what is beyond 64 KiB.
        transport.set_write_buffer_limits(high=0)
        if len(self.connections) > self._most:
            transport.close()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Take data; the headers of a request must be complete in time."""
        super().data_received(data)
        waiting = not self.headers or self.cycle.response_complete
        if not waiting or self.timeout_keep_alive_task is not None:
            self._unwatch()
        elif self._late is None:
            self._watch()

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read everything."""
        self._stop_waiting()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unwatch()
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem document, and close."""
        response = Problem(
            400, "no-http", msg, headers={**HEADERS, "Connection": "close"}
        ).response()
        event = h11.Response(status_code=400, headers=response.raw_headers, reason=b"Bad Request")
        for part in (event, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(part) or b"")
        self.transport.close()

    def _watch(self) -> None:
        self._late = self.loop.call_later(self._seconds, self.transport.close)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
