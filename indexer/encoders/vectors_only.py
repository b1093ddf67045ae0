"""Stands where an encoder would, in an index over vectors that were made elsewhere.

It says whose vectors they are, so that nothing else is mixed with them; it cannot encode.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from indexer.encoders.fingerprint import fingerprint
from indexer.encoders.protocol import VECTORS_ONLY, EncoderSpec
from indexer.errors import IncompatibleError, UsageError
from indexer.records import Role

MAX_NAME = 200
"""Longest name, in characters."""

REMEDY = (
    "encode where its vectors were made: queries come with --query-vectors FILE.npy, documents "
    "in a new `interlingua import` of all of them"
)


class VectorsOnly:
    """An encoder that nobody here has; only its name and the length of its vectors are known.

    Args:
        name: what people call it.
        dim: length of a vector.
        arithmetic: number format of the file that the vectors came in.

    Raises:
        UsageError: a name that is empty, too long or cannot be printed.
    """

    max_tokens = 0

    def __init__(self, name: str, dim: int, arithmetic: str) -> None:
        if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            raise UsageError(
                f"{name[:80]!r} cannot be a name of vectors",
                f"give 1 to {MAX_NAME} printable characters",
            )
        self.name = name
        self.dim = dim
        self.arithmetic = arithmetic
        self.spec = EncoderSpec(f"{VECTORS_ONLY}:{name}")
        self.parts: Mapping[str, str] = {"kind": VECTORS_ONLY, "name": name, "dim": str(dim)}
        self.fingerprint = fingerprint(self.parts)

    def encode(self, texts: Sequence[str], role: Role) -> NoReturn:  # noqa: ARG002
        """Refuse.

        Raises:
            IncompatibleError: always.
        """
        refuse(self.spec)


def refuse(spec: EncoderSpec) -> NoReturn:
    """Say that no text can be encoded, and what to do instead.

    Raises:
        IncompatibleError: always.
    """
    name = spec.name.partition(":")[2]
    raise IncompatibleError(
        f"vectors {name!r} were made elsewhere, and nothing here encodes like them", REMEDY
    )
