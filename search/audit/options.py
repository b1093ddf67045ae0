"""How an audit is done."""

from dataclasses import dataclass

from indexer.records import Filter
from search.merging import Merging

EVERYTHING = Filter()
KS = (1, 5, 10, 50)
REPLICATES = 1000
LARGE = 20_000
"""Queries above which a sample is taken unless another is asked for."""
SAMPLE = 10_000


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How an audit is done."""

    ks: tuple[int, ...] = KS
    """Numbers of neighbours, ascending."""
    sample: int | None = None
    """Queries asked at most; None takes SAMPLE when there are more than LARGE, 0 takes all."""
    seed: int = 0
    replicates: int = REPLICATES
    """Bootstrap samples."""
    allowed: Filter = EVERYTHING
    """Documents that are audited."""
    as_served: bool = False
    """Neighbours as the index serves them, not exact ones."""
    merging: Merging | None = None
    """How the lists of the languages are merged; None for the way of the index."""
    peer: bool = False
    """Measure PEER, too."""
    command: str | None = None
    """For the record."""


DEFAULTS = AuditOptions()
