"""What machines ask: does it live, is it ready, how does it do."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from service.answers import Live
from service.engine import Engine
from service.metrics import Metrics
from service.problems import overloaded
from service.replies import as_json, describe


def operation_routes(engine: Engine, metrics: Metrics) -> APIRouter:
    """Make the operations for whoever runs the service; none waits for anything."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/livez",
        responses=describe(Live, {"status": "ok"}),
        summary="Is the process alive",
        name="livez",
    )
    async def livez() -> Response:
        return as_json({"status": "ok"})

    @router.get(
        "/readyz",
        responses=describe(Live, {"status": "ok"}),
        summary="May requests be sent",
        name="readyz",
    )
    async def readyz() -> Response:
        engine.check_ready()
        if engine.stopping.is_set():
            raise overloaded("the service stops")
        return as_json({"status": "ok"})

    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={
            200: {
                "description": "Prometheus' text format.",
                "content": {
                    "text/plain": {
                        "schema": {"type": "string"},
                        "example": 'interlingua_same_language_share{lang="en"} 0.4\n',
                    }
                },
            }
        },
        summary="Metrics",
        name="metrics",
    )
    async def page() -> Response:
        return Response(metrics.page(), media_type=CONTENT_TYPE_LATEST)

    return router
