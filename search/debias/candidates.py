"""What can be tried: a transform of the vectors, a merging of the languages, or both."""

from dataclasses import dataclass

from indexer.errors import UsageError
from indexer.transforms import METHODS, NONE
from search.merging import NAMES, NO_MERGING, Merging

JOINT = ("centring", "lsar", "leace")
"""Transforms that are tried with every merging, too."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to take the bias out.

    Raises:
        UsageError: no such method.
    """

    method: str = NONE
    """Name of a transform."""
    merging: Merging = NO_MERGING

    def __post_init__(self) -> None:
        if self.method not in {NONE, *METHODS}:
            raise UsageError(f"no method {self.method!r}", f"take {NONE}, {', '.join(METHODS)}")

    def __str__(self) -> str:
        parts = [self.method] if self.method != NONE else []
        parts += [str(self.merging)] if self.merging != NO_MERGING else []
        return " + ".join(parts) or NONE


UNTOUCHED = Candidate()


def candidates(*, groups: bool, target_share: float | None = None) -> list[Candidate]:
    """List what is tried, the untouched index first.

    Args:
        groups: whether it is known which documents mean the same.
        target_share: share of the answers wanted in the query's language; the quota aims at it.
    """
    methods = [name for name, method in METHODS.items() if groups or not method.groups]
    mergings = [
        Merging(name, target_share=target_share if name == "quota" else None)
        for name in NAMES
        if name != "none"
    ]
    alone = [Candidate(name) for name in methods] + [Candidate(merging=m) for m in mergings]
    supervised = [name for name in methods if METHODS[name].groups]
    joint = [Candidate(name, m) for name in (*JOINT, *supervised) for m in mergings]
    return [UNTOUCHED, *alone, *joint]
