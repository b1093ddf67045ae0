"""One state of an index, and everything that can be asked of it."""

import sqlite3
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from indexer import spread, tables
from indexer.by_language import Candidates, candidates_by_language
from indexer.chunking import whole_id
from indexer.columns import Columns, read_columns, read_vectors_of
from indexer.debiasing import Debiasing
from indexer.errors import CorruptError, UsageError
from indexer.info import IndexInfo, describe
from indexer.lexical_search import check_words, has_words, matches
from indexer.nearest import Neighbours, nearest
from indexer.records import UNKNOWN_LANGUAGE, Document, Filter, Hit, Vectors
from indexer.remedies import REPAIR
from indexer.rows import check_vectors
from indexer.segments import Segments
from indexer.settings import IndexSettings
from indexer.vectors import Positions, Vids
from indexer.views import View, make_view
from indexer.wholes import rows_of

EVERYTHING = Filter()
T = TypeVar("T")

_NO_VIDS = np.empty(0, np.int64)


class Snapshot:
    """One state of an index: every answer belongs to the same commit. For one thread."""

    def __init__(
        self, conn: sqlite3.Connection, segments: Segments, path: Path, settings: IndexSettings
    ) -> None:
        self._conn = conn
        self.segments = segments
        """What is searched: of what kind, how exactly, through which transform."""
        self._path = path
        self.settings = settings
        """What the index is fixed to."""

    @property
    def seq(self) -> int:
        """Number of the commit."""
        return self.segments.seq

    def search(
        self,
        vectors: Vectors,
        k: int,
        filter: Filter = EVERYTHING,  # noqa: A002 - what people call it
        languages: Sequence[str] | None = None,
        *,
        exact: bool = False,
    ) -> list[list[Hit]]:
        """Find the nearest documents of each query: all of them, unless the kind is approximate.

        Args:
            vectors: (q, d) float32 unit rows, raw: the transform of the index is applied here.
            k: neighbours wanted, at least 1.
            filter: which documents may be found.
            languages: of the queries, for the transform; unknown when None.
            exact: miss nothing, whatever the kind of the index.

        Returns:
            For each query ``k`` hits, or as many as the filter lets pass, ordered by
            (-score, id); the score is the cosine, rounded to float32.

        Raises:
            UsageError: ``k`` below 1.
            InputError: vectors of another dimension, not finite, zero or not of unit length.
            CorruptError: a file or a row of the index is damaged.
        """
        queries = check_vectors(np.asarray(vectors), self.settings.dim, lambda i: f"query {i + 1}")
        spoken = [UNKNOWN_LANGUAGE] * len(queries) if languages is None else languages
        vectors = self.debiasing.apply(queries, spoken)
        return self.hits(self.neighbours(vectors, k, filter, exact=exact))

    def neighbours(
        self,
        vectors: Vectors,
        k: int,
        filter: Filter = EVERYTHING,  # noqa: A002
        *,
        exact: bool = False,
        effort: int | None = None,
        refine: int | None = None,
    ) -> list[Neighbours]:
        """Find what :meth:`search` finds, without reading documents.

        Args:
            vectors: (q, d) float32 unit rows as :attr:`debiasing` makes them of raw ones.
            k: neighbours wanted, at least 1.
            filter: which documents may be found.
            exact: miss nothing, whatever the kind of the index.
            effort: how hard an approximate kind tries; as the index says when None.
            refine: candidates for each neighbour that are scored exactly; likewise.
        """
        if k < 1:
            raise UsageError(f"k is {k}", "ask for at least one neighbour")
        queries = check_vectors(np.asarray(vectors), self.settings.dim, lambda i: f"query {i + 1}")
        segments = self.segments.trying(effort, refine)
        return nearest(self._conn, segments, queries, k, filter, exact)

    def candidates_by_language(
        self,
        vectors: Vectors,
        depth: int,
        filter: Filter = EVERYTHING,  # noqa: A002
        drop: Sequence[Vids] = (),
        *,
        exact: bool = False,
    ) -> tuple[tuple[str, ...], Iterator[Candidates]]:
        """Find what may be among the nearest of its language, all languages in one scan.

        Args:
            vectors: (q, d) float32 unit rows as :attr:`debiasing` makes them of raw ones.
            depth: how many of each language, at least 1.
            filter: which documents may be found.
            drop: for each query vids, see :meth:`vids`, that it must not get; none when empty.
            exact: miss nothing, whatever the kind of the index.

        Returns:
            The languages that the filter lets pass, in order, and what each query finds.
        """
        queries = check_vectors(np.asarray(vectors), self.settings.dim, lambda i: f"query {i + 1}")
        segments = self.segments
        out = [segments.positions(vids) for vids in drop or [_NO_VIDS] * len(queries)]
        return candidates_by_language(self._conn, segments, queries, depth, filter, out, exact)

    @property
    def has_words(self) -> bool:
        """Whether :meth:`lexical` can answer."""
        return has_words(self._conn, self.settings)

    def lexical(self, texts: Sequence[str], k: int, filters: Sequence[Filter]) -> list[Neighbours]:
        """Find the documents that share the most telling terms with each text, without vectors.

        Args:
            texts: q of them; none of their characters is syntax.
            k: documents wanted, at least 1.
            filters: which documents may be found, for each text.

        Returns:
            For each text at most ``k``, see :func:`indexer.lexical_search.matches`.

        Raises:
            UsageError: the index was built without lexical search.
            IncompatibleError: it was made before there was any.
            CorruptError: the lexical index is damaged.
        """
        check_words(self._conn, self.settings, self._path)
        asked = zip(texts, filters, strict=True)
        return [matches(self._conn, text, k, only, self.segments.place) for text, only in asked]

    def hits(self, found: Sequence[Neighbours]) -> list[list[Hit]]:
        """Read the documents of neighbours; ranks follow their order.

        Raises:
            CorruptError: a document is damaged or missing.
        """
        wanted = np.unique(np.concatenate([_NO_VIDS, *(f.vids for f in found)]))
        documents = self.documents_at(wanted)
        return [
            [Hit(documents[vid], score, rank) for rank, (vid, score) in enumerate(pairs, start=1)]
            for pairs in (zip(f.vids.tolist(), f.scores.tolist(), strict=True) for f in found)
        ]

    def document(self, id: str) -> Document | None:  # noqa: A002 - the field's name
        """Read one document, or None when there is none of that id."""
        return tables.document(self._conn, id, self.segments.place)

    def documents(self) -> Iterator[Document]:
        """Read all documents in insertion order, streaming."""
        return tables.documents(self._conn, self.segments.place)

    def allowed(self, filter: Filter = EVERYTHING) -> Vids:  # noqa: A002
        """List the numbers of the documents that a filter lets pass, ascending."""
        return tables.allowed_vids(self._conn, filter)

    def documents_at(self, vids: Vids) -> dict[int, Document]:
        """Read documents by their numbers, which ascend.

        Raises:
            CorruptError: one of them is damaged or missing.
        """
        found = tables.documents_at(self._conn, vids, self.segments.place)
        if len(found) < len(vids):
            raise CorruptError(f"{self.segments.place}: a vector has no document", REPAIR)
        return found

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """Read raw vectors, see :meth:`IndexReader.vectors`."""
        return read_vectors_of(self._conn, ids, self.settings.dim, self.segments.place)

    def ids(self, *, text: str | None = None, group: str | None = None) -> list[str]:
        """List the ids of documents with this very text, of this group, or both."""
        return tables.find_ids(self._conn, text=text, group=group)

    def language_counts(
        self,
        filter: Filter = EVERYTHING,  # noqa: A002
        *,
        ids: Collection[str] | None = None,
        first: bool = False,
    ) -> dict[str, int]:
        """Count the documents that a filter lets pass, by language.

        Args:
            filter: which documents count.
            ids: of those, only these; all when None.
            first: count first chunks only, so that each document that is cut counts once.
        """
        if ids is None:
            return self.segments.language_counts(self._conn, filter, first=first)
        return tables.language_counts(self._conn, filter, ids=ids, first=first)

    def columns(self, filter: Filter = EVERYTHING) -> Columns:  # noqa: A002
        """Read all documents that a filter lets pass, column by column, with their vectors."""
        found = read_columns(self._conn, filter, self.settings.dim, self.segments.place)
        return replace(found, wholes=[whole_id(i) for i in found.ids]) if self.chunked else found

    @property
    def chunked(self) -> bool:
        """Whether documents are cut into chunks."""
        return self.settings.chunking is not None

    def pieces(self, wholes: Collection[str]) -> dict[str, list[str]]:
        """List the ids of the chunks of those documents that are there; of whole ones their own."""
        found = rows_of(self._conn, wholes, chunked=self.chunked)
        return {whole: list(rows) for whole, rows in found.items()}

    def vids(self, ids: Collection[str]) -> dict[str, int]:
        """Look up the numbers of those ids that are there, see :meth:`neighbours`."""
        return tables.vids_by_id(self._conn, ids)

    def rows_at(self, positions: Positions) -> Vectors:
        """Copy searched, that is transformed vectors by the numbers of their rows: (n, d)."""
        return self.segments.vectors(self._conn, positions)

    def sample(self, language: str, n: int) -> Vids:
        """List ``n`` documents of a language, ascending, always the same ones.

        They are those with the lowest keys of their texts, which are hashes.
        """
        return tables.sample_of(self._conn, language, n)

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """Work something out of this state once; readers of the same state share it."""
        if key not in self.segments.notes:
            self.segments.notes[key] = make()
        return cast("T", self.segments.notes[key])

    def view(self, columns: Columns, debiasing: Debiasing) -> View:
        """Put all documents through another transform, in memory.

        Args:
            columns: what :meth:`columns` gives without a filter.
            debiasing: what to do to them.
        """
        return make_view(self.segments, self.allowed(), columns, debiasing)

    def through(self, view: View) -> "Snapshot":
        """Look at this state as a view of it has it."""
        assert view.seq == self.seq
        return Snapshot(self._conn, view.segments, self._path, self.settings)

    def searched_vectors(self, vids: Vids) -> Vectors:
        """Read vectors as they are searched, transformed: (n, d), in the order of vids.

        Raises:
            CorruptError: one of them is missing or damaged.
        """
        return self.segments.vectors_of(self._conn, vids)

    def spread(self, n: int) -> tuple[Vids, list[Document]]:
        """Draw ``n`` documents, always the same ones, whole groups first; their vids ascend."""
        vids = spread.spread_of(self._conn, n)
        return vids, list(self.documents_at(vids).values())

    def has_translations(self) -> bool:
        """Tell whether a group joins documents in two languages."""
        return spread.has_translations(self._conn)

    @property
    def debiasing(self) -> Debiasing:
        """What is done to vectors and answers."""
        return self.segments.debiasing

    def info(self) -> IndexInfo:
        """Describe the index."""
        return describe(self._conn, self._path, self.settings)
