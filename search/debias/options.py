"""How candidates are compared."""

from dataclasses import dataclass

from search.debias.candidates import Candidate

SAMPLE = 2000
MARGIN = 0.03
OVERLAP_MARGIN = 0.5


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How candidates are compared."""

    margin: float = MARGIN
    """By how much average precision inside any language's own documents may fall."""
    overlap_margin: float = OVERLAP_MARGIN
    """Where that is unknown: share of a language's own neighbours that may change."""
    target_share: float | None = None
    """Share of the answers wanted in the query's language; None wants none for its own sake."""
    sample: int | None = SAMPLE
    """Queries asked at most, evenly by language; None asks all."""
    seed: int = 0
    replicates: int = 1000
    candidates: tuple[Candidate, ...] | None = None
    """What is tried; None for all of it."""
