"""LEACE: no linear classifier can tell the language any more, and nothing else changes.

Belrose et al. 2023, LEACE: Perfect linear concept erasure in closed form, theorem 4.3
(arXiv 2306.03819).
"""

import numpy as np

from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform

_TINY = 1e-10
"""Relative to the largest: an eigenvalue or singular value below it counts as zero."""


def fit_leace(statistics: Statistics) -> Transform:
    """Fit y = (x - m) - W+ P W (x - m): the eraser of the theorem, which keeps m, less m (d,).

    W (d, d) whitens (W W = covariance^-1), P (d, d) projects on the columns of W times the
    cross-covariance (d, L) of vectors and language indicators. The rank of P is at most L - 1, so
    that W+ P W is held as two (L - 1, d) factors. No text's language need be known.
    """
    moments = statistics.moments
    values, axes = np.linalg.eigh(moments.covariance())
    kept = values > _TINY * values[-1]
    root = np.sqrt(values[kept])
    whiten = (axes[:, kept] / root) @ axes[:, kept].T
    unwhiten = (axes[:, kept] * root) @ axes[:, kept].T
    # Up to the share of each language, which leaves their span as it is, the cross-covariance.
    cross = (moments.means() - moments.mean()).T
    u, s, _ = np.linalg.svd(whiten @ cross, full_matrices=False)
    u = u[:, s > 1e-6 * s.max(initial=_TINY)]
    offset = np.tile(moments.mean(), (len(moments.languages) + 1, 1)).astype(np.float32)
    read, erase = (whiten @ u).T, (unwhiten @ u).T
    lengths = np.linalg.norm(read, axis=1, keepdims=True)
    read, erase = read / lengths, erase * lengths
    return Transform(
        "leace",
        moments.languages,
        offset,
        read.astype(np.float32)[None],
        erase.astype(np.float32)[None],
    )
