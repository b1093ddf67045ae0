"""What a program under measurement has to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bench.index_data import Data, Floats, Rows


class Opened(Protocol):
    """An index that answers."""

    @property
    def knobs(self) -> Sequence[int]:
        """Values of the one search parameter, from fast to thorough; empty when there is none."""
        ...

    def turn(self, value: int) -> None:
        """Set the search parameter."""
        ...

    def search(self, queries: Floats) -> Rows:
        """Find the ten nearest rows of each query, (q, 10) int64."""
        ...


class Peer(Protocol):
    """A program."""

    def load(self) -> None:
        """Import its library, so that its own memory can be told from that of the index."""
        ...

    def build(self, data: Data, folder: Path) -> dict[str, float]:
        """Make an index of the files of a corpus in an empty folder, on disk when it returns.

        Returns:
            Seconds of what it did, by name.
        """
        ...

    def open(self, folder: Path) -> Opened:
        """Open what :meth:`build` made."""
        ...


class Exact:
    """An index without a search parameter."""

    knobs: Sequence[int] = ()

    def turn(self, value: int) -> None:
        """There is nothing to set."""
