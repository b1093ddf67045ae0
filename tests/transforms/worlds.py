"""Planted vectors in which language and meaning are known directions."""

import numpy as np
from numpy.typing import NDArray

from indexer.records import Vectors
from indexer.transforms import Statistics

LANGUAGES = ("de", "en", "fi", "th")


def planted(
    meanings: int = 60, dim: int = 24, bias: float = 2.0, seed: int = 0
) -> tuple[Vectors, list[str], list[str]]:
    """Make each meaning in each language: meaning + bias * language + noise, unit rows."""
    rng = np.random.default_rng(seed)
    meaning = rng.standard_normal((meanings, dim))
    language = rng.standard_normal((len(LANGUAGES), dim))
    noise = 0.3 * rng.standard_normal((len(LANGUAGES), meanings, dim))
    points = meaning + bias * language[:, None] + noise
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    spoken = [name for name in LANGUAGES for _ in range(meanings)]
    groups = [str(m) for _ in LANGUAGES for m in range(meanings)]
    return points.reshape(-1, dim).astype(np.float32), spoken, groups


def statistics_of(vectors: Vectors, languages: list[str], groups: list[str]) -> Statistics:
    """Gather in one piece."""
    found = Statistics(vectors.shape[1])
    found.add(vectors, languages, list(groups))
    return found


def same_language_share(vectors: NDArray[np.float32], languages: list[str], k: int = 5) -> float:
    """Share of the k nearest that have the language of the asking document, by brute force."""
    spoken = np.array(languages)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    near = np.argsort(-scores, axis=1)[:, :k]
    return float((spoken[near] == spoken[:, None]).mean())
