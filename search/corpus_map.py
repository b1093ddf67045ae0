"""A corpus as points in the plane, for the eye: what lies apart there lies apart in the vectors."""

from dataclasses import dataclass

from indexer.index import Snapshot
from indexer.records import Document
from search.audit.map2d import project


@dataclass(frozen=True, slots=True)
class Place:
    """One document of the map."""

    document: Document
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class CorpusMap:
    """Some documents of an index on its first two principal components."""

    places: tuple[Place, ...]
    """Empty when there is no plane: fewer than three documents, or all the same."""
    documents: int
    """All that the index holds."""
    explained: tuple[float, float]
    """Shares of the variance of the places along x and y, in [0, 1]."""


def draw_map(state: Snapshot, limit: int) -> CorpusMap:
    """Draw at most ``limit`` documents, whole groups first, always the same ones of one state."""
    vids, documents = state.spread(limit)
    total = sum(state.language_counts().values())
    drawn = project(state.searched_vectors(vids))
    if drawn is None:
        return CorpusMap((), total, (0.0, 0.0))
    places = tuple(
        Place(document, round(float(x), 5), round(float(y), 5))
        for document, (x, y) in zip(documents, drawn[0], strict=True)
    )
    return CorpusMap(places, total, drawn[1])
