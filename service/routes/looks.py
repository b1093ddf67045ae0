"""Looks at an index as a whole: how it may be asked, its map, one meaning in every language."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Body, Query, Response

from indexer.corpus import Query as SearchQuery
from indexer.index import Snapshot
from indexer.transforms import METHODS, NONE
from search.answer import Answer
from search.corpus_map import draw_map
from search.debias.view import what_hinders
from search.merging import DOES, NAMES, Merging
from search.options import MODES, SearchOptions
from search.translations import Row, rows_of, versions_of
from service.answers import how
from service.bodies import BodyRoute
from service.engine import Engine
from service.limits import MAX_POINTS, MAX_VERSIONS
from service.looks_answers import MapAnswer, OptionsAnswer, TranslationsAnswer
from service.problems import Problem
from service.replies import as_json, describe
from service.routes import looks_examples as examples
from service.schemas import DebiasName, TranslationsBody

_TEXT = 240
"""Characters of a text on the map."""
_LARGE = "the index is too large to try it here"
_UNTOUCHED = "leaves vectors as they were encoded"
_ASK = {"one": {"summary": "one meaning", "value": examples.ASK_TRANSLATIONS}}


def look_routes(engine: Engine) -> APIRouter:
    """Make the operations that look."""
    router = APIRouter(prefix="/v1", tags=["search"], route_class=BodyRoute)
    _add_options(router, engine)
    _add_map(router, engine)
    _add_translations(router, engine)
    return router


def _add_options(router: APIRouter, engine: Engine) -> None:
    @router.get(
        "/search/options",
        responses=describe(OptionsAnswer, examples.OPTIONS),
        summary="List how a search may be asked",
        name="list_search_options",
    )
    async def options() -> Response:
        def work(state: Snapshot) -> Response:
            large = _LARGE if engine.views.too_large(state) else None
            methods = [(NONE, _UNTOUCHED), *((n, m.does) for n, m in METHODS.items())]
            merging = Merging.from_json(state.debiasing.merging)
            own = {
                "mode": "dense",
                "debias": state.debiasing.method,
                "merging": str(merging),
                "exact": state.segments.exact,
            }
            return as_json(
                {
                    "state": state.seq,
                    "modes": MODES if state.has_words else ["dense"],
                    "debias": [
                        {
                            "name": name,
                            "does": does,
                            "hindered": what_hinders(state, name)
                            or (large if name != own["debias"] else None),
                        }
                        for name, does in methods
                    ],
                    "merging": [{"name": name, "does": DOES[name]} for name in NAMES],
                    "own": own,
                }
            )

        return await engine.seen(None, work)


def _add_map(router: APIRouter, engine: Engine) -> None:
    @router.get(
        "/map",
        responses=describe(MapAnswer, examples.MAP, 422),
        summary="Draw a map",
        name="draw_map",
    )
    async def page(
        limit: Annotated[int, Query(ge=3, le=MAX_POINTS, description="Documents at most.")] = 1500,
        debias: Annotated[
            DebiasName | None,
            Query(
                description="Through another method than the index's own.", examples=["centring"]
            ),
        ] = None,
    ) -> Response:
        def work(state: Snapshot) -> Response:
            found = draw_map(state, limit)
            points: list[dict[str, Any]] = [
                {
                    "x": place.x,
                    "y": place.y,
                    "id": place.document.id,
                    "lang": place.document.lang,
                    "group": place.document.group,
                    "text": place.document.text[:_TEXT],
                }
                for place in found.places
            ]
            return as_json(
                {
                    "state": state.seq,
                    "documents": found.documents,
                    "explained": found.explained,
                    "debias": state.debiasing.method,
                    "points": points,
                }
            )

        return await engine.seen(debias, work)


def _add_translations(router: APIRouter, engine: Engine) -> None:
    @router.post(
        "/translations",
        responses=describe(TranslationsAnswer, examples.TRANSLATIONS, 404, 409),
        summary="Ask one meaning in every language",
        name="ask_translations",
    )
    async def translations(
        body: Annotated[TranslationsBody, Body(openapi_examples=_ASK)],
    ) -> Response:
        documents, versions = await engine.seen(
            None, lambda state: versions_of(state, body.group, MAX_VERSIONS)
        )
        if not documents:
            raise Problem(404, "no-group", "no group of that name", "look at its spelling")
        queries = [SearchQuery.of(document) for document in documents]
        texts = [query.text for query in queries]
        encoded = None
        if not engine.settings.vectors_only:
            encoded = (await engine.encode(texts, "query")).vectors
        merging = body.merging.made() if body.merging else None
        options = SearchOptions(body.k, merging=merging, mode=body.mode)

        def work(state: Snapshot) -> Response:
            vectors = state.vectors([d.id for d in documents]) if encoded is None else encoded
            vectors = np.asarray(vectors, np.float32)
            served = engine.answer(state, queries, vectors, options)
            rows = rows_of(served.answers, state.language_counts())
            return as_json(
                {
                    "state": served.state,
                    "group": body.group,
                    "k": body.k,
                    "versions": versions,
                    "how": how(served),
                    "asked": [_row(*pair) for pair in zip(served.answers, rows, strict=True)],
                }
            )

        return await engine.seen(body.debias, work)


def _row(answer: Answer, row: Row) -> dict[str, Any]:
    return {
        "id": answer.query.id,
        "lang": answer.query.lang,
        "text": answer.query.text,
        "hits": len(answer.hits),
        "observed": row.observed,
        "same_meaning": row.same_meaning,
        "expected": row.expected,
        "expected_same_meaning": row.expected_same_meaning,
        "relevant": answer.report.relevant_total,
    }
