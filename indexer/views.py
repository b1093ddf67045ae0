"""The documents of one state through another transform than the index's own, in memory."""

from dataclasses import dataclass

import numpy as np

from indexer.columns import Columns
from indexer.debiasing import Debiasing
from indexer.segments import Segments
from indexer.vectors import Segment, Vids


@dataclass(frozen=True, slots=True)
class View:
    """What is searched when a transform is tried that no FAISS file holds."""

    segments: Segments
    """All documents as one segment, of one commit."""

    @property
    def seq(self) -> int:
        """Number of the commit it belongs to."""
        return self.segments.seq

    @property
    def bytes(self) -> int:
        """Memory that its vectors take."""
        return sum(4 * self.segments.dim * len(s.vids) for s in self.segments.all)


def make_view(segments: Segments, vids: Vids, columns: Columns, debiasing: Debiasing) -> View:
    """Put all documents of a state through a transform.

    Args:
        segments: the state.
        vids: (n,) ascending, all that are alive.
        columns: the documents of ``vids``, in their order.
        debiasing: what to do to them.
    """
    whole = (Segment.of(vids, debiasing.apply(columns.vectors, columns.languages)),)
    return View(
        Segments(
            seq=segments.seq,
            dim=segments.dim,
            place=segments.place,
            files={},
            dead=np.empty(0, np.int64),
            debiasing=debiasing,
            indexing=segments.indexing,
            all=whole if len(vids) else (),
            vids=vids,
            starts=(0,) if len(vids) else (),
        )
    )
