"""What the service is started with; nothing of it ever comes from a request."""

from dataclasses import dataclass, field
from pathlib import Path

from indexer.encoders import EncoderSpec
from indexer.errors import InputError, UsageError
from service.limits import Limits

TOKEN_VARIABLE = "INTERLINGUA_TOKEN"  # noqa: S105 - the name of the variable
MIN_TOKEN = 16
"""Characters of the shortest token."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One service over one index."""

    index: Path
    encoder: EncoderSpec | None = None
    """Where the encoder is now; the one the index names when None."""
    token: str | None = field(default=None, repr=False)
    """What clients must show; None lets everybody in."""
    writable: bool = False
    """Whether documents may be added, replaced and deleted."""
    hosts: tuple[str, ...] = ()
    """Names that a Host header may give, besides localhost and addresses."""
    origins: tuple[str, ...] = ()
    """Other origins whose pages may call (CORS): ``https://example.org``."""
    limits: Limits = field(default_factory=Limits)


def read_token(file: Path | None, variable: str | None) -> str | None:
    """Take the token out of a file or, without one, out of the environment's value.

    Raises:
        UsageError: a token that is too short or cannot stand in a header.
        InputError: a file that cannot be read.
    """
    token = variable
    if file is not None:
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: the token cannot be read", "check the file") from error
    if token is None:
        return None
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        place = f"in {file}" if file is not None else f"in {TOKEN_VARIABLE}"
        raise UsageError(
            f"the token {place} cannot be used",
            f"give at least {MIN_TOKEN} ASCII characters without spaces: `openssl rand -hex 32`",
        )
    return token
