"""What an encoder is, and how a name becomes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from indexer.records import Encoding, Role

DEFAULT_ENCODER = "multilingual-e5-small"
USE_ENCODER = "use-multilingual"
VECTORS_ONLY = "vectors"
"""Before the colon in the name of what only made vectors: ``vectors:NAME``."""

Pooling = Literal["mean", "cls", "pooler", "max", "last"]


class Encoder(Protocol):
    """A frozen text encoder.

    ``fingerprint`` decides whether two encoders may share an index. The arithmetic (float32,
    bfloat16, CPU, GPU) is no part of it: it moves a vector by less than the retrieval sees.
    """

    @property
    def name(self) -> str:
        """What people call it, for reports: ``multilingual-e5-small``."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens, prompt and special tokens included."""
        ...

    @property
    def parts(self) -> Mapping[str, str]:
        """What the fingerprint is made of, by name, so that a mismatch can say what differs."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 over ``parts``, 64 hexadecimal digits."""
        ...

    @property
    def arithmetic(self) -> str:
        """Device and number format the vectors are computed in: ``cpu float32``."""
        ...

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode texts in the given role.

        Args:
            texts: n texts, none empty, without the model's prompt.
            role: ``query`` or ``passage``; the encoder adds the prompt that belongs to it.

        Returns:
            vectors (n, dim) float32 unit rows, and the token counts; n may be 0.
        """
        ...


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """How to open an encoder again; stored in the index as JSON."""

    name: str = DEFAULT_ENCODER
    """``multilingual-e5-small``, ``use-multilingual``, ``hashing``, a local directory or a
    Hugging Face id; ``vectors:NAME`` for vectors made elsewhere."""
    revision: str | None = None
    """Commit, tag or branch of a Hugging Face id."""
    pooling: Pooling | None = None
    """None takes what the model directory says, else ``mean``."""
    layer: int | None = None
    """Hidden layer that is pooled: 0 the embeddings, -1 or None the last."""


def open_encoder(spec: EncoderSpec, arithmetic: str | None = None) -> Encoder:
    """Load the encoder that ``spec`` names.

    Args:
        spec: ``multilingual-e5-small``, ``use-multilingual``, ``hashing[:D]``, else a local
            directory or Hub id.
        arithmetic: ``cpu float32``, ``cpu bfloat16``, ``cuda float32`` or ``cuda bfloat16``;
            None takes what is fastest here. It is no part of the fingerprint.

    Raises:
        UsageError: no such encoder, or an option that it does not have.
        IncompatibleError: the vectors were made elsewhere, and nothing here encodes like them.
        InputError: a model directory that is incomplete, unsafe or not understood.
        CorruptError: the weights file of a packaged encoder is damaged.
    """
    kind = spec.name.partition(":")[0]
    if kind == VECTORS_ONLY:
        from indexer.encoders.vectors_only import refuse

        refuse(spec)
    if kind == "hashing":
        from indexer.encoders.hashing import HashingEncoder

        return HashingEncoder(spec)
    if spec.name == USE_ENCODER:
        from indexer.encoders.use import UseEncoder

        return UseEncoder(spec)
    from indexer.encoders.arithmetic import parse_arithmetic

    chosen = parse_arithmetic(arithmetic)
    if spec.name == DEFAULT_ENCODER:
        from indexer.encoders.e5 import open_e5

        return open_e5(spec, chosen)
    from indexer.encoders.huggingface import open_huggingface

    return open_huggingface(spec, chosen)
