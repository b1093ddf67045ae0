"""LSAR: the subspace in which the languages' means differ is taken out of all vectors.

Xie, Zhao, Yu & Li 2022, Discovering Low-rank Subspaces for Language-agnostic Multilingual
Representations, section 2.2 and algorithm 1 (EMNLP 2022).
"""

import numpy as np

from indexer.transforms.moments import Floats
from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform


def fit_lsar(statistics: Statistics) -> Transform:
    """Fit y = x - M M' x, M (d, r) orthonormal, r = L - 1; no text's language need be known."""
    moments = statistics.moments
    means = moments.means().T
    rank = max(0, min(means.shape[1] - 1, moments.dim - 1))
    subspace = language_subspace(means, rank).T.astype(np.float32)[None]
    nothing = np.zeros((len(moments.languages) + 1, moments.dim), np.float32)
    return Transform("lsar", moments.languages, nothing, subspace, subspace)


def language_subspace(means: Floats, rank: int) -> Floats:
    """Split means M (d, L) into m 1' + S G' with m orthogonal to S; return S, (d, rank).

    First the best approximation of that form, then, of all ways to write it, the one in which
    what languages share is orthogonal to what tells them apart.
    """
    ones = np.ones(means.shape[1])
    shared = means.mean(axis=1)
    u, s, v = np.linalg.svd(means - np.outer(shared, ones), full_matrices=False)
    near = np.outer(shared, ones) + (u[:, :rank] * s[:rank]) @ v[:rank]
    back = np.linalg.pinv(near.T) @ ones
    shared = back / (back @ back)
    u = np.linalg.svd(near - np.outer(shared, ones), full_matrices=False)[0]
    return u[:, :rank]
