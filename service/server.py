"""The process: a socket, the application, and an end that loses nothing in flight."""

import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from indexer.errors import UsageError
from service.app import Loaded, create_app
from service.engine import Engine
from service.logs import log_to_stderr
from service.protocol import Protocol
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
            _settle()
            say(_address(listener[0]))

    server = make_server(settings, loaded)
    listener.append(listen(host, port))
    server.run(sockets=listener)
    if failures:
        raise failures[0]


def _settle() -> None:
    """Make the process fit to answer quickly, now that everything is loaded."""
    # What is loaded stays: a full collection would walk through all of it, while everybody waits.
    gc.collect()
    gc.freeze()
    # The encoder asks for the interpreter between any two products, and gets it after this time.
    sys.setswitchinterval(0.001)


def make_server(settings: Settings, loaded: Loaded) -> "Server":
    """Make the server of one index; it listens where its ``run`` is told to.

    Args:
        settings: the index and the limits.
        loaded: see :func:`service.app.create_app`, which also says what is raised.
    """
    app = create_app(settings, loaded)
    limits = settings.limits
    config = uvicorn.Config(
        app,
        http=partial(Protocol, limits.receive_seconds, limits.connections),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(limits.shutdown_seconds),
    )
    return Server(config, app.state.engine)


class Server(uvicorn.Server):
    """Ends the streams when it is told to stop, so that what is in flight can be waited for."""

    def __init__(self, config: uvicorn.Config, engine: Engine) -> None:
        super().__init__(config)
        self._engine = engine

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and Ctrl-C as a wish to end, which is no failure once it is fulfilled."""
        if threading.current_thread() is not threading.main_thread():  # others get no signals
            yield
            return
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


def listen(host: str, port: int) -> socket.socket:
    """Bind before anything is loaded: a port in use is said at once.

    Raises:
        UsageError: the address cannot be used.
    """
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        family, kind, protocol, _, address = known
        # Only of a socket that names TCP does asyncio turn Nagle's delay off: 40 ms an answer.
        found = socket.socket(family, kind, protocol)
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
