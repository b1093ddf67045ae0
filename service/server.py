"""The process: a socket, the application, and an end that loses nothing in flight."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from indexer.errors import UsageError
from service.app import create_app
from service.engine import Engine
from service.logs import log_to_stderr
from service.security import check_exposure
from service.settings import Settings


def serve(settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        settings: the index and the limits.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        say: told the address, once requests may be sent.

    Raises:
        UsageError: no index, an address that cannot be used, or one beyond this machine without a
            token.
        InterlinguaError: the index or its encoder cannot be served.
    """
    check_exposure(host, settings.token)
    log_to_stderr()
    failures: list[BaseException] = []
    listener: list[socket.socket] = []

    def loaded(error: BaseException | None) -> None:
        if error is not None:
            failures.append(error)
            server.should_exit = True
        else:
            say(_address(listener[0]))

    app = create_app(settings, loaded)
    listener.append(_listen(host, port))
    config = uvicorn.Config(
        app,
        http=partial(Protocol, settings.limits.receive_seconds, settings.limits.connections),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(settings.limits.shutdown_seconds),
    )
    server = Server(config, app.state.engine)
    server.run(sockets=listener)
    if failures:
        raise failures[0]


class Server(uvicorn.Server):
    """Ends the streams when it is told to stop, so that what is in flight can be waited for."""

    def __init__(self, config: uvicorn.Config, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and Ctrl-C as a wish to end, which is no failure once it is fulfilled."""
        wished = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in wished}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, finish what is in flight, and end."""
        self._engine.stopping.set()
        await super().shutdown(sockets)


class Protocol(H11Protocol):
    """Closes connections beyond a number, and those whose headers do not arrive in time."""

    def __init__(self, seconds: float, most: int, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self._seconds, self._most = seconds, most
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection on when there is room."""
        super().connection_made(transport)
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

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unwatch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._late = self.loop.call_later(self._seconds, self.transport.close)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _listen(host: str, port: int) -> socket.socket:
    """Bind before anything is loaded: a port in use is said at once.

    Raises:
        UsageError: the address cannot be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
        except OSError:
            found.close()
            raise
    except OSError as error:
        raise UsageError(
            f"{host} port {port}: {error.strerror}", "choose another --host or --port"
        ) from error
    return found


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
