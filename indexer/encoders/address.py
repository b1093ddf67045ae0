"""Where an encoder is reached over HTTP, and the key that opens it.

``openai:MODEL@URL`` is any server with OpenAI's ``/embeddings`` below the URL, ``openai:MODEL``
OpenAI itself; ``tei@URL`` is Hugging Face's text-embeddings-inference.
"""

import os
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from indexer.errors import UsageError

OPENAI = "https://api.openai.com/v1"
KINDS = ("openai", "tei")

_SPELLING = (
    "write openai:MODEL, openai:MODEL@https://host/v1 or tei@https://host; "
    "a key comes from the environment"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A server that encodes, and which of its models."""

    kind: Literal["openai", "tei"]
    model: str
    """Empty for a server that has only one."""
    url: str
    """Without a slash at its end, a key, a query or a fragment."""

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc

    @property
    def variable(self) -> str:
        """Name of the environment variable that may hold the key.

        Every host has one of its own, so that an index that names another server, be it moved or
        made by a stranger, never gets a key that is not its own.
        """
        if self.url == OPENAI:
            return "OPENAI_API_KEY"
        host = urlsplit(self.url).hostname or ""
        return "INTERLINGUA_KEY_" + re.sub(r"[^A-Z0-9]", "_", host.upper())

    def key(self) -> str | None:
        """Return the key, None when there is none.

        Raises:
            UsageError: what the variable holds cannot be a key, or OpenAI, which lets nobody in
                without one, has none.
        """
        key = os.environ.get(self.variable, "").strip()
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise UsageError(
                f"{self.variable} holds what cannot be a key",
                "set it to the key alone: no spaces, no line breaks, ASCII",
            )
        if self.url == OPENAI and not key:
            raise UsageError(f"{self.variable} is not set", f"set it to your key of {self.host}")
        return key or None


def is_remote(name: str) -> bool:
    """Whether an encoder of this name is reached over HTTP."""
    return re.match(rf"({'|'.join(KINDS)})([:@]|$)", name) is not None


def read_address(name: str) -> Address:
    """Read the name of an encoder for which :func:`is_remote` holds.

    Raises:
        UsageError: it names no server, no model, or more than may be stored.
    """
    said, at, url = name.partition("@http")
    kind, _, model = said.partition(":")
    url = f"http{url}" if at else ""
    if kind == "openai":
        if not model.strip() or not model.isprintable():
            raise UsageError(f"encoder {name!r} names no model", _SPELLING)
        return Address("openai", model, _checked(url or OPENAI))
    if model or not url:
        raise UsageError(f"encoder {_shown(name)!r}: tei has one model, and needs a URL", _SPELLING)
    return Address("tei", "", _checked(url))


def _checked(url: str) -> str:
    """Refuse a URL that would store a secret or that cannot be meant; never shown, for the same."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError("the URL of the encoder is none", _SPELLING) from error
    if parts.username is not None or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            "the URL of the encoder holds a user, a query or a fragment, which would be stored "
            "with the index",
            _SPELLING,
        )
    if not _is_plain(parts) or not url.isprintable() or " " in url:
        raise UsageError("the URL of the encoder is none", _SPELLING)
    return url.rstrip("/")


def _is_plain(parts: SplitResult) -> bool:
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _shown(name: str) -> str:
    return name.partition("@")[0]
