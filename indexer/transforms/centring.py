"""Per-language centring: every language's mean is moved to the same place.

Libovický, Rosa & Fraser 2020, On the Language Neutrality of Pre-trained Multilingual
Representations, section 3 (arXiv 2004.05160).
"""

import numpy as np

from indexer.records import Vectors
from indexer.transforms.moments import Floats, Moments
from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform


def fit_centring(statistics: Statistics) -> Transform:
    """Fit y = x - b_l, b (L + 1, d): the mean of language l, shrunk, and last the mean of all.

    Needs vectors of two languages. A query of unknown language loses the mean of all.
    """
    moments = statistics.moments
    return Transform("centring", moments.languages, with_rest(shrunk_means(moments), moments))


def shrunk_means(moments: Moments) -> Floats:
    """Estimate the mean of each language, (L, d), small languages nearer to the mean of all.

    The weight of a language's own mean is n t / (n t + s): t is the variance of means between
    languages, s that of vectors inside a language, both summed over dimensions (empirical Bayes,
    Efron & Morris 1973). One text alone is thus not taken for its language.
    """
    counts, means, centre = moments.count(), moments.means(), moments.mean()
    if len(counts) < 2:
        return means
    inside = float(np.trace(moments.within()))
    spread = means - means.mean(axis=0)
    between = float((spread**2).sum() / (len(counts) - 1) - inside * (1 / counts).mean())
    weight = counts * max(between, 0.0) / (counts * max(between, 0.0) + inside + 1e-30)
    return centre + weight[:, None] * (means - centre)


def with_rest(offsets: Floats, moments: Moments) -> Vectors:
    """Add the row for texts of other or unknown languages, the mean of all: (L + 1, d)."""
    return np.vstack([offsets, moments.mean()]).astype(np.float32)
