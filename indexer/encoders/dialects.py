"""How servers want to be asked for vectors, and how they answer: OpenAI's way and TEI's."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.encoders.caller import Caller, RefusedError
from indexer.encoders.protocol import RemoteOptions
from indexer.errors import EncoderError
from indexer.nouns import counted
from indexer.records import Role

Rows = list[NDArray[np.float64]]
"""One vector a text, as it was answered: of any length."""

LONGEST = 1 << 16
"""Most numbers in a vector."""

_NUMBER, _SLACK = 32, 1 << 20
"""Bytes that a number may take in JSON, and an answer beside its numbers."""


class Dialect(Protocol):
    """One way to ask."""

    most: int
    """Texts in one call."""
    longest: int | None
    """Tokens of a text that the model takes, special ones included, where that is told."""

    def describe(self) -> Mapping[str, str]:
        """Say what the server calls its model, for the fingerprint; after the first ``ask``."""
        ...

    def ask(self, texts: Sequence[str], role: Role) -> tuple[Rows, int | None]:
        """Ask for the vectors of a few texts.

        Returns:
            the rows in the order of the texts, and the tokens of all texts where they are told.

        Raises:
            EncoderError: no answer, or one that is not understood.
        """
        ...


class OpenAiDialect:
    """``POST /embeddings``, asked for base64 first and, where that is refused, for numbers."""

    longest = None

    def __init__(self, caller: Caller, options: RemoteOptions) -> None:
        self.most = options.texts_per_request
        self._caller, self._options = caller, options
        self._form: str | None = "base64"
        self._sure = False
        self._model = caller.address.model

    def describe(self) -> Mapping[str, str]:
        """Say what the server calls its model."""
        return {"model": self._model}

    def ask(self, texts: Sequence[str], role: Role) -> tuple[Rows, int | None]:
        """Ask for vectors."""
        try:
            return self._ask(texts, role)
        except RefusedError as error:
            if self._sure or error.status not in {400, 422}:
                raise
        self._form = None  # the first call of all: a server may know numbers only
        return self._ask(texts, role)

    def _ask(self, texts: Sequence[str], role: Role) -> tuple[Rows, int | None]:
        body: dict[str, object] = {"model": self._caller.address.model, "input": list(texts)}
        if self._form is not None:
            body["encoding_format"] = self._form
        if self._options.dimensions is not None:
            body["dimensions"] = self._options.dimensions
        body |= role_field(self._options, role, "input_type")
        answer = self._caller.post("/embeddings", body, most_bytes(len(texts)))
        rows = self._rows(answer, len(texts))
        if not self._sure and isinstance(answer.get("model"), str):
            self._model = self._caller.clean(answer["model"])
        self._sure = True
        return rows, _tokens(answer)

    def _rows(self, answer: Any, n: int) -> Rows:  # noqa: ANN401
        items = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise wrong(self._caller, "its answer has no list 'data' of embeddings")
        check_number(self._caller, len(items), n)
        places = self._places([item.get("index", at) for at, item in enumerate(items)])
        return [self._row(items[at].get("embedding"), at) for at in places]

    def _places(self, indexes: Sequence[object]) -> list[int]:
        """Find the embedding of each text: a server may answer in another order than was asked."""
        place: dict[object, int] = {}
        for at, index in enumerate(indexes):
            if type(index) is not int or not 0 <= index < len(indexes) or index in place:
                said = self._caller.clean(repr(index))
                raise wrong(self._caller, f"embedding {at} of its answer has the index {said}")
            place[index] = at
        return [place[text] for text in range(len(indexes))]

    def _row(self, value: Any, at: int) -> NDArray[np.float64]:  # noqa: ANN401
        if isinstance(value, str):
            try:
                return np.frombuffer(base64.b64decode(value, validate=True), "<f4").astype("f8")
            except (ValueError, binascii.Error):
                raise wrong(self._caller, f"embedding {at} is no base64 of float32") from None
        return numbers(self._caller, value, at)


class TeiDialect:
    """``POST /embed`` of text-embeddings-inference; ``GET /info`` says what it has loaded."""

    def __init__(self, caller: Caller, options: RemoteOptions) -> None:
        info = caller.get("/info", _SLACK)
        if not isinstance(info, dict) or not isinstance(info.get("model_id"), str):
            raise wrong(caller, "its /info names no model_id")
        limit = info.get("max_client_batch_size")
        own = limit if isinstance(limit, int) and limit > 0 else options.texts_per_request
        self.most = min(own, options.texts_per_request)
        longest = info.get("max_input_length")
        self.longest = longest if isinstance(longest, int) and longest > 0 else None
        self._caller, self._options = caller, options
        sha = info.get("model_sha")
        self._about = {"model": caller.clean(info["model_id"])}
        self._about |= {"revision": caller.clean(sha)} if isinstance(sha, str) else {}

    def describe(self) -> Mapping[str, str]:
        """Say what the server has loaded."""
        return self._about

    def ask(self, texts: Sequence[str], role: Role) -> tuple[Rows, int | None]:
        """Ask for vectors; what is longer than the model takes is cut by the server."""
        body: dict[str, object] = {"inputs": list(texts), "normalize": True, "truncate": True}
        if self._options.dimensions is not None:
            body["dimensions"] = self._options.dimensions
        body |= role_field(self._options, role, "prompt_name")
        answer = self._caller.post("/embed", body, most_bytes(len(texts)))
        if not isinstance(answer, list):
            raise wrong(self._caller, "its answer is no list of vectors")
        check_number(self._caller, len(answer), len(texts))
        return [numbers(self._caller, row, at) for at, row in enumerate(answer)], None


def role_field(options: RemoteOptions, role: Role, usual: str) -> dict[str, object]:
    """Make the field that tells the roles apart, if there is one."""
    if options.input_types is None:
        return {}
    field, equals, types = options.input_types.rpartition("=")
    query, _, passage = types.partition(",")
    return {field if equals else usual: query if role == "query" else passage}


def most_bytes(texts: int) -> int:
    """Return how large an answer may be."""
    return texts * LONGEST * _NUMBER + _SLACK


def wrong(caller: Caller, what: str) -> EncoderError:
    """Return what is said of an answer that cannot be used."""
    remedy = "is this the right URL and model? Nothing of this answer was kept"
    return EncoderError(f"{caller.address.url}: {what}", remedy)


def check_number(caller: Caller, found: int, wanted: int) -> None:
    """Refuse more or fewer vectors than texts."""
    if found != wanted:
        raise wrong(caller, f"{counted(found, 'vector')} for {counted(wanted, 'text')}")


def numbers(caller: Caller, value: Any, at: int) -> NDArray[np.float64]:  # noqa: ANN401
    """Make an array of a list of numbers."""
    if isinstance(value, list) and all(type(number) in {int, float} for number in value):
        try:
            return np.array(value, dtype=np.float64)
        except OverflowError:
            pass
    raise wrong(caller, f"embedding {at} is no list of numbers")


def _tokens(answer: Mapping[str, Any]) -> int | None:
    """Read how many tokens all texts had together."""
    usage = answer.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) and 0 < tokens < 2**31 else None
