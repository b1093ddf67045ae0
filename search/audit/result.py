"""The result of an audit, as every report, comparison and gate reads it.

Plain frozen records; ``search/audit/schema.py`` writes and reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from search.measures.measure import Measure, Measurements

Mode = Literal["labels", "groups", "judgements"]
"""What is known: languages only; which documents mean the same; which answer a query."""


@dataclass(frozen=True, slots=True)
class AuditedIndex:
    """What was audited."""

    documents: int
    languages: Mapping[str, int]
    """Documents by language, ``und`` included."""
    encoder: str
    fingerprint: str
    transform: str | None
    """Name of the transform that was in force; None when the vectors are as encoded."""
    role: str
    """Role in which the documents were encoded: passage or query."""
    seq: int
    """Number of the commit that was audited."""
    merging: str | None = None
    """How the lists of the languages were merged; None when they were not."""


@dataclass(frozen=True, slots=True)
class AuditedQueries:
    """Who asked."""

    source: Literal["documents", "queries"]
    """Whether each document asked for its own neighbours, or queries were given."""
    total: int
    """Before sampling and skipping."""
    sampled: int
    """That were asked."""
    languages: Mapping[str, int]
    """Of the sampled ones."""
    skipped: Mapping[str, int]
    """Reason -> queries that were not asked."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Language of the query by language of its neighbours, its own meaning left out."""

    k: int
    observed: Mapping[str, Mapping[str, float]]
    """Query language -> document language -> share of the k neighbours, in [0, 1]."""
    expected: Mapping[str, Mapping[str, float]]
    """The same by chance: the share of the documents in reach."""


@dataclass(frozen=True, slots=True)
class AuditNeighbour:
    """A neighbour of one of the worst queries."""

    rank: int
    id: str
    lang: str
    score: float
    text: str
    """At most 300 characters."""
    same_meaning: bool | None


@dataclass(frozen=True, slots=True)
class WorstQuery:
    """A query whose neighbours share its language and not its meaning."""

    id: str
    lang: str
    text: str
    """At most 300 characters."""
    same_language: int
    """Of ``k`` neighbours, its own meaning left out."""
    k: int
    expected: float
    """By chance, of ``k``."""
    p_value: float
    """Hypergeometric P[at least ``same_language``]."""
    missed: int | None
    """Documents of its meaning in other languages that are not among the k nearest; None when
    no meaning is known."""
    neighbours: tuple[AuditNeighbour, ...]


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """How far uncertain language labels could move a measure."""

    uncertain_documents: int
    """Of unknown language, or detected with a probability below ``threshold``."""
    uncertain_queries: int
    threshold: float
    bounds: Mapping[Measure, tuple[float, float]]
    """The value if every uncertain label were wrong in the one direction, and in the other."""


@dataclass(frozen=True, slots=True)
class MapPoint:
    """One document of the two-dimensional map."""

    x: float
    y: float
    lang: str
    group: str | None
    id: str
    text: str
    """At most 80 characters."""


@dataclass(frozen=True, slots=True)
class VectorMap:
    """Documents in two dimensions."""

    method: str
    explained: tuple[float, float]
    """Shares of the variance that the two axes hold, in [0, 1]."""
    points: tuple[MapPoint, ...]


@dataclass(frozen=True, slots=True)
class PerQuery:
    """Every value before it was averaged, so that two audits can be compared query by query."""

    ids: tuple[str, ...]
    languages: tuple[str, ...]
    clusters: tuple[str, ...]
    """Queries of one cluster are versions or parts of one thing and are drawn together: their
    group, else the document that they are chunks of, else their id."""
    values: Mapping[Measure, tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class Method:
    """All that is needed to do it again."""

    command: str | None
    """The command line, when there was one."""
    seed: int
    replicates: int
    """Bootstrap samples."""
    ks: tuple[int, ...]
    sample: int | None
    search: Literal["exact", "as served"]
    arithmetic: str
    """Of the vectors: ``cpu bfloat16``."""
    created: str
    """ISO 8601, UTC."""
    seconds: float
    versions: Mapping[str, str]
    """Package -> version."""
    self_check: Mapping[str, float]
    """``fair`` and ``biased``: excess@10 of planted encoders, measured before the audit by the
    same code; it must be near 0 and near 1."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found."""

    mode: Mode
    index: AuditedIndex
    queries: AuditedQueries
    overall: Measurements
    """Macro average over query languages."""
    by_language: Mapping[str, Measurements]
    matrix: Matrix
    anchors: Mapping[str, float]
    """``map_random`` and ``map_language_separated``: the mean average precision of a random
    ranking, and of one that is perfect within each language and keeps languages in blocks, the
    query's first. Empty when no meaning is known."""
    worst: tuple[WorstQuery, ...]
    leave_one_out: Mapping[str, Mapping[str, float | None]] | None
    """Query language -> language of the answer that was taken away -> fall of the mean average
    precision; None when no meaning is known."""
    label_noise: LabelNoise
    warnings: tuple[str, ...]
    not_measured: Mapping[str, str]
    """Measure -> what it would need."""
    map2d: VectorMap | None
    method: Method
    interrupted: bool = False
    """Whether it was stopped before all queries were asked; the values are of those that were."""
    per_query: PerQuery | None = field(default=None, repr=False)
