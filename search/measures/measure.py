"""A measure's name as a value (``excess@10`` parses, prints, sorts), and what measuring gives."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from indexer.errors import UsageError

_SHAPE = re.compile(r"(?P<name>[a-z][a-z_]*)(@(?P<k>[1-9][0-9]{0,5}))?")


@dataclass(frozen=True, slots=True)
class Measure:
    """Which measure, and at how many neighbours.

    Sorted by name and then by number, so that ``excess@5`` comes before ``excess@10``.
    """

    name: str
    k: int | None = None
    """Neighbours looked at; None where a measure looks at all documents."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``name`` or ``name@k``.

        Raises:
            UsageError: neither of the two.
        """
        found = _SHAPE.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r} names no measure", "write it as excess@10 or strong_auc")
        return cls(found["name"], int(found["k"]) if found["k"] else None)

    def __str__(self) -> str:
        return self.name if self.k is None else f"{self.name}@{self.k}"

    def __lt__(self, other: Self) -> bool:
        return (self.name, self.k or 0) < (other.name, other.k or 0)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A score is never shown without its chance level, its interval and its n."""

    value: float | None
    """None where it is undefined; ``reason`` then says why."""
    chance: float | None
    """What the same measure gives when language and meaning play no part."""
    low: float | None
    high: float | None
    """95 % interval of ``value``: cluster bootstrap, percentile method."""
    n: int
    """Queries (for measures of the vectors: documents) the value is a mean over."""
    reason: str | None = None
    """Why ``value``, ``chance`` or the interval is None."""


Measurements = Mapping[Measure, Measurement]


@dataclass(frozen=True, slots=True)
class Profile:
    """One measure of the vectors themselves, over all languages and in each."""

    overall: Measurement
    by_language: Mapping[int, Measurement]
    """Language code, as the caller numbered them -> its measurement; empty where the measure is
    about all languages together."""
