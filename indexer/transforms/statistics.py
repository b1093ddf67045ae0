"""All that a fit may look at."""

from collections.abc import Sequence

from indexer.records import Vectors
from indexer.transforms.moments import Moments
from indexer.transforms.parallel import GroupSample


class Statistics:
    """Sums by language and a sample of translations; adding two gives those of both."""

    def __init__(self, dim: int) -> None:
        self.moments = Moments(dim)
        self.parallel = GroupSample()

    def add(self, vectors: Vectors, languages: Sequence[str], groups: Sequence[str | None]) -> None:
        """Take in more vectors.

        Args:
            vectors: (n, d) float32 unit rows, as encoded.
            languages: n language tags.
            groups: n groups; None where none is known.
        """
        self.moments.add(vectors, languages)
        self.parallel.add(vectors, languages, groups)

    def merge(self, other: "Statistics") -> None:
        """Take in what another has gathered of other vectors."""
        self.moments.merge(other.moments)
        self.parallel.merge(other.parallel)
