"""What is served: the index and its languages."""

from fastapi import APIRouter, Response

from service.engine import Engine
from service.looks_answers import IndexAnswer, LanguagesAnswer, index_answer
from service.replies import as_json, describe
from service.routes import examples


def index_routes(engine: Engine, *, writable: bool) -> APIRouter:
    """Make the operations on the index as a whole."""
    router = APIRouter(prefix="/v1", tags=["index"])

    @router.get(
        "/index",
        responses=describe(IndexAnswer, examples.INDEX),
        summary="Describe the index",
        name="get_index",
    )
    async def index() -> Response:
        def work() -> Response:
            with engine.reader.snapshot() as state:
                info, number = state.info(), state.seq
                return as_json(
                    index_answer(
                        info,
                        number,
                        writable=writable,
                        vectors_only=state.settings.vectors_only,
                    )
                )

        return await engine.blocking(work)

    @router.get(
        "/languages",
        responses=describe(LanguagesAnswer, examples.LANGUAGES),
        summary="List languages",
        name="list_languages",
    )
    async def languages() -> Response:
        def work() -> Response:
            with engine.reader.snapshot() as state:
                counts, number = state.language_counts(), state.seq
            total = sum(counts.values())
            rows = [
                {"lang": lang, "documents": n, "share": n / total}
                for lang, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            ]
            return as_json({"languages": rows, "state": number})

        return await engine.blocking(work)

    return router
