"""From the hits of a query to its answer: what each shares with it, and the report on all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.chunking import whole_id
from indexer.corpus import Query
from indexer.index import Snapshot
from indexer.records import UNKNOWN_LANGUAGE, Document, Filter, Hit, Vectors
from search.by_document import best_chunks, first_chunk
from search.modes import found_by
from search.options import Mode, SearchOptions
from search.report import LanguageReport, Neighbour, Pool, Unit, language_report


@dataclass(frozen=True, slots=True)
class Match:
    """One neighbour of a query and what it shares with it."""

    document: Document
    score: float
    """Higher is nearer: the cosine in [-1, 1], BM25, or the sum of reciprocal ranks, by mode."""
    rank: int
    """1 is the nearest."""
    same_language: bool
    """False also where the language of either is unknown."""
    same_meaning: bool | None
    """None when neither a group nor judgements say."""
    duplicate: bool
    """Whether its text is the query's text; no bias measure counts such a neighbour."""
    whole: str
    """Id of the document that it is a chunk of; its own where documents are whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query got."""

    query: Query
    hits: tuple[Match, ...]
    report: LanguageReport
    fitted: bool | None = None
    """Whether the transform of the index was fitted on the query's language; where not, it was
    moved as all documents together are. None without a transform."""
    mode: Mode = "dense"
    """How the hits were found."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """The documents that share a query's meaning or text, as far as that is known."""

    itself: str | None
    """Id of the document that is the query."""
    duplicates: frozenset[str]
    same: frozenset[str] | None
    """Ids, ``duplicates`` included where they belong; None when nothing is known."""
    siblings: frozenset[str] = frozenset()
    """Other chunks of the document that the query is a chunk of."""


def answer_queries(
    state: Snapshot, queries: Sequence[Query], vectors: Vectors | None, options: SearchOptions
) -> list[Answer]:
    """Answer queries from one state of an index.

    Args:
        state: the index.
        queries: q of them.
        vectors: (q, d) float32 unit rows, raw, as encoded; None in mode ``lexical``.
        options: what is wanted; a query that is a document of the index is never among its own
            neighbours.

    Raises:
        UsageError: the mode needs what is not there, or has no merging.
        IncompatibleError: the index is of a format without lexical search.
    """
    known = [find_meaning(state, query) for query in queries]
    drop = [frozenset() if m.itself is None else frozenset({m.itself}) for m in known]
    k, grouped = options.k, options.by_document and state.chunked

    def ask(depth: int) -> list[list[Hit]]:
        return state.hits(found_by(state, queries, vectors, replace(options, k=depth), drop))

    found = best_chunks(ask, k, [m.itself for m in known]) if grouped else ask(k)
    return [
        _answer(state, query, meaning, hits, options)
        for query, meaning, hits in zip(queries, known, found, strict=True)
    ]


def find_meaning(state: Snapshot, query: Query) -> Meaning:
    """Find which documents are the query, have its text, or share its meaning.

    A document with the query's very text tells its group when the query does not.
    """
    same_text = frozenset(state.ids(text=query.text))
    itself = query.id if query.id in same_text else None
    if query.group is not None:
        groups = {query.group}
    else:
        twins = [state.document(id_) for id_ in ([itself] if itself else same_text)]
        groups = {d.group for d in twins if d is not None and d.group is not None}
    same = frozenset(id_ for group in groups for id_ in state.ids(group=group))
    known = bool(groups) or query.relevant is not None
    relevant = query.relevant or frozenset()
    siblings: frozenset[str] = frozenset()
    if state.chunked:
        relevant |= frozenset().union(*state.pieces(relevant).values())
        siblings = frozenset().union(*state.pieces([whole_id(itself)] if itself else []).values())
    return Meaning(
        itself=itself,
        duplicates=same_text - {itself},
        same=same | relevant if known else None,
        siblings=siblings - {itself},
    )


def _answer(
    state: Snapshot, query: Query, meaning: Meaning, hits: Sequence[Hit], options: SearchOptions
) -> Answer:
    """Put the hits of one query and their report together."""
    matches = tuple(
        _match(query, meaning, hit, rank, chunked=state.chunked)
        for rank, hit in enumerate(hits, start=1)
    )
    counted = [
        Neighbour(m.document.lang, m.same_meaning, m.duplicate or m.document.id in meaning.siblings)
        for m in matches
    ]
    grouped = options.by_document and state.chunked
    pool = _pool(state, meaning, options.allowed, grouped=grouped)
    unit: Unit = "chunk" if state.chunked and not grouped else "document"
    return Answer(
        query=query,
        hits=matches,
        report=language_report(query.lang, counted, pool, unit),
        fitted=None if options.mode == "lexical" else state.debiasing.knows(query.lang),
        mode=options.mode,
    )


def _pool(state: Snapshot, meaning: Meaning, allowed: Filter, *, grouped: bool) -> Pool:
    """Count what the search could have returned; ``grouped`` counts documents, not chunks."""
    itself = frozenset() if meaning.itself is None else frozenset({meaning.itself})
    same, twins = meaning.same or frozenset(), meaning.duplicates | meaning.siblings
    if grouped and itself:  # its whole document is out of reach
        same, twins = same - meaning.siblings, twins - meaning.siblings

    def count(ids: frozenset[str]) -> dict[str, int]:
        among = frozenset(first_chunk(id_) for id_ in ids) if grouped else ids
        return state.language_counts(allowed, ids=among, first=grouped)

    languages = state.language_counts(allowed, first=grouped)
    if itself:
        dropped = count(itself)
        languages = {code: n - dropped.get(code, 0) for code, n in languages.items()}
    own = count((same | twins) - itself)
    relevant = None if meaning.same is None else sum(count(same - itself).values())
    return Pool(languages, own, relevant)


def _match(query: Query, meaning: Meaning, hit: Hit, rank: int, *, chunked: bool) -> Match:
    """Say what one hit shares with the query."""
    document = hit.document
    return Match(
        document=document,
        score=hit.score,
        rank=rank,
        same_language=document.lang == query.lang != UNKNOWN_LANGUAGE,
        same_meaning=None if meaning.same is None else document.id in meaning.same,
        duplicate=document.id in meaning.duplicates,
        whole=whole_id(document.id) if chunked else document.id,
    )
