"""How crowded the surroundings of a document are with texts of a language: r of CSLS."""

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors

NEIGHBOURS = 10
SAMPLE = 256
"""Documents of each language that stand for all of them."""

_ROWS = 1024
_ITSELF = 1 - 1e-6

Crowding = NDArray[np.float32]


def crowding(vectors: Vectors, sample: Vectors) -> Crowding:
    """Mean cosine of documents to their nearest texts in a sample of a language.

    Conneau et al. 2018 (arXiv 1710.04087), section 2.3: r is the mean over the 10 nearest texts
    of the other side. A sample of 256 texts stands for the language, so that the cost grows with
    the documents and not with their square; a document's own text is left out of it.

    Args:
        vectors: (n, d) float32 unit rows, transformed: the documents.
        sample: (at most 256, d) unit rows.

    Returns:
        (n,) in [-1, 1]; 0 where the sample holds nothing else.
    """
    mean = np.zeros(len(vectors), np.float32)
    n = min(NEIGHBOURS, len(sample))
    for start in range(0, len(vectors) if n else 0, _ROWS):
        # Pair by pair: the sums of a matrix product depend on the shape of the whole.
        scores = np.vecdot(vectors[start : start + _ROWS, None], sample[None])
        scores[scores > _ITSELF] = -np.inf
        best = np.partition(scores, len(sample) - n, axis=1)[:, len(sample) - n :]
        known = np.isfinite(best)
        total = np.where(known, best, 0.0).sum(axis=1)
        mean[start : start + _ROWS] = total / known.sum(axis=1).clip(min=1)
    return mean
