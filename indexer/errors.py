"""Every error a user can meet, in one tree; each class carries its exit code.

    InterlinguaError                1
    |-- EncoderError                1   a server that encodes fails, or answers wrongly
    |-- UsageError                  2   a call that cannot be meant
    |-- InputError                  3   data that is refused: corpus, vectors, queries
    |   `-- DuplicateError          3   an id that is already there
    |-- LockedError                 6   another process writes to the index
    |-- IncompatibleError           7   made by another encoder or another version
    `-- CorruptError                8   a file is damaged, missing or foreign

A message names the thing, the place (``file:line`` or path) and, after a semicolon or as
``remedy``, what to do about it.
"""


class InterlinguaError(Exception):
    """Base of the tree.

    Args:
        message: what is wrong, naming the thing and the place.
        remedy: what to do about it; shown on a line of its own.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message} ({self.remedy})"


class EncoderError(InterlinguaError):
    """An encoder that is reached over HTTP fails; nothing already committed is lost."""


class UsageError(InterlinguaError):
    """The call itself cannot be meant: a missing index, a finished index built again."""

    exit_code = 2


class InputError(InterlinguaError):
    """Data from outside is refused; nothing already committed is lost."""

    exit_code = 3


class DuplicateError(InputError):
    """A document id is already in the index or comes twice.

    Args:
        ids: those that are.
        remedy: what to do about it.
        place: ``file:line`` where the id came from one.
    """

    def __init__(self, ids: list[str], remedy: str | None = None, place: str | None = None) -> None:
        shown = ", ".join(repr(i) for i in ids[:3]) + (", …" if len(ids) > 3 else "")
        super().__init__(f"{f'{place}: ' if place else ''}duplicate id {shown}", remedy)
        self.ids = ids


class LockedError(InterlinguaError):
    """Another process holds the writer's lock of this index."""

    exit_code = 6


class IncompatibleError(InterlinguaError):
    """The index was made by another encoder, another role or a newer version."""

    exit_code = 7


class CorruptError(InterlinguaError):
    """A file of the index is damaged, missing or not ours."""

    exit_code = 8
