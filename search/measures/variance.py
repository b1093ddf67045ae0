"""How much of the vectors' variance is language, how much meaning, how much neither alone."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from indexer.records import Vectors
from search.measures.measure import Measurement
from search.measures.resample import Floats, Ints, draws, measured, ratio, undefined

_ROUNDING = 1e-12
"""Variance below this share of the mean square is that of float32's last digits."""


@dataclass(frozen=True, slots=True)
class VarianceShares:
    """The three shares are fractions of the total sum of squares and add up to 1."""

    language: Measurement
    meaning: Measurement
    interaction: Measurement
    """What is left: how a text is put in one language; noise as well, with one document a cell."""
    meaning_raw: Measurement
    """Mean square of the meanings' means about the grand mean, in squared lengths of a vector. A
    share cannot see that all vectors shrink towards one point; this falls."""
    grid: tuple[int, int]
    """Languages and groups it is about; ``n`` is their product."""
    crowded: int
    """Cells that had more documents than the first one, which was taken."""


class _Grid(NamedTuple):
    rows: Ints
    """(L, M) the first document of each cell."""
    crowded: int


def variance_shares(
    vectors: Vectors, language: Ints, group: Ints, *, seed: int, replicates: int
) -> VarianceShares:
    """Two-way analysis of variance, language by meaning, over the full translation grid.

    Balanced fixed effects with one document a cell (Fisher 1925; Scheffe 1959, The Analysis of
    Variance, chapter 4), summed over the d components. For L languages and M groups that have a
    document in every language: SS_language = M sum_l |x_l. - x..|^2, SS_meaning =
    L sum_m |x_.m - x..|^2, the rest of the total is interaction. A language that stands in no
    group is none of the grid's; one in few groups makes the grid small: mark its documents
    unknown to leave it out.

    Chance, in closed form and exact if the documents were dealt to the cells at random:
    (L-1)/(LM-1), (M-1)/(LM-1) and (L-1)(M-1)/(LM-1) of the total.

    The interval is that of groups drawn with replacement. Squares of means that are drawn again
    come out too large by the noise of drawing; the replicates are moved by that bias, the
    difference of their mean to the value (Efron & Tibshirani 1993, An Introduction to the
    Bootstrap, chapter 10).

    Args:
        vectors: (n, d) float32, taken as they are.
        language: (n,) codes; negative for unknown, which leaves the document out.
        group: (n,) codes; negative for none, which leaves the document out.
        seed: of the bootstrap over groups.
        replicates: of the bootstrap.
    """
    grid = _grid(language, group)
    shape = grid.rows.shape
    if shape[0] < 2 or shape[1] < 2:
        what = "2 languages" if shape[0] < 2 else "2 groups with a document in each language"
        return _refused(f"needs {what}", grid)
    cells = vectors[grid.rows].astype(float)
    size = float(np.square(cells).sum())
    cells -= cells.mean(axis=(0, 1))
    parts = _Parts.of(cells)
    actual = _squares(parts, np.ones((1, shape[1])))[0]
    if actual[-1] <= _ROUNDING * size:
        return _refused("the vectors do not vary", grid)
    drawn = [_squares(parts, w) for w in draws(shape[1], seed=seed, replicates=replicates)]
    return _summary(actual, np.concatenate([np.empty((0, 4)), *drawn]), grid)


def _grid(language: Ints, group: Ints) -> _Grid:
    """Find the groups that have a document in every language that has a group."""
    kept = np.flatnonzero((language >= 0) & (group >= 0))
    codes, place = np.unique(language[kept], return_inverse=True)
    wide = max(1, len(codes))
    names, of = np.unique(group[kept], return_inverse=True)
    cell, first, count = np.unique(of * wide + place, return_index=True, return_counts=True)
    full = np.bincount(cell // wide, minlength=len(names))[cell // wide] == len(codes)
    rows = kept[first[full]].reshape(-1, wide).T
    return _Grid(rows if len(codes) else rows[:0], int((count[full] > 1).sum()))


class _Parts(NamedTuple):
    """Sums that every replicate starts from."""

    cells: Floats
    """(L, M, d) about the grand mean."""
    meaning: Floats
    """(M,) squared length of each group's sum over the languages."""
    square: Floats
    """(M,) squared lengths of each group's documents, added up."""

    @classmethod
    def of(cls, cells: Floats) -> "_Parts":
        sums = cells.sum(axis=0)
        square = np.einsum("lmd,lmd->m", cells, cells)
        return cls(cells, np.einsum("md,md->m", sums, sums), square)


def _squares(parts: _Parts, weights: Floats) -> Floats:
    """(R, 4) sums of squares: language, meaning, interaction, total; groups ``weights`` times."""
    languages, groups, _ = parts.cells.shape
    whole = np.zeros((len(weights), parts.cells.shape[2]))
    language = np.zeros(len(weights))
    for each in parts.cells:
        sums = weights @ each
        whole += sums
        language += np.einsum("rd,rd->r", sums, sums)
    grand = np.einsum("rd,rd->r", whole, whole) / (languages * groups)
    language = language / groups - grand
    meaning = weights @ parts.meaning / languages - grand
    total = weights @ parts.square - grand
    return np.stack([language, meaning, total - language - meaning, total], axis=1)


def _summary(actual: Floats, drawn: Floats, grid: _Grid) -> VarianceShares:
    """Turn sums of squares into shares with chance levels and intervals."""
    languages, groups = grid.rows.shape
    n, total = grid.rows.size, float(actual[3])
    freedom = (languages - 1, groups - 1, (languages - 1) * (groups - 1))

    def one(value: float, chance: float, samples: Floats, largest: float) -> Measurement:
        moved = samples - (samples.mean() - value) if len(samples) else samples
        return measured(value, chance, np.clip(moved, 0, largest), n, groups)

    language, meaning, interaction = (
        one(float(actual[i]) / total, free / (n - 1), ratio(drawn[:, i], drawn[:, 3]), 1.0)
        for i, free in enumerate(freedom)
    )
    chance = total / n * (groups - 1) / (n - 1)
    raw = one(float(actual[1]) / n, chance, drawn[:, 1] / n, np.inf)
    return VarianceShares(language, meaning, interaction, raw, (languages, groups), grid.crowded)


def _refused(reason: str, grid: _Grid) -> VarianceShares:
    languages, groups = grid.rows.shape
    none = undefined(reason, grid.rows.size)
    return VarianceShares(none, none, none, none, (languages, groups), grid.crowded)
