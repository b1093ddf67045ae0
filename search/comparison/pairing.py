"""The queries that two audits share, and the refusal to compare what does not belong together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.errors import InputError
from search.audit.result import Audit, PerQuery
from search.measures.evidence import Floats, Ints
from search.measures.measure import Measure

MIN_SHARED = 0.1
"""Share of the smaller audit's queries that must be in the other one, too. Samples of a corpus
that has grown share a fraction; two corpora share nothing."""

_REMEDY = "audit both with the same queries, --sample and --seed"


@dataclass(frozen=True, slots=True)
class Pairing:
    """n queries that are in both audits, sorted by id."""

    a: PerQuery
    b: PerQuery
    rows_a: Ints
    """(n,) their rows in the first audit."""
    rows_b: Ints
    language: Ints
    """(n,) 0..L-1."""
    languages: tuple[str, ...]
    """Names, sorted."""
    cluster: Ints
    """(n,) 0..C-1, numbered in the order of their names, whichever audit comes first."""
    clusters: int

    def __len__(self) -> int:
        return len(self.language)

    def values(self, measure: Measure) -> tuple[Floats, Floats]:
        """Values of a measure in both audits: (n,) each, NaN where undefined."""
        return (
            np.array(self.a.values[measure], np.float64)[self.rows_a],
            np.array(self.b.values[measure], np.float64)[self.rows_b],
        )


def pair(a: Audit, b: Audit) -> Pairing:
    """Pair the queries of two audits by id.

    Raises:
        InputError: an audit has no values by query or an id twice; they share too few queries;
            or a query has another language or another cluster in the other audit.
    """
    first, second = _rows(a, "first"), _rows(b, "second")
    shared = sorted(first.keys() & second.keys())
    smaller = min(len(first), len(second))
    if len(shared) < max(1, MIN_SHARED * smaller):
        raise InputError(
            f"the audits share {len(shared)} of {len(first)} and {len(second)} queries", _REMEDY
        )
    assert a.per_query is not None
    assert b.per_query is not None
    rows_a, rows_b = ([rows[id_] for id_ in shared] for rows in (first, second))
    _must_agree("language", shared, a.per_query.languages, b.per_query.languages, rows_a, rows_b)
    _must_agree("cluster", shared, a.per_query.clusters, b.per_query.clusters, rows_a, rows_b)
    language, languages = _numbered([a.per_query.languages[i] for i in rows_a])
    cluster, clusters = _numbered([a.per_query.clusters[i] for i in rows_a])
    return Pairing(
        a.per_query,
        b.per_query,
        np.array(rows_a, np.int64),
        np.array(rows_b, np.int64),
        language,
        languages,
        cluster,
        len(clusters),
    )


def _rows(audit: Audit, which: str) -> dict[str, int]:
    """Find each query's row by its id."""
    if audit.per_query is None:
        raise InputError(
            f"the {which} audit holds no values by query (per_query is null)",
            "write it again with `interlingua audit --json`",
        )
    ids = audit.per_query.ids
    rows = {id_: row for row, id_ in enumerate(ids)}
    if len(rows) < len(ids):
        twice = next(id_ for row, id_ in enumerate(ids) if rows[id_] != row)
        raise InputError(
            f"the {which} audit has the query {twice!r} twice", "give every query an id of its own"
        )
    return rows


def _must_agree(
    what: str,
    ids: Sequence[str],
    a: Sequence[str],
    b: Sequence[str],
    rows_a: Sequence[int],
    rows_b: Sequence[int],
) -> None:
    """Refuse queries that are one by id and two by language or cluster."""
    unlike = [
        (id_, a[i], b[j]) for id_, i, j in zip(ids, rows_a, rows_b, strict=True) if a[i] != b[j]
    ]
    if unlike:
        id_, one, other = unlike[0]
        raise InputError(
            f"{len(unlike)} of {len(ids)} shared queries have another {what} in the second audit: "
            f"{id_!r} has {one!r} in the first, {other!r} in the second",
            "compare audits of the same queries, labelled and grouped alike",
        )


def _numbered(names: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
    """Number names in their order."""
    order = tuple(sorted(set(names)))
    number: Callable[[str], int] = {name: i for i, name in enumerate(order)}.__getitem__
    return np.array([number(name) for name in names], np.int64), order
