"""Two methods that know nothing of languages: removal of top components, and whitening."""

import numpy as np

from indexer.records import Vectors
from indexer.transforms.lir import strongest_of
from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform

SHRINKAGE = 0.5
"""Share of the mean variance in each variance that is divided by."""


def fit_top_components(statistics: Statistics) -> Transform:
    """Fit y = (x - m) less its part in the first d / 100 principal directions, (d / 100, d).

    Mu & Viswanath 2018, All-but-the-Top (arXiv 1702.01417), algorithm 1.
    """
    moments = statistics.moments
    rank = max(1, moments.dim // 100)
    first = strongest_of(moments.covariance(), rank).astype(np.float32)[None]
    return Transform("abtt", moments.languages, _mean_for_all(statistics), first, first)


def fit_whitening(statistics: Statistics) -> Transform:
    """Fit y = (x - m) C^-1/2 up to a factor; C (d, d) = (1 - a) covariance + a (mean variance) I.

    The symmetric root keeps y as near to x as whitening can (ZCA; Kessy, Lewin & Strimmer 2018).
    a is SHRINKAGE: without it, directions that hold nothing but noise would count like all others.
    """
    moments = statistics.moments
    values, axes = np.linalg.eigh(moments.covariance())
    values = (1 - SHRINKAGE) * values.clip(min=0) + SHRINKAGE * values.mean()
    matrix = (axes * np.sqrt(values[0] / values)) @ axes.T  # its norm is 1: lengths do not matter
    return Transform(
        "zca",
        moments.languages,
        _mean_for_all(statistics),
        matrix=matrix.astype(np.float32)[None],
    )


def _mean_for_all(statistics: Statistics) -> Vectors:
    moments = statistics.moments
    return np.tile(moments.mean(), (len(moments.languages) + 1, 1)).astype(np.float32)
