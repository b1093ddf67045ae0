"""Ask an index: texts in, neighbours and a language report out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np

from indexer.conditions import Where, make_filter
from indexer.corpus import Query
from indexer.detectors import detector_of_index
from indexer.encoders import Encoder, EncoderSpec, open_encoder
from indexer.errors import InputError
from indexer.index import IndexInfo, IndexReader
from indexer.languages import Detector, normalise_language
from indexer.limits import check_query
from indexer.records import Filter, Vectors
from search.answer import Answer, answer_queries
from search.audit.options import DEFAULTS, AuditOptions
from search.audit.result import Audit
from search.audit.run import audit
from search.merging import Merging
from search.options import EVERYTHING, Mode, SearchOptions

QUERY_BATCH = 256
"""Queries that are encoded and searched together."""

ENCODED_TOGETHER = 2048
"""Queries that are encoded together when nothing is searched: sorted by length, they pack well."""


class Index:
    """An opened index that answers texts; many may be open at once, also during a write.

    Use :meth:`open`, and ``with`` or :meth:`close`. The encoder is loaded by the first search.
    """

    def __init__(
        self,
        reader: IndexReader,
        encoder: EncoderSpec | None = None,
        detector: Detector | None = None,
    ) -> None:
        self._reader = reader
        self._spec = reader.settings.encoder.moved(encoder)
        self._given_detector = detector

    @classmethod
    def open(cls, path: str | Path, *, encoder: EncoderSpec | None = None) -> "Index":
        """Open the index directory at ``path``.

        Args:
            path: the directory.
            encoder: where the encoder is to be found now, if it moved; it must be the same one.

        Raises:
            UsageError: there is no index.
            IncompatibleError: the index was made by a newer version.
            CorruptError: a file of the index is damaged or missing.
        """
        return cls(IndexReader.open(Path(path)), encoder)

    @property
    def path(self) -> Path:
        """The index directory."""
        return self._reader.path

    @cached_property
    def detector(self) -> Detector:
        """What tells the language of a query: the detector that the index was built with."""
        return self._given_detector or detector_of_index(self._reader.settings.detector)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of the index, loaded on first use.

        Raises:
            IncompatibleError: it is not the encoder that the documents were encoded with.
            CorruptError: a file of the index is damaged, which nobody should wait for a model to
                hear.
        """
        with self._reader.snapshot():
            pass
        encoder = open_encoder(self._spec)
        self._reader.settings.check(encoder)
        return encoder

    def info(self) -> IndexInfo:
        """Describe the index without loading its encoder."""
        return self._reader.info()

    def search(  # noqa: PLR0913 - each is a part of the question
        self,
        text: str,
        *,
        k: int = 10,
        lang: str | None = None,
        group: str | None = None,
        id: str | None = None,  # noqa: A002 - the field's name in every record
        languages: Iterable[str] | None = None,
        where: Where | None = None,
        merging: Merging | None = None,
        mode: Mode = "dense",
        by_document: bool = False,
        exact: bool = False,
    ) -> Answer:
        """Find the nearest documents of a text and report on their languages.

        Args:
            text: the query.
            k: neighbours wanted, at least 1.
            lang: language of the query; detected when None.
            group: the group of documents that mean the same as the query.
            id: id of the query; when the index holds a document with this id and this text, that
                document is the query: it is left out, and its group is the query's group.
            languages: return documents in these languages only.
            where: conditions on the metadata of returned documents, see :func:`make_filter`.
            merging: how the lists of the languages become one; as the index says when None.
            mode: ``dense`` by vectors, ``lexical`` by shared terms, which needs no encoder, or
                ``hybrid``, both fused by their ranks.
            by_document: return ``k`` documents by their best chunks, where documents are cut.
            exact: compare with every vector, whatever the kind of the index.

        Returns:
            Exactly ``k`` hits as long as there are ``k`` documents to choose from; in mode
            ``lexical`` as many of them as share a term with the query.

        Raises:
            UsageError: ``k`` below 1, an unknown mode, or one that the index or the merging does
                not allow.
            InputError: an empty text or an unknown language tag.
            IncompatibleError: the encoder is not the one of the index.
        """
        allowed = make_filter(languages, where)
        options = SearchOptions(k, allowed, merging, mode, by_document, exact)
        return self._answers([self.query(text, lang=lang, group=group, id=id)], None, options)[0]

    def search_many(
        self,
        queries: Iterable[Query],
        *,
        k: int = 10,
        filter: Filter | None = None,  # noqa: A002
        vectors: Vectors | None = None,
        merging: Merging | None = None,
        mode: Mode = "dense",
        by_document: bool = False,
        exact: bool = False,
    ) -> Iterator[Answer]:
        """Answer queries in order, :data:`QUERY_BATCH` at a time from one state of the index.

        Args:
            queries: the queries.
            k: neighbours wanted, at least 1.
            filter: documents that may be returned.
            vectors: (number of queries, d) unit rows made elsewhere; the queries are encoded when
                None.
            merging: see :meth:`search`, which says what is raised, too.
            mode: likewise.
            by_document: likewise.
            exact: likewise.
        """
        options = SearchOptions(k, filter or EVERYTHING, merging, mode, by_document, exact)
        queries, done = iter(queries), 0
        while batch := list(islice(queries, QUERY_BATCH)):
            known = None if vectors is None else vectors[done : done + len(batch)]
            done += len(batch)
            # Answered whole before any is handed out: the state is not held while others work.
            yield from self._answers(batch, known, options)

    def _answers(
        self, batch: Sequence[Query], vectors: Vectors | None, options: SearchOptions
    ) -> list[Answer]:
        """Answer a batch from one state of the index."""
        if vectors is None and options.mode != "lexical":
            vectors = self._stored(batch)
            if vectors is None:
                vectors = self.encoder.encode([q.text for q in batch], "query").vectors
        with self._reader.snapshot() as state:
            return answer_queries(state, batch, vectors, options)

    def _stored(self, batch: Sequence[Query]) -> Vectors | None:
        """Read the vectors of queries that are documents, where nothing here encodes like them."""
        if not self._reader.settings.vectors_only:
            return None
        with self._reader.snapshot() as state:
            ids = [query.id for query in batch if query.id is not None]
            documents = [state.document(id_) for id_ in ids]
            if [d.text for d in documents if d is not None] != [query.text for query in batch]:
                return None
            return state.vectors(ids)

    def audit(
        self,
        options: AuditOptions = DEFAULTS,
        *,
        queries: Sequence[Query] | None = None,
        vectors: Vectors | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Audit:
        """Audit the language bias of the index.

        Args:
            options: how.
            queries: who asks; when None every document asks for its own neighbours, by its stored
                vector, and no encoder is loaded.
            vectors: (len(queries), d) unit rows; the queries are encoded when None.
            progress: called with the number of queries done, and of those that ask.

        Raises:
            UsageError: options that cannot be meant.
            InputError: nothing to audit.
            IncompatibleError: the encoder is not the one of the index.
        """
        if queries is not None and vectors is None:
            vectors = self.encode_queries(queries)
        return audit(self._reader, options, queries=queries, vectors=vectors, progress=progress)

    def encode_queries(
        self, queries: Sequence[Query], progress: Callable[[int], None] = lambda _done: None
    ) -> Vectors:
        """Encode queries in the role of a query, a block at a time.

        Returns:
            (len(queries), d) float32 unit rows.

        Raises:
            IncompatibleError: the encoder is not the one of the index.
        """
        blocks = []
        for start in range(0, len(queries), ENCODED_TOGETHER):
            texts = [query.text for query in queries[start : start + ENCODED_TOGETHER]]
            blocks.append(self.encoder.encode(texts, "query").vectors)
            progress(start + len(texts))
        empty = np.empty((0, self._reader.settings.dim), np.float32)
        return np.concatenate([empty, *blocks])

    def query(
        self,
        text: str,
        *,
        lang: str | None = None,
        group: str | None = None,
        id: str | None = None,  # noqa: A002
        relevant: Sequence[str] | None = None,
    ) -> Query:
        """Make a query, its language detected from the text when ``lang`` is None.

        Args:
            text: the query.
            lang: its language.
            group: documents of this group mean the same.
            id: its id, see :meth:`search`.
            relevant: ids of the documents judged relevant.

        Raises:
            InputError: a text that is empty, too long or no Unicode, or an unknown language tag.
        """
        check_query(text)
        if lang is not None:
            given: tuple[str, float | None] = (normalise_language(lang), None)
        else:
            detection = self.detector.detect(text)
            given = (detection.lang, detection.probability)
        return Query(
            id=id,
            text=text,
            lang=given[0],
            lang_source="detected" if lang is None else "given",
            lang_probability=given[1],
            group=group,
            relevant=None if relevant is None else frozenset(relevant),
            place="query",
        )

    def query_by_id(self, id: str) -> Query:  # noqa: A002
        """Make a document of the index the query: its text, language and group.

        Args:
            id: of a document; of one that is cut, its first chunk is the query, whose id the
                query then has.

        Raises:
            InputError: the index holds no document with this id.
        """
        with self._reader.snapshot() as state:
            document = state.document(id)
            if document is None and (pieces := state.pieces([id]).get(id)):
                document = state.document(pieces[0])
        if document is None:
            raise InputError(f"no document {id!r} in the index", "name the id of one that is there")
        return Query.of(document)

    def close(self) -> None:
        """Close the files."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
