"""The parts of an audit that are tables of languages, not measurements."""

import numpy as np

from search.audit.result import Matrix
from search.measures.anchors import language_separated_map, random_map
from search.measures.evidence import NOBODY, Evidence
from search.measures.leave_one_out import leave_one_out


def language_matrix(evidence: Evidence, names: tuple[str, ...], k: int) -> Matrix:
    """Share of each document language among the k nearest strangers, by language of the query.

    Args:
        evidence: what was gathered.
        names: the languages, by number.
        k: neighbours looked at.
    """
    near, size = evidence.neighbour_language[:, :k], len(names)
    drawn, total = (near != NOBODY).sum(axis=1), evidence.strangers.sum(axis=1)
    counts = np.stack([(near == code).sum(axis=1) for code in range(size)], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        tables = counts / drawn[:, None], evidence.strangers / total[:, None]
    observed, expected = (
        {
            names[code]: dict(zip(names, table[rows].mean(axis=0).tolist(), strict=True))
            for code in range(size)
            if (rows := (drawn > 0) & (evidence.language == code)).any()
        }
        for table in tables
    )
    return Matrix(k, observed, expected)


def map_anchors(evidence: Evidence) -> dict[str, float]:
    """Yardsticks of the mean average precision; empty when no query has a right document."""
    found = {
        "map_random": random_map(evidence),
        "map_language_separated": language_separated_map(evidence),
    }
    return {name: value for name, value in found.items() if value is not None}


def leave_one_out_table(
    evidence: Evidence, names: tuple[str, ...]
) -> dict[str, dict[str, float | None]]:
    """:func:`search.measures.leave_one_out.leave_one_out` by name, undefined as None."""
    falls = leave_one_out(evidence)
    return {
        names[row]: {
            names[column]: None if np.isnan(value) else float(value)
            for column, value in enumerate(falls[row].tolist())
        }
        for row in np.unique(evidence.language).tolist()
    }
