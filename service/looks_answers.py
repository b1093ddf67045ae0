"""The shapes of answers about an index as a whole, for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from indexer.info import IndexInfo
from search.merging import Merging
from search.options import Mode
from service.answers import STATE, How


class LanguageAnswer(BaseModel):
    """One language of the index."""

    lang: str
    documents: int
    share: float = Field(description="Of all documents, from 0 to 1.")


class LanguagesAnswer(BaseModel):
    """The languages of the index, the largest first."""

    languages: list[LanguageAnswer]
    state: int = STATE


class IndexAnswer(BaseModel):
    """``interlingua.info/1`` without the path of the server."""

    schema_: Literal["interlingua.info/1"] = Field(alias="schema")
    state: int = STATE
    writable: bool
    format: int
    documents: int
    deleted: int
    wholes: int | None = Field(
        None,
        description="Documents that the chunks are of, where documents are cut; else null. "
        "`documents` counts chunks there.",
    )
    chunking: str | None = Field(
        None, description="Where documents are cut; null where they are whole."
    )
    languages: dict[str, int]
    language_sources: dict[str, int] = Field(
        description="Documents by where their language comes from: given, or detected."
    )
    detector: str = Field(description="What tells the language of a document without a label.")
    scripts: dict[str, int] = Field(description="Documents by ISO 15924 code of their script.")
    groups: int
    encoder: str
    fingerprint: str
    dim: int
    role: str
    transform: str
    merging: str
    vectors_only: bool = Field(
        description="Whether the vectors were made elsewhere, so that no text can be asked."
    )
    index: dict[str, Any]


class MethodOption(BaseModel):
    """A method that vectors may be put through."""

    name: str
    does: str
    hindered: str | None = Field(None, description="Why it cannot be fitted on this index.")


class MergingOption(BaseModel):
    """A way to merge the lists of languages."""

    name: str
    does: str


class OptionsAnswer(BaseModel):
    """How a search may be asked, and what the index does by itself."""

    state: int = STATE
    modes: list[Mode]
    debias: list[MethodOption]
    merging: list[MergingOption]
    own: How


class Point(BaseModel):
    """One document of a map."""

    x: float
    y: float
    id: str
    lang: str
    group: str | None = None
    text: str = Field(description="Its first 240 characters.")


class MapAnswer(BaseModel):
    """Documents on the first two principal components of those that are drawn."""

    state: int = STATE
    documents: int = Field(description="All that the index holds; points may be fewer.")
    explained: list[float] = Field(description="Shares of the variance along x and y.")
    debias: str
    points: list[Point] = Field(description="None when there are fewer than three documents.")


class Asked(BaseModel):
    """What one version of the meaning found."""

    id: str
    lang: str
    text: str
    hits: int
    observed: dict[str, int] = Field(description="Neighbours in each language.")
    same_meaning: dict[str, int] = Field(description="Those of them that mean the same.")
    expected: dict[str, float] = Field(description="Neighbours in each language by chance.")
    expected_same_meaning: float = Field(description="Neighbours that mean the same, by chance.")
    relevant: int | None = Field(None, description="Documents that mean the same.")


class TranslationsAnswer(BaseModel):
    """Every version of a meaning as the query, each left out of its own answer."""

    state: int = STATE
    group: str
    k: int
    versions: int = Field(description="All that the index holds; at most 64 are asked.")
    how: How
    asked: list[Asked]


def index_answer(
    info: IndexInfo, state: int, *, writable: bool, vectors_only: bool
) -> dict[str, Any]:
    """Describe the index."""
    own = ("format", "documents", "deleted", "wholes", "chunking", "detector", "groups")
    encoder = ("encoder", "fingerprint", "dim", "role")
    kind = ("kind", "files", "bytes", "tail")
    return {
        "schema": "interlingua.info/1",
        "state": state,
        "writable": writable,
        **{name: getattr(info, name) for name in (*own, *encoder)},
        "languages": dict(info.languages),
        "language_sources": dict(info.language_sources),
        "scripts": dict(info.scripts),
        "transform": info.transform,
        "merging": str(Merging.from_json(info.merging)),
        "vectors_only": vectors_only,
        "index": {name: getattr(info, name) for name in kind},
    }
