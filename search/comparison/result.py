"""What a comparison of two audits found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from search.measures.measure import Measure

Correction = Literal["holm", "bh"]
"""Of the p-values of the languages: Holm (no false alarm in any language) or Benjamini-Hochberg
(few false alarms among the alarms)."""

Outcome = Literal["better", "worse", "changed", "noise", "untested"]
"""``changed``: more than noise, of a measure that has no better side; ``noise``: no more than
noise explains; ``untested``: there is no p."""


NEGLIGIBLE = 5e-5
"""Change, of a value up to 1 or as a share of a larger one, that is called none however certain it
is: another machine's arithmetic moves a score by as much, in all queries alike."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one measure moved, over all languages or in one. Undefined is None."""

    a: float | None
    """Of the first audit, on the queries that count here."""
    b: float | None
    difference: float | None
    """b - a."""
    low: float | None
    high: float | None
    """Interval of the difference: paired cluster bootstrap, percentile method."""
    p: float | None
    """Two-sided, sign-flip test over clusters, in (0, 1]."""
    p_adjusted: float | None
    """The same, corrected over the languages; over all languages it is ``p``."""
    n: int
    """Queries that have the measure in both audits (documents for measures of the vectors)."""
    left_out: int
    """Paired queries that lack it in one of the two."""
    clusters: int
    """Clusters that the n are of; 0 for measures of the vectors."""
    outcome: Outcome
    reason: str | None = None
    """Why something is None."""

    @property
    def negligible(self) -> bool:
        """Whether the change is too small to be called one."""
        return self.difference is not None and negligible(self.difference, self.a)


def negligible(difference: float, a: float | None) -> bool:
    """Whether a change from ``a`` is too small to be called one."""
    return abs(difference) < NEGLIGIBLE * max(1.0, abs(a or 0.0))


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure in both audits."""

    overall: Difference
    """Macro average over the query languages."""
    by_language: Mapping[str, Difference]
    paired: bool
    """Whether it was compared query by query; if not, value to value."""


@dataclass(frozen=True, slots=True)
class Differing:
    """Something other than the measures that is not the same in both audits."""

    what: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What moved from audit A to audit B."""

    pairs: int
    """Queries that are in both."""
    clusters: int
    only_a: int
    """Queries that are in the first alone, and are left out."""
    only_b: int
    headline_k: int
    """Neighbours looked at by the measures that are shown first."""
    measures: Mapping[Measure, Compared]
    missing: Mapping[Measure, Literal["a", "b"]]
    """Measures that one audit alone has, and which."""
    differing: tuple[Differing, ...]
    correction: Correction
    level: float
    """Of the intervals; a p of at most 1 - level is more than noise."""
    seed: int
    replicates: int
    exact: bool
    """Whether every way to flip signs was tried, not a random choice of them."""
