"""Calls a server until it answers: retries, rate limit, time and size limits, and no leaks.

A key goes to the one host it belongs to: redirects are not followed, and a proxy of the
environment is used for https only, which it cannot read.
"""

import json
import logging
import random
import threading
import time
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from indexer.encoders.address import Address
from indexer.errors import EncoderError, UsageError
from indexer.lines import printable

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
"""Silence of the server."""
TOTAL_SECONDS = 300.0
"""For one answer: a server that drips is given up, too."""

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that may go away by themselves."""

_LOG = logging.getLogger(__name__)
_SAID = 300
_GO_ON = "run the same command again later: a build goes on behind what it has committed"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a call is tried again."""

    attempts: int = 7
    first: float = 1.0
    """Seconds before the second attempt; then twice as long each time, with a tenth of chance."""
    longest: float = 60.0
    """Seconds between attempts at most, unless the server asks for more."""
    asked: float = 600.0
    """Seconds that a server may ask to wait (Retry-After) before it is given up."""


PATIENCE = Patience()


class RefusedError(EncoderError):
    """The server understood the call and refuses it."""

    def __init__(self, message: str, status: int, remedy: str | None = None) -> None:
        super().__init__(message, remedy)
        self.status = status


class _AgainError(Exception):
    """A failure that may go away."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class Caller:
    """Sends JSON to one server and gets JSON back; safe to call from several threads.

    Args:
        address: the server; its key is read from the environment now, and kept here only.
        per_minute: calls a minute at most, evenly spaced; None for no limit of ours.

    Raises:
        UsageError: the HTTP library is not installed, or the key is none or missing.
    """

    def __init__(self, address: Address, per_minute: int | None) -> None:
        self.address = address
        self._key = address.key()
        self._reached = False
        self._interval = 60.0 / per_minute if per_minute else 0.0
        self._next, self._turn = 0.0, threading.Lock()
        self._silent_until = 0.0
        self._http = _client(address, self._key)
        weakref.finalize(self, self._http.close)

    def get(self, path: str, most: int) -> Any:  # noqa: ANN401 - as wide as JSON
        """Ask for ``path`` below the URL; for the rest see :meth:`post`."""
        return self._call("GET", path, None, most)

    def post(self, path: str, body: object, most: int) -> Any:  # noqa: ANN401 - as wide as JSON
        """Send JSON to ``path`` below the URL, again where it may help, and return the answer.

        Args:
            path: begins with a slash, or is empty.
            body: what is sent as JSON.
            most: bytes that the answer may have.

        Raises:
            RefusedError: the server refuses the call.
            EncoderError: it cannot be reached, does not answer, or not with JSON.
        """
        return self._call("POST", path, json.dumps(body, ensure_ascii=False).encode(), most)

    def clean(self, text: str) -> str:
        """Return what the server said as one line that may be shown: without the key."""
        if self._key:
            text = text.replace(self._key, "…")
        return printable(" ".join(text.split())[:_SAID])

    def _call(self, method: str, path: str, content: bytes | None, most: int) -> Any:  # noqa: ANN401
        import httpx2

        for attempt in range(1, PATIENCE.attempts + 1):
            self._wait_for_turn()
            try:
                return self._parsed(self._once(method, path, content, most))
            except (_AgainError, httpx2.TransportError) as error:
                failure = error
                # A wrong address is more likely than a server that is just being restarted.
                if isinstance(error, httpx2.ConnectError) and not self._reached and attempt >= 3:
                    break
            if attempt < PATIENCE.attempts:
                self._pause(attempt, failure)
        raise EncoderError(
            f"{self.address.url}: {self._what(failure)}, {attempt} times", _GO_ON
        ) from None

    def _once(self, method: str, path: str, content: bytes | None, most: int) -> bytes:
        """Call once and return the bytes of an answer that is none of an error."""
        deadline = time.monotonic() + TOTAL_SECONDS
        with self._http.stream(method, self.address.url + path, content=content) as answer:
            if answer.is_redirect:
                self._refuse_redirect(answer)
            self._reached = True
            body = bytearray()
            for part in answer.iter_bytes():
                body += part
                if len(body) > most:
                    reason = f"its answer is larger than {most:,} bytes"
                    raise EncoderError(f"{self.address.url}: {reason}", "is this the right URL?")
                if time.monotonic() > deadline:
                    raise _AgainError(f"no whole answer in {TOTAL_SECONDS:.0f} s")
        if answer.status_code in AGAIN:
            said = self._reason(bytes(body))
            raise _AgainError(f"{answer.status_code}{said}", _retry_after(answer.headers))
        if answer.status_code != 200:
            self._refuse(answer.status_code, self._reason(bytes(body)))
        return bytes(body)

    def _parsed(self, body: bytes) -> Any:  # noqa: ANN401
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            said = self.clean(body[:80].decode("utf-8", "replace"))
            raise EncoderError(
                f"{self.address.url}: answers with no JSON, or not the whole of it: {said!r}",
                "is this the right URL?",
            ) from None

    def _refuse_redirect(self, answer: "httpx2.Response") -> None:
        where = self.clean(answer.headers.get("location", "nowhere"))
        raise EncoderError(
            f"{self.address.url}: redirects to {where}, which is not followed: it would get "
            "texts and key",
            "name the server itself, if you trust it",
        )

    def _refuse(self, status: int, said: str) -> None:
        remedy = "see what the server says"
        if status in {401, 403}:
            has = "another key in" if self._key else "the key in"
            remedy = f"set {has} {self.address.variable}"
        elif status == 404:
            remedy = "is this the right URL and model? OpenAI-shaped ones mostly end in /v1"
            if self.address.kind == "tei":
                remedy = "is this the URL of text-embeddings-inference?"
        raise RefusedError(f"{self.address.url}: refuses with {status}{said}", status, remedy)

    def _reason(self, body: bytes) -> str:
        """Find the sentence in the answer of an error: ``: no such model``."""
        text = body[:4096].decode("utf-8", "replace")
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        for name in ("error", "message", "detail"):
            if isinstance(found, dict) and name in found:
                found = found[name]
        said = self.clean(found if isinstance(found, str) else text)
        return f": {said}" if said else ""

    def _wait_for_turn(self) -> None:
        """Keep the calls of all threads apart."""
        with self._turn:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        time.sleep(turn - now)

    def _pause(self, attempt: int, failure: Exception) -> None:
        """Wait before the next attempt."""
        asked = failure.wait if isinstance(failure, _AgainError) else None
        asked = max(asked or 0.0, 0.0)  # none at all, or a date that has passed, leaves it to us
        if asked > PATIENCE.asked:
            raise EncoderError(
                f"{self.address.url}: {self._what(failure)}; asks to wait {asked:.0f} s",
                _GO_ON,
            )
        wait = min(PATIENCE.longest, PATIENCE.first * 2 ** (attempt - 1))
        wait *= 1 + random.random() / 10  # noqa: S311 - keeps clients apart, guards nothing
        wait = asked or wait
        if asked:  # the server means all of us
            with self._turn:
                self._next = max(self._next, time.monotonic() + wait)
        if wait >= 1:
            self._say(f"{self.address.url}: {self._what(failure)}; again in {wait:.0f} s", wait)
        time.sleep(wait)

    def _say(self, what: str, wait: float) -> None:
        """Say why nothing happens, once for all calls that wait at the same time."""
        with self._turn:
            now = time.monotonic()
            if now < self._silent_until:
                return
            self._silent_until = now + wait
        _LOG.warning(what)

    def _what(self, failure: Exception) -> str:
        import httpx2

        if isinstance(failure, httpx2.TimeoutException):
            return "no answer in time"
        if isinstance(failure, httpx2.ConnectError):
            return f"cannot be reached ({self.clean(str(failure)) or 'no connection'})"
        if isinstance(failure, httpx2.TransportError):
            return f"the connection broke ({self.clean(str(failure)) or 'no reason given'})"
        return f"fails with {failure}"


def _client(address: Address, key: str | None) -> "httpx2.Client":
    try:
        import httpx2
    except ModuleNotFoundError as error:
        raise UsageError(
            "an encoder over HTTP needs the package httpx2", "pip install 'interlingua[http]'"
        ) from error
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    return httpx2.Client(
        headers=headers,
        timeout=timeout,
        follow_redirects=False,
        trust_env=address.url.startswith("https://"),
    )


def _retry_after(headers: "httpx2.Headers") -> float | None:
    """Read how many seconds the server asks to wait, as a number or as a date."""
    value = headers.get("retry-after", "").strip()
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
