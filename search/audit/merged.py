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
        bounds = [*pool.starts.tolist(), len(pool)]
        self._slices = [slice(a, b) for a, b in pairwise(bounds)]
        self._crowding = _crowding(pool, self._slices) if merging.name == "csls" else None

    def keys(self, scores: NDArray[np.float32], language: int) -> Keys:
        """Merge.

        Args:
            scores: (N,) of one query, minus infinity for documents out of reach.
            language: number of the query's language.
        """
        parts = [scores[part] for part in self._slices]
        own = None if language == NOBODY else language
        column = -1 if own is None else own
        lists = Lists(
            scores=parts,
            sizes=np.array([len(part) for part in parts], np.int64),
            own=own,
            crowding=[]
            if self._crowding is None
            else [self._crowding[column][part] for part in self._slices],
        )
        return np.concatenate(merge_keys(self._merging, lists))


def _crowding(pool: Pool, slices: list[slice]) -> list[Crowding]:
    """Crowding of all documents with texts of each language, and last the mean of these."""
    found = []
    for part in slices[: len(pool.languages)]:
        chosen = np.argsort(pool.text_keys[part], kind="stable")[:SAMPLE]
        found.append(crowding(pool.vectors, pool.vectors[part][chosen]))
    return [*found, np.mean(found, axis=0)]
