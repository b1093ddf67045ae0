"""What a long job is at, for whoever waits: stages with names, and how far each is."""

from collections.abc import Callable

Stages = Callable[[str, int, int | None], None]
"""Told the name of a stage, how many vectors it has done, and of how many: None where nobody can
say, and then it is told once, when the stage begins. Stages follow one another."""

TRAINING = "finding clusters"
SORTING = "sorting into clusters"
LEARNING = "learning codes"
LINKING = "linking neighbours"
WRITING = "writing the index"
SAVING = "saving the file"


def untold(_stage: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


def one_of_several(stages: Stages, before: int, total: int) -> Stages:
    """Tell of one file as a part of all files, and only of the vectors written to it.

    Args:
        stages: is told.
        before: vectors in the files before this one.
        total: vectors in all files.
    """

    def tell(stage: str, done: int, _total: int | None) -> None:
        if stage == WRITING:
            stages(stage, before + done, total)

    return tell
