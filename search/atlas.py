"""An index as a table for Embedding Atlas: a map, neighbours, and where language leads them.

Embedding Atlas (Apple, https://apple.github.io/embedding-atlas) takes two columns of coordinates
and one of neighbours, ``{"ids": [row, …], "distances": […]}`` with rows counted from 0.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from indexer.exports.columns import column_kinds
from indexer.exports.export import EVERYTHING, ExportReport
from indexer.exports.parquet import write_parquet
from indexer.exports.rows import PAGE, ExportRow, WhichVectors
from indexer.fields import USUAL, Fields
from indexer.index import IndexReader, Snapshot
from indexer.readers.tables import arrow
from indexer.records import UNKNOWN_LANGUAGE, Document, Filter, Vectors
from indexer.vectors import Vids


def export_atlas(
    path: str | Path,
    file: BinaryIO,
    neighbours: int = 15,
    *,
    vectors: WhichVectors | None = None,
    allowed: Filter = EVERYTHING,
    fields: Fields = USUAL,
    progress: Callable[[int], None] = lambda _: None,
) -> ExportReport:
    """Write a Parquet file for Embedding Atlas.

    Beside the columns of an export it has ``projection_x`` and ``projection_y``, the two principal
    components of the vectors as they are searched; ``neighbors``, the nearest documents of each
    among those exported, by cosine distance; and ``same_language``, the share of these that are in
    the document's language, null where it is unknown. A build that reads the file leaves these out.

    Args:
        path: the index directory.
        file: where to, in binary.
        neighbours: of each document; 0 leaves the columns of neighbours out.
        vectors: see :func:`~indexer.exports.export.export`.
        allowed: which documents.
        fields: what the fields are to be called.
        progress: called with the number of documents written.

    Raises:
        UsageError: there is no index, or pyarrow is not installed.
        InputError: metadata that has a field of the name of another, or too many.
        CorruptError: a document or a vector is damaged.
    """
    arrow()
    with IndexReader.open(Path(path)) as reader, reader.snapshot() as state:
        vids = state.allowed(allowed)
        documents = chain.from_iterable(_pages(state, vids))
        languages: list[str] = []
        kinds = column_kinds(_noting(documents, languages))
        table = _Table(state, vids, np.array(languages, dtype=object), neighbours, allowed)
        dim = None if vectors is None else reader.settings.dim
        write_parquet(file, table.rows(vectors), kinds, fields, dim, _types(neighbours), progress)
        counts = state.language_counts(allowed)
        return ExportReport(len(vids), counts, state.seq)


class _Table:
    """What is worked out for each document."""

    def __init__(
        self,
        state: Snapshot,
        vids: Vids,
        languages: NDArray[np.object_],
        neighbours: int,
        allowed: Filter,
    ) -> None:
        self._state, self._vids, self._languages = state, vids, languages
        self._neighbours, self._allowed = neighbours, allowed
        self._mean, self._axes = principal_axes(
            lambda: (state.searched_vectors(page) for page in _cut(vids)), len(vids)
        )

    def rows(self, vectors: WhichVectors | None) -> Iterator[list[ExportRow]]:
        """Make the rows, page by page."""
        for page, documents in zip(_cut(self._vids), _pages(self._state, self._vids), strict=True):
            searched = self._state.searched_vectors(page)
            extra = self._extra(page, searched)
            written: list[Vectors | None] = [None] * len(page)
            if vectors == "searched":
                written = list(searched)
            elif vectors == "raw":
                written = list(self._state.vectors([d.id for d in documents]))
            yield [ExportRow(*row) for row in zip(documents, written, extra, strict=True)]

    def _extra(self, page: Vids, searched: Vectors) -> list[dict[str, object]]:
        points = (searched - self._mean) @ self._axes
        extra: list[dict[str, object]] = [
            {"projection_x": float(x), "projection_y": float(y)} for x, y in points
        ]
        if not self._neighbours:
            return extra
        found = self._state.neighbours(searched, self._neighbours + 1, self._allowed)
        for row, vid, near in zip(extra, page.tolist(), found, strict=True):
            others = np.flatnonzero(near.vids != vid)[: self._neighbours]
            places = np.searchsorted(self._vids, near.vids[others])
            distances = 1 - near.scores[others].astype(np.float64)
            row["neighbors"] = {"ids": places.tolist(), "distances": distances.tolist()}
            row["same_language"] = self._share(vid, places)
        return extra

    def _share(self, vid: int, places: NDArray[np.int64]) -> float | None:
        own = self._languages[np.searchsorted(self._vids, vid)]
        if own == UNKNOWN_LANGUAGE or not len(places):
            return None
        return float(np.mean(self._languages[places] == own))


def principal_axes(
    pages: Callable[[], Iterator[Vectors]], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the two directions in which vectors vary most, reading them twice.

    Args:
        pages: gives the vectors in pieces, (m, d) each, n in all.
        n: how many there are.

    Returns:
        Their mean (d,), and (d, 2) orthonormal columns; the largest component of each is positive,
        since a direction has no sign.
    """
    if not n:
        return np.zeros(0), np.zeros((0, 2))
    mean = sum(page.sum(axis=0, dtype=np.float64) for page in pages()) / n
    spread = sum(((page - mean).T @ (page - mean) for page in pages()), np.zeros(()))
    _, axes = np.linalg.eigh(spread)
    axes = axes[:, [-1, -2]] if axes.shape[1] > 1 else np.hstack([axes, np.zeros_like(axes)])
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    return np.asarray(mean), axes


def _cut(vids: Vids) -> Iterator[Vids]:
    return (vids[start : start + PAGE] for start in range(0, len(vids), PAGE))


def _pages(state: Snapshot, vids: Vids) -> Iterator[list[Document]]:
    return (list(state.documents_at(page).values()) for page in _cut(vids))


def _noting(documents: Iterator[Document], languages: list[str]) -> Iterator[Document]:
    """Note the language of each document that passes."""
    for document in documents:
        languages.append(document.lang)
        yield document


def _types(neighbours: int) -> dict[str, object]:
    """Name the Arrow types of the columns."""
    pa = arrow()
    types = {"projection_x": pa.float64(), "projection_y": pa.float64()}
    if neighbours:
        ids, distances = pa.list_(pa.int64()), pa.list_(pa.float64())
        types["neighbors"] = pa.struct([("ids", ids), ("distances", distances)])
        types["same_language"] = pa.float64()
    return types
