"""What the fields of a record are called."""

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


USUAL = Fields()
"""The names of the contract."""
