"""What the measures of retrieval look at: for each query, its neighbours and the right documents.

A *stranger* of a query is a document of known language that is not the query, has not its text
and does not mean the same. The bias measures look at strangers alone: one true translation among
the neighbours is no luck of language.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NOBODY = -1
"""In an array of neighbours: past the last one; in one of languages: unknown."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """m queries, L languages, K neighbours, t pairs of a query and a right document."""

    query: Ints
    """(m,) which of the questions each row is about."""
    language: Ints
    """(m,) language of the query, 0..L-1."""
    neighbours: Ints
    """(m, K) places in the pool of the nearest strangers, nearest first; NOBODY past the end."""
    neighbours_any: Ints
    """(m, K) the same with the documents of unknown language among them."""
    neighbour_language: Ints
    """(m, K) languages of ``neighbours``; NOBODY past the end."""
    strangers: Ints
    """(m, L) strangers by language."""
    reach: Ints
    """(m,) documents that are neither the query nor have its text."""
    reach_language: Ints
    """(m, L) of these, by language; documents of unknown language are in none."""
    nearest_right: Ints
    """(m, L) 1 where the nearest document of the language is right (a tie with a wrong one
    counts against it), 0 where not, -1 where the language holds no right document."""
    right: Ints
    """(m, L) right documents by language."""
    pair: "Pairs"
    matched_language: Ints | None
    """(m, K) languages of the nearest strangers whose meaning exists in every language; None when
    that is no different question."""
    matched_strangers: Ints | None
    """(m, L) how many of those there are."""


def first_queries(evidence: Evidence, m: int) -> Evidence:
    """Keep the first m queries."""
    kept = evidence.pair.query < m
    pairs = {f.name: getattr(evidence.pair, f.name)[kept] for f in fields(Pairs)}
    rows: dict[str, Any] = {
        f.name: None if (column := getattr(evidence, f.name)) is None else column[:m]
        for f in fields(Evidence)
        if f.name != "pair"
    }
    return Evidence(pair=Pairs(**pairs), **rows)


@dataclass(frozen=True, slots=True)
class Pairs:
    """t pairs of a query and one right document, in the order of the queries."""

    query: Ints
    """(t,) row of the evidence."""
    language: Ints
    """(t,) of the right document; NOBODY when unknown."""
    rank: Ints
    """(t,) documents in reach that are at least as near, itself included: a tie counts against."""
    right_rank: Ints
    """(t,) right documents among those."""
    below: Ints
    """(t,) strangers of the query's language that are farther."""
    tied: Ints
    """(t,) and those exactly as near."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One measure before it is averaged."""

    values: Floats
    """(m,) NaN where it is undefined for a query."""
    chance: Floats
    """(m,) chance level of each query; NaN where the value is."""
    needs: str
    """What a query must have for the measure to be defined, for messages."""


def undefined_where(condition: Flags, values: Floats, chance: Floats, needs: str) -> Scores:
    """Make scores that are NaN, value and chance, where ``condition`` holds."""
    empty = condition | np.isnan(values)
    return Scores(np.where(empty, np.nan, values), np.where(empty, np.nan, chance), needs)


def mean_of_pairs(evidence: Evidence, values: Floats, chosen: Flags) -> Floats:
    """Average the chosen pairs of each query.

    Args:
        evidence: m queries.
        values: (t,) one a pair.
        chosen: (t,) which pairs count.

    Returns:
        (m,) NaN for a query without any.
    """
    m = len(evidence.language)
    rows = evidence.pair.query[chosen]
    counts = np.bincount(rows, minlength=m)
    sums = np.bincount(rows, weights=values[chosen], minlength=m)
    means: Floats = np.divide(sums, counts, out=np.full(m, np.nan), where=counts > 0)
    return means
