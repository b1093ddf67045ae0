"""Two methods that learn from translations: each text is moved towards the mean of its group."""

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors
from indexer.transforms.centring import shrunk_means, with_rest
from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform

PRIOR = 1.0
"""Weight of the identity, in units of the mean variance of a direction."""


def fit_procrustes(statistics: Statistics) -> Transform:
    """Fit y = (x - b_l) R_l, R_l (d, d) the rotation of language l towards the means of its groups.

    R = U V' of the singular value decomposition of the cross-moments (Schönemann 1966), to which
    PRIOR times the identity is added, so that few translations rotate little. Languages without
    translations, and unknown ones, are centred and not rotated.
    """
    texts = _Translations(statistics)
    eye = np.eye(statistics.moments.dim)
    rotations = [eye] * (len(texts.names) + 1)
    for row, name in enumerate(texts.names):
        own = texts.languages == name
        if own.any():
            cross = (texts.centred[own].T @ texts.target[own]).astype(np.float64) / own.sum()
            u, _, v = np.linalg.svd(cross + PRIOR * texts.variance * eye)
            rotations[row] = u @ v
    matrix = np.array(rotations, np.float32)
    return Transform("procrustes", texts.names, texts.offset, matrix=matrix)


def fit_least_squares(statistics: Statistics) -> Transform:
    """Fit y = (x - b_l) A, A the one matrix that brings all texts nearest to their groups' means.

    A (d, d) = (C + a I)^-1 (B + a I): C the second moments of the centred texts, B those with
    their groups' means, a the PRIOR. Ridge regression (Hoerl & Kennard 1970), shrunk towards the
    identity in the place of 0.
    """
    texts = _Translations(statistics)
    ridge = PRIOR * texts.variance * np.eye(statistics.moments.dim)
    n = len(texts.centred)
    covariance = (texts.centred.T @ texts.centred).astype(np.float64) / n
    cross = (texts.centred.T @ texts.target).astype(np.float64) / n
    matrix = np.linalg.solve(covariance + ridge, cross + ridge).astype(np.float32)[None]
    return Transform("least-squares", texts.names, texts.offset, matrix=matrix)


class _Translations:
    """Centred texts and the means of their groups."""

    def __init__(self, statistics: Statistics) -> None:
        moments, rows = statistics.moments, statistics.parallel.rows()
        self.names = moments.languages
        self.offset = with_rest(shrunk_means(moments), moments)
        code = {name: number for number, name in enumerate(self.names)}
        self.languages = np.array(rows.languages)
        moved = rows.vectors - self.offset[[code[name] for name in rows.languages]]
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        self.centred: Vectors = (moved / np.maximum(lengths, 1e-12)).astype(np.float32)
        self.target = _group_means(self.centred, np.array(rows.groups))
        self.variance = float((self.centred**2).sum(axis=1).mean() / moments.dim)


def _group_means(x: Vectors, groups: NDArray[np.int64]) -> Vectors:
    """Give each row the mean of its group."""
    sums = np.zeros((int(groups.max()) + 1, x.shape[1]), np.float32)
    np.add.at(sums, groups, x)
    sums /= np.bincount(groups)[:, None]
    return sums[groups]
