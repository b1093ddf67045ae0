"""What the fields of a record are called."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of a record are called in the corpus at hand."""

    id: str = "id"
    text: str = "text"
    lang: str = "lang"
    group: str = "group"

    def names(self) -> frozenset[str]:
        """Return the four names; every other field is metadata."""
        return frozenset((self.id, self.text, self.lang, self.group))


LANG_SOURCE = "lang_source"
"""An exported record says ``detected`` here when its language was detected, not given."""

LANG_PROBABILITY = "lang_probability"
"""And here how surely."""

DETECTED = frozenset((LANG_SOURCE, LANG_PROBABILITY))

USUAL = Fields()
"""The names of the contract."""


def was_detected(record: Mapping[str, object]) -> bool:
    """Tell whether a record says that its language was detected, as our own export does."""
    if record.get(LANG_SOURCE) != "detected":
        return False
    probability = detected_probability(record)
    return record.get(LANG_PROBABILITY) is None if probability is None else 0 <= probability <= 1


def detected_probability(record: Mapping[str, object]) -> float | None:
    """Return the number that a record gives as the probability of its language, if it does."""
    value = record.get(LANG_PROBABILITY)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
