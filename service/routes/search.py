"""Search: one query, or several from one state of the index."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Body, Response

from indexer.conditions import make_filter
from indexer.corpus import Query
from indexer.index import Snapshot
from indexer.languages import normalise_language
from indexer.records import UNKNOWN_LANGUAGE, Vectors
from search.options import SearchOptions
from service.answers import SearchAnswer, SearchManyAnswer, search_answer
from service.bodies import BodyRoute
from service.engine import Engine
from service.limits import MAX_HITS
from service.problems import Problem
from service.replies import as_json, describe
from service.routes import examples
from service.schemas import Choice, QueryBody, SearchBody, SearchManyBody

_ONE = {
    "text": {"summary": "by text", "value": examples.ASK},
    "vector": {"summary": "by vector", "value": examples.ASK_VECTOR},
    "document": {"summary": "by a document of the index", "value": examples.ASK_DOCUMENT},
    "debias": {"summary": "through another method", "value": examples.ASK_DEBIASED},
}
_MANY = {"two": {"summary": "two queries", "value": examples.ASK_MANY}}


def search_routes(engine: Engine) -> APIRouter:
    """Make the operations on queries."""
    router = APIRouter(prefix="/v1/search", tags=["search"], route_class=BodyRoute)

    @router.post(
        "", responses=describe(SearchAnswer, examples.FOUND, 409), summary="Search", name="search"
    )
    async def search(body: Annotated[SearchBody, Body(openapi_examples=_ONE)]) -> Response:
        return await _answered(engine, [body], body, one=True)

    @router.post(
        "/batch",
        responses=describe(SearchManyAnswer, examples.FOUND_MANY, 409),
        summary="Search for many",
        name="search_many",
    )
    async def many(body: Annotated[SearchManyBody, Body(openapi_examples=_MANY)]) -> Response:
        return await _answered(engine, body.queries, body, one=False)

    return router


async def _answered(
    engine: Engine, asked: Sequence[QueryBody], choice: Choice, *, one: bool
) -> Response:
    """Encode, understand, search and write; only the encoding is shared with other requests."""
    if choice.k * len(asked) > MAX_HITS:
        detail = f"{len(asked)} queries with k {choice.k} ask for more than {MAX_HITS} hits"
        raise Problem(422, "too-many", detail, "lower k, or ask in several requests")
    for place, query in enumerate(asked):
        _check(query, place)
    options = SearchOptions(
        choice.k,
        make_filter(choice.languages, choice.where),
        choice.merging.made() if choice.merging else None,
        choice.mode,
        choice.by_document,
        choice.exact,
    )
    vectors = None if choice.mode == "lexical" else await _encoded(engine, asked)

    def work(state: Snapshot) -> Response:
        queries = [_query(engine, query) for query in asked]
        if vectors is not None:
            _complete(state, asked, vectors)
        served = engine.answer(state, queries, vectors, options)
        answers = [search_answer(a, served, choice.language_report) for a in served.answers]
        if one:
            return as_json(answers[0])
        schema = "interlingua.searches/1"
        return as_json({"schema": schema, "state": served.state, "answers": answers})

    return await engine.seen(choice.debias, work)


async def _encoded(engine: Engine, asked: Sequence[QueryBody]) -> Vectors:
    """Encode the texts; the other rows stay open, see :func:`_complete`."""
    vectors = np.empty((len(asked), engine.settings.dim), np.float32)
    texts = {i: q.text for i, q in enumerate(asked) if q.text is not None and q.vector is None}
    if texts:
        vectors[list(texts)] = (await engine.encode(list(texts.values()), "query")).vectors
    return vectors


def _complete(state: Snapshot, asked: Sequence[QueryBody], vectors: Vectors) -> None:
    """Fill in the vectors that came with their queries, and those of documents.

    Raises:
        Problem: a vector of another dimension, or zero.
        InputError: no document of that id.
    """
    stored = [i for i, q in enumerate(asked) if q.text is None and q.vector is None]
    if stored:
        vectors[stored] = state.vectors([str(asked[i].id) for i in stored])
    for i, query in enumerate(asked):
        if query.vector is not None:
            vectors[i] = _unit(query.vector, vectors.shape[1], i)


def _check(asked: QueryBody, place: int) -> None:
    """Refuse what nothing can be searched with, before anything is encoded.

    Raises:
        Problem: it gives neither text nor vector nor id.
        InputError: an unknown language tag.
    """
    if asked.text is None and asked.vector is None and asked.id is None:
        detail = f"query {place + 1} has no text"
        raise Problem(422, "invalid", detail, "give a text, a vector or the id of a document")
    if asked.lang is not None:
        normalise_language(asked.lang)


def _query(engine: Engine, asked: QueryBody) -> Query:
    """Understand one query; one by vector alone has an empty text, which no document has.

    Raises:
        InputError: no document of that id.
    """
    if asked.text is not None:
        return engine.index.query(
            asked.text, lang=asked.lang, group=asked.group, id=asked.id, relevant=asked.relevant
        )
    if asked.vector is None:
        return engine.index.query_by_id(str(asked.id))
    return Query(
        id=asked.id,
        text="",
        lang=UNKNOWN_LANGUAGE if asked.lang is None else normalise_language(asked.lang),
        lang_source="given",
        lang_probability=None,
        group=asked.group,
        relevant=None if asked.relevant is None else frozenset(asked.relevant),
        place="query",
    )


def _unit(vector: list[float], dim: int, place: int) -> Vectors:
    """Bring a vector to unit length, whatever its scale.

    Raises:
        Problem: it has another dimension, or is zero.
    """
    if len(vector) != dim:
        detail = f"the vector of query {place + 1} has {len(vector)} numbers, the index {dim}"
        raise Problem(422, "dimension", detail, "encode with the encoder of the index")
    row = np.array(vector, dtype=np.float64)
    largest = np.abs(row).max()
    if not largest:
        raise Problem(422, "zero", f"the vector of query {place + 1} is zero", "give another")
    row /= largest
    found: Vectors = (row / np.linalg.norm(row)).astype(np.float32)
    return found
