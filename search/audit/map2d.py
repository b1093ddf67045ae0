"""The documents in two dimensions, for the eye."""

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors
from search.audit.pool import Pool
from search.audit.result import MapPoint, VectorMap
from search.measures.evidence import NOBODY, Ints

POINTS = 1500


def vector_map(pool: Pool, texts: dict[str, str], places: Ints) -> VectorMap | None:
    """Draw documents in the plane in which they vary most, see :func:`project`.

    Linear and without parameters: what lies apart on it lies apart in the vectors, though what
    lies together need not lie together.

    Args:
        pool: the documents.
        texts: the text of each chosen document by id.
        places: the chosen documents.
    """
    drawn = project(pool.vectors[places])
    if drawn is None:
        return None
    flat, explained = drawn
    points = tuple(
        MapPoint(
            x=round(float(x), 5),
            y=round(float(y), 5),
            lang="und" if pool.language[place] == NOBODY else pool.languages[pool.language[place]],
            group=None if pool.group[place] == NOBODY else pool.groups[pool.group[place]],
            id=pool.ids[place],
            text=texts[pool.ids[place]][:80],
        )
        for place, (x, y) in zip(places.tolist(), flat, strict=True)
    )
    return VectorMap("principal components", explained, points)


def project(vectors: Vectors) -> tuple[NDArray[np.float64], tuple[float, float]] | None:
    """Project vectors on the two directions in which they vary most (PCA).

    Args:
        vectors: (n, d) float32.

    Returns:
        (n, 2) and the shares of the variance along both; None where there is no plane: fewer than
        three vectors, or all the same.
    """
    if len(vectors) < 3:
        return None
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    if values[-1] <= 0 or len(values) < 2:
        return None
    axes = axes[:, [-1, -2]]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])  # eigenvectors have no sign
    total = float(values.clip(0).sum())
    return centred @ axes, (float(values[-1]) / total, float(max(values[-2], 0)) / total)


def choose_points(pool: Pool, seed: int, limit: int = POINTS) -> Ints:
    """Draw documents for the map: whole groups first, so that meanings can be followed."""
    rng = np.random.default_rng(seed)
    if len(pool) <= limit:
        return np.arange(len(pool))
    size = np.bincount(pool.group[pool.group != NOBODY], minlength=len(pool.groups))
    luck = rng.random(len(pool))
    turn = rng.permutation(len(pool.groups)) if len(pool.groups) else np.empty(0, np.int64)
    joined = (pool.group != NOBODY) & (size[pool.group] > 1 if len(size) else False)
    key = np.where(joined, turn[pool.group] / max(1, len(turn)) if len(turn) else 0, 1 + luck)
    return np.sort(np.argsort(key, kind="stable")[:limit])
