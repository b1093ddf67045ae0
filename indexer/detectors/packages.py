"""Optional packages of detectors: is one installed, and what it is given."""

from importlib.util import find_spec

from indexer.errors import UsageError
from indexer.languages import DETECTED_CHARACTERS


def require(module: str, extra: str) -> None:
    """See that the package of a detector is there, without loading it.

    Raises:
        UsageError: it is not.
    """
    if find_spec(module) is None:
        raise UsageError(
            f"detector {extra!r} is not installed", f"pip install 'interlingua[{extra}]'"
        )


def readable(text: str) -> str:
    """Return what a compiled detector reads of a text.

    NUL ends a C string, and half of a surrogate pair cannot be written in UTF-8; both are spaces.
    """
    start = text[:DETECTED_CHARACTERS].replace("\0", " ")
    return start.encode("utf-8", errors="replace").decode("utf-8")
