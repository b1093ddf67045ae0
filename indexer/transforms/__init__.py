"""Transforms that take language out of vectors: fitted in closed form, frozen, applied."""

from indexer.transforms.catalogue import METHODS, NONE, fit_transform
from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform

__all__ = ["METHODS", "NONE", "Statistics", "Transform", "fit_transform"]
