"""The options that say how the lists of the languages become one."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from search.merging import Merging

_Name = Literal["none", "standardise", "softmax", "round-robin", "quota", "csls"]
_HELP = "How the lists of the languages become one; "
Merge = Annotated[
    _Name | None,
    typer.Option("--merge", help=f"{_HELP}as the index was told to when left out."),
]
MergeOfIndex = Annotated[
    _Name | None, typer.Option("--merge", help=f"{_HELP}by their scores when left out.")
]
TargetShare = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="Share of the answers wanted in the query's language (merging quota)."
    ),
]
Floor = Annotated[
    float | None,
    typer.Option(
        min=-1, max=1, help="Score below which round-robin and quota pass a document over."
    ),
]


def merging_of(merge: str | None, target_share: float | None, floor: float | None) -> "Merging":
    """Make the merging of the options; a target share alone asks for the quota.

    Raises:
        UsageError: an option that the merging does not have.
    """
    from search.merging import NAMES, Merging

    wanted = merge or ("quota" if target_share is not None else "none")
    name = next(known for known in NAMES if known == wanted)
    return Merging(name, target_share, floor)


def merging_or_index(
    merge: str | None, target_share: float | None, floor: float | None
) -> "Merging | None":
    """Make the merging of the options; None, the way of the index, when none was given."""
    if merge is None and target_share is None and floor is None:
        return None
    return merging_of(merge, target_share, floor)
