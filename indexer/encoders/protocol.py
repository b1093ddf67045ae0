"""What an encoder is, and how a name becomes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from indexer.encoders.address import is_remote
from indexer.errors import UsageError
from indexer.records import Encoding, Role, Vectors

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


@runtime_checkable
class Probed(Protocol):
    """An encoder whose weights nobody here can hash: it is known by what it makes of some texts."""

    def probe(self) -> Vectors:
        """Encode texts that never change.

        Returns:
            (n, dim) float32 unit rows; the same encoder gives the same to a cosine of 0.9999.
        """
        ...


@runtime_checkable
class CountsTokens(Protocol):
    """An encoder that can say how long a text is in its tokens."""

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Count the tokens of n texts, each alone, without prompt and special tokens: (n,)."""
        ...

    def room(self, role: Role) -> int:
        """Tokens of a text that the model takes beside the prompt and its special tokens."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """How a server is asked; where it is and what model stands in the name of the encoder."""

    dimensions: int | None = None
    """Numbers in a vector that the server is asked for; its own choice when None."""
    query_prompt: str = ""
    passage_prompt: str = ""
    """What is put before each text of the role."""
    input_types: str | None = None
    """``[FIELD=]QUERY,PASSAGE``: a field of the call that tells the roles apart; ``input_type``
    when it is not named, ``prompt_name`` for TEI."""
    requests_per_minute: int | None = None
    """Calls a minute at most."""
    texts_per_request: int = 64
    requests_at_once: int = 4
    """Calls under way at the same time."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """How to open an encoder again; stored in the index as JSON."""

    name: str = DEFAULT_ENCODER
    """``multilingual-e5-small``, ``use-multilingual``, ``hashing``, a local directory or a
    Hugging Face id; ``openai:MODEL@URL`` or ``tei@URL`` for a server; ``vectors:NAME`` for
    vectors made elsewhere."""
    revision: str | None = None
    """Commit, tag or branch of a Hugging Face id."""
    pooling: Pooling | None = None
    """None takes what the model directory says, else ``mean``."""
    layer: int | None = None
    """Hidden layer that is pooled: 0 the embeddings, -1 or None the last."""
    remote: RemoteOptions | None = None
    """How a server is asked; None for its own ways, and for what is computed here."""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Make one of what ``dataclasses.asdict`` made of one, by this version or an older."""
        remote = fields.get("remote")
        return cls(**{**fields, "remote": None if remote is None else RemoteOptions(**remote)})

    def moved(self, to: "EncoderSpec | None") -> "EncoderSpec":
        """Return how to open this encoder where ``to`` says that it is now.

        How a server is asked belongs to the vectors, where it is does not.
        """
        if to is None:
            return self
        kept = self.remote if is_remote(to.name) else None
        return replace(to, remote=to.remote or kept)


def open_encoder(spec: EncoderSpec, arithmetic: str | None = None) -> Encoder:
    """Load the encoder that ``spec`` names.

    Args:
        spec: ``multilingual-e5-small``, ``use-multilingual``, ``hashing[:D]``,
            ``openai:MODEL[@URL]``, ``tei@URL``, else a local directory or Hub id.
        arithmetic: ``cpu float32``, ``cpu bfloat16``, ``cuda float32`` or ``cuda bfloat16``;
            None takes what is fastest here. It is no part of the fingerprint.

    Raises:
        UsageError: no such encoder, or an option that it does not have.
        IncompatibleError: the vectors were made elsewhere, and nothing here encodes like them.
        InputError: a model directory that is incomplete, unsafe or not understood.
        CorruptError: the weights file of a packaged encoder is damaged.
        EncoderError: a server cannot be reached, refuses or answers wrongly.
    """
    if is_remote(spec.name):
        from indexer.encoders.remote import RemoteEncoder

        return RemoteEncoder(spec)
    if spec.remote is not None:
        raise UsageError(
            f"{spec.name} is computed here, and no server is asked",
            "leave out dimensions, prompts, input types and limits of requests",
        )
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
