"""The scores of an audit's query as keys of a merging: the order in which documents are served."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from search.audit.pool import Pool
from search.density import SAMPLE, Crowding, crowding
from search.measures.evidence import NOBODY
from search.merging import Keys, Lists, Merging, merge_keys


class Merger:
    """Turns the scores of all documents of a pool into keys.

    Args:
        pool: the documents, sorted by language.
        merging: how; any but ``none``.
    """

    def __init__(self, pool: Pool, merging: Merging) -> None:
        self._merging = merging
        self._bounds = np.append(pool.starts, len(pool))
        self._crowding = _crowding(pool) if merging.name == "csls" else None

    def keys(self, scores: NDArray[np.float32], language: int) -> Keys:
        """Merge.

        Args:
            scores: (N,) of one query, minus infinity for documents out of reach.
            language: number of the query's language.
        """
        own = None if language == NOBODY else language
        lists = Lists(
            scores=scores,
            bounds=self._bounds,
            sizes=np.diff(self._bounds),
            own=own,
            crowding=None if self._crowding is None else self._crowding[-1 if own is None else own],
        )
        return merge_keys(self._merging, lists)


def _crowding(pool: Pool) -> list[Crowding]:
    """Crowding of all documents with texts of each language, and last the mean of these."""
    found = []
    for start, end in pairwise(pool.starts.tolist()):
        chosen = start + np.argsort(pool.text_keys[start:end], kind="stable")[:SAMPLE]
        found.append(crowding(pool.vectors, pool.vectors[chosen]))
    return [*found, np.mean(found, axis=0)]
