"""Audits made of values, and audits of which one is better than the other by design."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from search.audit.result import (
    Audit,
    AuditedIndex,
    AuditedQueries,
    LabelNoise,
    Matrix,
    Method,
    PerQuery,
)
from search.measures.measure import Measure, Measurement

Values = Sequence[float | None]

EXCESS, AUC, PROBE = Measure("excess", 10), Measure("strong_auc"), Measure("language_probe")

HOSTILE = ("\x1b[31m\u202ered<b>&\"'", "a%b\r\nc::error::d,e", "\x00\uffff]]>")
"""Names of languages that would do harm unescaped."""


def audit_of(
    languages: Sequence[str],
    clusters: Sequence[str],
    values: Mapping[Measure, Values],
    ids: Sequence[str] | None = None,
) -> Audit:
    """Make an audit of these values; its own intervals are the values give or take 0.01.

    Args:
        languages: of each query.
        clusters: of each query.
        values: of each measure, one a query.
        ids: of each query; q0, q1, ... without.
    """
    names = ids or [f"q{i}" for i in range(len(languages))]
    rows: dict[str, dict[Measure, Measurement]] = {lang: {} for lang in sorted(set(languages))}
    overall = {PROBE: Measurement(0.75, 0.5, 0.7, 0.8, 500)}
    for measure, column in values.items():
        for lang, row in rows.items():
            mine = [v for v, at in zip(column, languages, strict=True) if at == lang]
            row[measure] = around([v for v in mine if v is not None])
        means = [row[measure].value for row in rows.values()]
        n = sum(v is not None for v in column)
        known = [v for v in means if v is not None]
        overall[measure] = dataclasses.replace(around(known), n=n)
    counts = {lang: list(languages).count(lang) for lang in rows}
    return Audit(
        mode="groups",
        index=AuditedIndex(1500, counts, "hashing", "hashing:1", None, "passage", 1),
        queries=AuditedQueries("documents", len(languages), len(languages), counts, {}),
        overall=overall,
        by_language=rows,
        matrix=Matrix(10, {}, {}),
        anchors={},
        worst=(),
        leave_one_out=None,
        label_noise=LabelNoise(0, 0, 0.9, {}),
        warnings=(),
        not_measured={},
        map2d=None,
        method=Method(None, 0, 1000, (1, 10), None, "exact", "cpu", "2026-05-04", 1.0, {}, {}),
        per_query=PerQuery(
            tuple(names),
            tuple(languages),
            tuple(clusters),
            {m: tuple(column) for m, column in values.items()},
        ),
    )


def around(values: Sequence[float]) -> Measurement:
    """Measure a mean, with an interval that is made up."""
    if not values:
        return Measurement(None, None, None, None, 0, "no query has it")
    mean = sum(values) / len(values)
    return Measurement(mean, 0.0, mean - 0.01, mean + 0.01, len(values))


def before_and_after(
    change: float,
    *,
    groups: int = 60,
    languages: Sequence[str] = ("de", "en", "he"),
    noise: float = 0.1,
    seed: int = 0,
) -> tuple[Audit, Audit]:
    """Make two audits of one query a group and language, the second ``change`` higher in excess.

    Args:
        change: of the mean of excess@10; of strong_auc it is the opposite.
        groups: clusters.
        languages: of each group.
        noise: standard deviation of the change of a group, and of that of a query.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    shape = (groups, len(languages))
    first = rng.normal(0.5, 0.2, shape)
    moved = rng.normal(change, noise, shape) + rng.normal(0, noise, (groups, 1))
    langs = list(languages) * groups
    clusters = [f"g{g}" for g in range(groups) for _ in languages]
    pairs = ((first, 1 - first), (first + moved, 1 - first - moved))
    a, b = (
        audit_of(langs, clusters, {EXCESS: x.ravel().tolist(), AUC: y.ravel().tolist()})
        for x, y in pairs
    )
    return a, b
