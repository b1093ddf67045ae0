"""The language detectors, by name: py3langid in the core, lingua and eldc as extras."""

from collections.abc import Callable
from typing import Protocol

from indexer.detectors.compiled import Eldc
from indexer.detectors.ngrams import Lingua
from indexer.errors import UsageError
from indexer.languages import THRESHOLD, Detector, Langid

__all__ = [
    "DEFAULT_DETECTOR",
    "DETECTORS",
    "Eldc",
    "Lingua",
    "PackagedDetector",
    "open_detector",
    "own_threshold",
]

DEFAULT_DETECTOR = "py3langid"


class PackagedDetector(Detector, Protocol):
    """A detector out of a package, which says what it can answer."""

    @property
    def languages(self) -> frozenset[str]:
        """The canonical tags that it can answer."""
        ...


_MAKERS: dict[str, tuple[Callable[[float], PackagedDetector], float]] = {
    DEFAULT_DETECTOR: (Langid, THRESHOLD),
    "lingua": (Lingua, Lingua.THRESHOLD),
    "eldc": (Eldc, Eldc.THRESHOLD),
}

DETECTORS = tuple(_MAKERS)
"""The names that :func:`open_detector` takes."""


def open_detector(name: str = DEFAULT_DETECTOR, threshold: float | None = None) -> PackagedDetector:
    """Make the detector of this name; its model is loaded by the first text.

    Args:
        name: one of :data:`DETECTORS`.
        threshold: score in [0, 1] below which a language is ``und``; the detector's own when
            None, since no two detectors mean the same by a score.

    Raises:
        UsageError: there is no such detector, or its package is not installed.
    """
    own = own_threshold(name)
    return _MAKERS[name][0](own if threshold is None else threshold)


def own_threshold(name: str) -> float:
    """Return the threshold that a detector has when none is given.

    Raises:
        UsageError: there is no such detector.
    """
    if name not in _MAKERS:
        raise UsageError(f"unknown detector {name!r}", f"choose one of {', '.join(_MAKERS)}")
    return _MAKERS[name][1]
