"""The shapes of answers about an index as a whole, for the OpenAPI document."""

from pydantic import BaseModel, Field

from search.options import Mode
from service.answers import STATE, How


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
