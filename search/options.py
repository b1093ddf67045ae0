"""What is wanted of a search, whoever asks."""

from dataclasses import dataclass
from typing import Literal, get_args

from indexer.errors import UsageError
from indexer.records import Filter
from search.merging import Merging

Mode = Literal["dense", "lexical", "hybrid"]
"""By vectors, the score being the cosine; by shared terms, BM25; by both, the sum of reciprocal
ranks in both (:mod:`search.fusion`)."""

MODES: tuple[Mode, ...] = get_args(Mode)

EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How neighbours are found, and which.

    Raises:
        UsageError: ``k`` below 1, or an unknown mode.
    """

    k: int = 10
    """Neighbours wanted."""
    allowed: Filter = EVERYTHING
    """Documents that may be found."""
    merging: Merging | None = None
    """How the lists of the languages become one; as the index says when None."""
    mode: Mode = "dense"
    by_document: bool = False
    """Documents by their best chunks, where documents are cut."""
    exact: bool = False
    """Compare with every vector, whatever the kind of the index."""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UsageError(f"k is {self.k}", "ask for at least one neighbour")
        if self.mode not in MODES:
            raise UsageError(f"no mode {self.mode!r}", f"take one of {', '.join(MODES)}")
