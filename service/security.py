"""Who may ask: Host, Origin and token, all before a byte of the body is read."""

import hashlib
import hmac
import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from indexer.errors import UsageError
from service.links import Links
from service.problems import Problem

OPEN_PATHS = frozenset({"/livez", "/readyz"})
"""Answered without a token: they say nothing but yes or no."""
PAGE, ASSETS = "/", "/page/"
"""The page and its parts need no token either: they are the same for every index."""

CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""On every answer, unless the answer brings its own."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server bound to ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, token: str | None) -> None:
    """Refuse to listen beyond loopback without a token.

    Raises:
        UsageError: anybody on the network could ask.
    """
    if token is None and not is_loopback(host):
        raise UsageError(
            f"--host {host} is open to other machines, and there is no token",
            "set INTERLINGUA_TOKEN or give --token-file, or stay on 127.0.0.1",
        )


class HostGuard:
    """Refuses names that are not ours, and pages of other origins.

    A page whose name an attacker points to 127.0.0.1 (DNS rebinding) gives itself away by the
    Host header. An address is no name, so no one can point it elsewhere.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], origins: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = frozenset({"localhost", *(host.lower() for host in hosts)})
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may be asked."""
        if scope["type"] == "http":
            problem = self._refusal(Headers(scope=scope))
            if problem is not None:
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, headers: Headers) -> Problem | None:
        given = headers.getlist("host")
        name = _host_name(given[0]) if len(given) == 1 else None
        if name is None or not (name in self._hosts or _is_address(name)):
            return Problem(
                421, "host", "this service does not answer to that Host", "see --allow-host"
            )
        origins = headers.getlist("origin")
        if origins and not (len(origins) == 1 and self._known(origins[0].lower(), given[0])):
            return Problem(403, "origin", "pages of that origin may not call", "see --allow-origin")
        cross = headers.get("sec-fetch-site") == "cross-site" and not origins
        if cross and headers.get("sec-fetch-mode") != "navigate":
            return Problem(403, "origin", "pages of other sites may not load this")
        return None

    def _known(self, origin: str, host: str) -> bool:
        own = origin in {f"http://{host.lower()}", f"https://{host.lower()}"}
        return own or origin in self._origins


@lru_cache(maxsize=256)
def _host_name(header: str) -> str | None:
    """Return the lower-case name of a Host header without its port, None when ill-formed."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.path or parts.query or parts.fragment or "@" in header:
        return None
    return parts.hostname.lower()


@lru_cache(maxsize=256)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Cors(CORSMiddleware):
    """Lets pages of allowed origins call; a refused preflight is a problem document, too."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a browser that asks before it calls."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        refused = bytes(answer.body).decode().removeprefix("Disallowed CORS ")
        kept = {n: v for n, v in answer.headers.items() if not n.startswith("content-")}
        return Problem(
            400,
            "preflight",
            f"pages of other origins may not call like that: {refused}",
            "see access-control-allow-methods and -headers for what they may",
            kept,
        ).response()


class TokenGuard:
    """Asks for the token, or for a link made for who showed it.

    Both are compared in constant time, whatever their length.
    """

    def __init__(self, app: ASGIApp, token: str | None, links: Links) -> None:
        self._app, self._links = app, links
        self._digest = None if token is None else _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on who shows the token."""
        refused = (
            self._digest is not None
            and scope["type"] == "http"
            and scope["path"] not in OPEN_PATHS
            and not is_page(scope["path"])
            and not self._shown(Headers(scope=scope).getlist("authorization"), self._digest)
            and not self._links.opens(scope["path"], scope["query_string"].decode("latin-1"))
        )
        if refused:
            problem = Problem(
                401,
                "token",
                "no valid token",
                "send Authorization: Bearer TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    @staticmethod
    def _shown(given: list[str], digest: bytes) -> bool:
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        same = hmac.compare_digest(_digest(token.strip().encode("latin-1", "replace")), digest)
        return same and scheme.lower() == "bearer"


def is_page(path: str) -> bool:
    """Whether a path is the page or a part of it."""
    return path == PAGE or path.startswith(ASSETS)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
