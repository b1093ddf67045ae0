"""An encoder that is reached over HTTP: somebody else's weights, our checks.

Its weights cannot be hashed, so it is known by what its server calls the model, by its dimension
and by the vectors that it gives to texts that never change (``probe``).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from indexer.encoders.address import read_address
from indexer.encoders.at_once import in_order
from indexer.encoders.caller import Caller, RefusedError
from indexer.encoders.dialects import LONGEST, OpenAiDialect, Rows, TeiDialect, wrong
from indexer.encoders.e5 import open_e5_tokenizer
from indexer.encoders.fingerprint import fingerprint
from indexer.encoders.protocol import EncoderSpec, RemoteOptions
from indexer.encoders.tokens import TextTokenizer
from indexer.errors import EncoderError, InputError, UsageError
from indexer.records import Encoding, Role, Vectors
from indexer.vectorfiles.rows import unit_rows

CHARACTERS = 100_000
"""Characters in one call, prompts included; a longer text is sent alone."""

PROBES = (
    "Wash the apples before you peel them.",
    "החתול קפץ מהגג אל תוך הגן.",
    "火车十点半从第三站台开出。",
    "Где находится ближайшая аптека?",
)
"""Texts that never change, in four scripts."""

_SHOWN = 60


class RemoteEncoder:
    """What a server encodes; ``encode`` may run in several threads.

    Args:
        spec: ``openai:MODEL[@URL]`` or ``tei@URL``, and how the server is asked.

    Raises:
        UsageError: a name or option that cannot be meant, or the HTTP library is not installed.
        EncoderError: the server cannot be reached, refuses, or answers wrongly.
    """

    max_tokens = 0  # nobody says
    arithmetic = "elsewhere"

    def __init__(self, spec: EncoderSpec) -> None:
        if (spec.pooling, spec.layer, spec.revision) != (None, None, None):
            raise UsageError(
                "an encoder over HTTP has no pooling, layer or revision", "leave it out"
            )
        address, options = read_address(spec.name), spec.remote or RemoteOptions()
        _check(options)
        self._options = options
        self._prompts = {"query": options.query_prompt, "passage": options.passage_prompt}
        self._caller = Caller(address, options.requests_per_minute)
        self._dialect = (OpenAiDialect if address.kind == "openai" else TeiDialect)(
            self._caller, options
        )
        self.dim = 0  # until the first answer has told it
        self._probed = self.encode(PROBES, "passage").vectors
        about = self._dialect.describe()
        self.name = about["model"]
        self.parts: Mapping[str, str] = {
            "kind": f"http {address.kind}",
            **about,
            "dim": str(self.dim),
            "prompts": f"{options.query_prompt!r} {options.passage_prompt!r}",
            "input types": options.input_types or "none",
            "normalisation": "l2",
        }
        self.fingerprint = fingerprint(self.parts)

    def probe(self) -> Vectors:
        """Return what the server made of :data:`PROBES` when it was opened."""
        return self._probed

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode texts; tokens are -1 where the server does not say how many there were.

        Raises:
            EncoderError: the server fails, refuses a text or answers wrongly.
        """
        prompted = [self._prompts[role] + text for text in texts]
        vectors = np.empty((len(texts), self.dim), np.float32)
        tokens = np.full(len(texts), -1, np.int32)
        parts = list(batches(prompted, self._dialect.most))
        # The very first answer tells the dimension, and how the server wants to be asked.
        at_once = self._options.requests_at_once if self.dim else 1
        answers = in_order(
            partial(self._ask, role=role), [prompted[part] for part in parts], at_once
        )
        for part, (rows, counted) in zip(parts, answers, strict=True):
            made = self._units(rows, prompted[part])
            if not self.dim:
                self.dim = made.shape[1]
                vectors = np.empty((len(texts), self.dim), np.float32)
            vectors[part] = made
            if counted is not None and part.stop - part.start == 1:
                tokens[part] = counted
        return Encoding(vectors, tokens, np.where(tokens < 0, -1, 0).astype(np.int32))

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Count in the tokens of the default encoder, since few servers say what theirs are.

        They are those of XLM-R, and so of most multilingual models (bge-m3, the E5 models, jina
        v3); a model with another vocabulary has other counts.
        """
        return self._pieces.count(texts)

    def room(self, role: Role) -> int:
        """Say what the prompt leaves, where the server tells how much it takes; else no limit."""
        longest = self._dialect.longest
        if longest is None:
            return np.iinfo(np.int32).max
        return longest - self._pieces.prompt_tokens(self._prompts[role]) - 1

    @cached_property
    def _pieces(self) -> TextTokenizer:
        return open_e5_tokenizer()

    def _ask(self, texts: list[str], role: Role) -> tuple[Rows, int | None]:
        """Ask; halve what is refused, until it is known which text it is."""
        try:
            return self._dialect.ask(texts, role)
        except RefusedError as error:
            halved = {413} if not self.dim else {400, 413, 422}
            if error.status not in halved:
                raise
            if len(texts) == 1:
                raise EncoderError(
                    f"{error.message}, for the text that begins {_beginning(texts[0])}",
                    "cut texts with --chunk sentences, shorten this one, or leave it out",
                ) from None
        middle = len(texts) // 2
        first, _ = self._ask(texts[:middle], role)
        return first + self._ask(texts[middle:], role)[0], None

    def _units(self, rows: Rows, texts: Sequence[str]) -> Vectors:
        """Check and scale the rows of one answer."""
        dim = self.dim or len(rows[0])
        for row, text in zip(rows, texts, strict=True):
            if len(row) != dim or not 1 <= dim <= LONGEST:
                said = f"a vector of {len(row)} numbers, where {dim} are right"
                raise wrong(self._caller, f"{said}, for the text that begins {_beginning(text)}")
        try:
            return unit_rows(np.stack(rows), lambda i: f"the vector of {_beginning(texts[i])}")[0]
        except InputError as error:
            raise wrong(self._caller, error.message) from None


def batches(texts: Sequence[str], most: int) -> Iterator[slice]:
    """Cut texts, in their order, into calls of at most ``most`` texts and CHARACTERS."""
    start = characters = 0
    for at, text in enumerate(texts):
        if at > start and (at - start >= most or characters + len(text) > CHARACTERS):
            yield slice(start, at)
            start, characters = at, 0
        characters += len(text)
    if texts:
        yield slice(start, len(texts))


def _beginning(text: str) -> str:
    return repr(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


def _check(options: RemoteOptions) -> None:
    """Refuse options that cannot be meant.

    Raises:
        UsageError: naming the first.
    """
    for name, number, most in (
        ("dimensions", options.dimensions, LONGEST),
        ("requests per minute", options.requests_per_minute, 1_000_000),
        ("texts per request", options.texts_per_request, 10_000),
        ("requests at once", options.requests_at_once, 64),
    ):
        if number is not None and not 1 <= number <= most:
            raise UsageError(f"{number} {name}", f"take a number from 1 to {most:,}")
    types = options.input_types
    if types is not None:
        field, equals, pair = types.rpartition("=")
        query, comma, passage = pair.partition(",")
        if (
            not (query and comma and passage)
            or "," in passage
            or (equals and not field.isidentifier())
        ):
            raise UsageError(
                f"input types {types!r} are none", "write QUERY,PASSAGE or FIELD=QUERY,PASSAGE"
            )
