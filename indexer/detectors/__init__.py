"""The language detectors, by name: py3langid in the core, lingua and eldc as extras."""

import logging
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
    "detector_of_index",
    "open_detector",
    "own_threshold",
]

DEFAULT_DETECTOR = "py3langid"

_LOG = logging.getLogger(__name__)


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


def detector_of_index(name: str) -> Detector:
    """Make the detector that an index was built with; py3langid, and a warning, where it is not.

    Two detectors differ, and the language of a query should be told as that of the documents was.
    """
    try:
        return open_detector(name)
    except UsageError as error:
        said = f"{error}; languages of queries are told by {DEFAULT_DETECTOR} instead"
        _LOG.warning("the index was built with detector %r: %s", name, said)
        return Langid()


def own_threshold(name: str) -> float:
    """Return the threshold that a detector has when none is given.

    Raises:
        UsageError: there is no such detector.
    """
    if name not in _MAKERS:
        raise UsageError(f"unknown detector {name!r}", f"choose one of {', '.join(_MAKERS)}")
    return _MAKERS[name][1]
