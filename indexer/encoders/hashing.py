"""A control encoder without weights: character trigrams hashed into a vector.

It knows spelling and no meaning, so texts of one language and script lie together: the
strongest language bias an encoder can have, which makes it a useful lower anchor, and a fast
deterministic stand-in wherever a test needs vectors and not quality.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.encoders.fingerprint import fingerprint
from indexer.encoders.protocol import EncoderSpec
from indexer.errors import UsageError
from indexer.records import Encoding, Role

_MAX_TRIGRAMS = 4096


class HashingEncoder:
    """Signed feature hashing of character trigrams (Weinberger et al. 2009), unit length.

    Args:
        spec: ``hashing`` or ``hashing:D``, D the dimension from 8 to 4096 (64).

    Raises:
        UsageError: a dimension out of range, or a pooling, layer or revision, which it lacks.
    """

    arithmetic = "cpu float32"
    max_tokens = _MAX_TRIGRAMS

    def __init__(self, spec: EncoderSpec) -> None:
        _, _, size = spec.name.partition(":")
        self.dim = int(size) if size.isdecimal() else 64 if not size else 0
        if not 8 <= self.dim <= 4096:
            raise UsageError(
                f"encoder {spec.name!r}: not a dimension", "write hashing:D, D 8..4096"
            )
        if (spec.pooling, spec.layer, spec.revision) != (None, None, None):
            raise UsageError(
                "the hashing encoder has no pooling, layer or revision", "leave it out"
            )
        self.name = f"hashing:{self.dim}"
        self.parts: Mapping[str, str] = {
            "weights": "none",
            "features": "trigrams/1",
            "dim": str(self.dim),
        }
        self.fingerprint = fingerprint(self.parts)

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Count trigrams."""
        return np.array([len(_trigrams(text)) for text in texts], np.int32)

    def room(self, role: Role) -> int:  # noqa: ARG002 - no prompts
        """Say how many trigrams of a text are looked at."""
        return _MAX_TRIGRAMS

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:  # noqa: ARG002 - no prompts
        """Encode texts; both roles give the same vector."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        tokens = np.zeros(len(texts), dtype=np.int32)
        for row, text in enumerate(texts):
            trigrams = _trigrams(text)
            tokens[row] = len(trigrams)
            for trigram in trigrams[:_MAX_TRIGRAMS]:
                digest = int.from_bytes(hashlib.blake2b(trigram.encode(), digest_size=8).digest())
                vectors[row, (digest >> 1) % self.dim] += 1.0 if digest & 1 else -1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0  # signs that cancel out must not leave a zero vector
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Encoding(vectors, tokens, np.maximum(tokens - _MAX_TRIGRAMS, 0).astype(np.int32))


def _trigrams(text: str) -> list[str]:
    padded = f"\x02{unicodedata.normalize('NFC', text).casefold()}\x03"
    return [padded[i : i + 3] for i in range(len(padded) - 2)]
