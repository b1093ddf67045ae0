"""Records made rows of the database, but for the numbers that they will get.

This is most of the work of an import, and needs neither the index nor the vectors, so that a
process of its own can do it: see ``indexer/apart.py``.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, Self

from indexer.contradictions import Contradiction, LabelCheck
from indexer.corpus import Record
from indexer.rows import DocumentRow, Unnumbered, check_document, crc_text, unnumbered

_ID, _TEXT, _HASH = (DocumentRow._fields.index(name) - 1 for name in ("id", "text", "hash"))


class Drafts(NamedTuple):
    """A batch of checked records, all in one order."""

    values: list[Unnumbered]
    crc_texts: list[bytes]
    """What :func:`~indexer.rows.crc_text` made of the values."""
    scripts: list[str]
    named: list[bool]
    """Whether the corpus gave the id; else it is a hash of the content."""
    places: list[str]
    """Where each was read."""

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [str(values[_ID]) for values in self.values]

    @property
    def hashes(self) -> list[str]:
        """Their content hashes."""
        return [str(values[_HASH]) for values in self.values]

    @property
    def texts(self) -> list[str]:
        """Their texts."""
        return [str(values[_TEXT]) for values in self.values]

    def choose(self, positions: Sequence[int]) -> Self:
        """Return some of them; these themselves when they are all."""
        if len(positions) == len(self.values):
            return self
        return type(self)(*([column[i] for i in positions] for column in self))  # type: ignore[arg-type]

    def cut(self, n: int) -> tuple[Self, Self]:
        """Return the first ``n`` and the others."""
        if n >= len(self.values):
            return self, type(self)(*NO_DRAFTS)
        parts = ([column[:n] for column in self], [column[n:] for column in self])
        return type(self)(*parts[0]), type(self)(*parts[1])  # type: ignore[arg-type]

    def followed_by(self, others: Self) -> Self:
        """Return these and then others."""
        if not self.values:
            return others
        joined = [one + other for one, other in zip(self, others, strict=True)]  # type: ignore[operator]
        return type(self)(*joined)


NO_DRAFTS = Drafts([], [], [], [], [])


class DraftSource(Protocol):
    """A corpus, as an import asks for it."""

    def take(self, n: int) -> Drafts:
        """Return the next records, at most ``n``; fewer only at the end.

        Raises:
            InputError: the corpus or a record is refused.
        """
        ...

    def contradictions(self) -> tuple[Contradiction, ...]:
        """Tell which labels of the records taken their script contradicts."""
        ...


class Drafting:
    """Makes drafts of records as they are asked for."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = iter(records)
        self._labels = LabelCheck()

    def take(self, n: int) -> Drafts:
        """See :meth:`DraftSource.take`."""
        batch = list(islice(self._records, n))
        documents = [record.document for record in batch]
        for document in documents:
            check_document(document)
        values = [unnumbered(document) for document in documents]
        return Drafts(
            values,
            list(map(crc_text, values)),
            self._labels.add_all(batch),
            [record.named for record in batch],
            [record.place for record in batch],
        )

    def contradictions(self) -> tuple[Contradiction, ...]:
        """See :meth:`DraftSource.contradictions`."""
        return self._labels.found()
