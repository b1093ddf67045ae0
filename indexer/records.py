"""The nouns that travel between the layers: frozen records without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""(n, d) float32, one unit row a text."""

Role = Literal["query", "passage"]
"""What a text is to a retrieval model; a model's prompts hang on it."""

LanguageSource = Literal["given", "detected"]

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "^="]
"""``^=`` asks how a value begins."""

UNKNOWN_LANGUAGE = "und"
"""BCP-47 for a language that is not known."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text of a corpus.

    Two documents with the same text and different ids are two documents.
    """

    id: str
    """Unique in an index; at most 512 bytes of UTF-8."""
    text: str
    """As read; at most 1 MiB of UTF-8, never empty."""
    lang: str = UNKNOWN_LANGUAGE
    """Canonical BCP-47 tag, ``und`` when unknown."""
    group: str | None = None
    """Joins documents that mean the same (translations); None when nothing is known."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """Every other field of the corpus record, as JSON values."""
    lang_source: LanguageSource = "given"
    """Whether ``lang`` was given by the corpus or detected from the text."""
    lang_probability: float | None = None
    """The detector's probability in [0, 1]; None when the language was given."""


class Encoding(NamedTuple):
    """What an encoder makes of n texts, rows in the order of the texts."""

    vectors: Vectors
    """(n, d) float32, unit rows."""
    tokens: NDArray[np.int32]
    """(n,) tokens of each text and its prompt, before truncation, special tokens included; -1
    where nobody says."""
    tokens_dropped: NDArray[np.int32]
    """(n,) how many of them the model never saw, because its input is limited; -1 where nobody
    says."""


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """A document with what the encoder made of it, ready to be committed."""

    document: Document
    vector: Vectors
    """(d,) float32, unit length: the raw vector as encoded, before any transform."""
    tokens: int
    """-1 where nobody says."""
    tokens_dropped: int
    """-1 where nobody says."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One neighbour of a query."""

    document: Document
    score: float
    """Cosine in [-1, 1], higher is nearer."""
    rank: int
    """1 is the nearest."""


class Condition(NamedTuple):
    """What a field of the metadata must be; no condition holds of one that is absent or null.

    ``=``, ``!=`` and ``^=`` look at the value as text: a string as it is, anything else as its
    JSON. The others compare numbers as numbers, where both sides are numbers or strings that read
    as one, and strings as text, in the order of code points; a number and a text have no order.
    """

    key: str
    """Name of the field, taken literally."""
    value: str
    """What it is held against, as a person would write it."""
    operator: Operator = "="


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents a search may return; the empty filter allows all."""

    languages: frozenset[str] | None = None
    """Canonical tags; None allows every language."""
    where: tuple[Condition, ...] = ()
    """Conditions that must all hold."""
    exclude: frozenset[str] = frozenset()
    """Ids that are never returned (the query itself)."""
