"""The application: everything put together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from service.admission import Admission, BodyLimit
from service.engine import Engine
from service.events import Streams
from service.jobs import Jobs
from service.links import Links
from service.logs import LOGGER
from service.metrics import Metrics
from service.observe import REQUEST_ID, Observe
from service.openapi import openapi_document
from service.problems import add_handlers
from service.routes.audits import audit_routes
from service.routes.documents import document_routes
from service.routes.embeddings import embedding_routes
from service.routes.index import index_routes
from service.routes.links import link_routes
from service.routes.looks import look_routes
from service.routes.operations import operation_routes
from service.routes.page import page_routes
from service.routes.search import search_routes
from service.security import Cors, HostGuard, TokenGuard
from service.settings import Settings

Loaded = Callable[[BaseException | None], None]
"""Told once everything is loaded, or what went wrong."""


def create_app(settings: Settings, loaded: Loaded = lambda _error: None) -> FastAPI:
    """Make the application over one index.

    The index is opened here; its encoder is loaded after the start, so that /livez answers at once.

    Args:
        settings: the index and the limits.
        loaded: called when it is ready, or with what keeps it from getting ready.

    Raises:
        UsageError: there is no index.
        IncompatibleError: the index was made by a newer version.
        CorruptError: the index is damaged.
    """
    metrics, links = Metrics(), Links()
    engine = Engine(settings, metrics)
    jobs = Jobs(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(engine.running())
            await stack.enter_async_context(jobs.running())
            loading = asyncio.create_task(_load(engine, loaded))
            yield
            engine.stopping.set()
            await loading

    app = FastAPI(
        title="interlingua",
        version=version("interlingua"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.engine, app.state.jobs = engine, jobs
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    add_handlers(app)
    _add_routes(app, settings, engine, jobs, metrics)
    app.include_router(link_routes(links))
    _add_layers(app, settings, engine, metrics, links)
    return app


def _add_routes(
    app: FastAPI, settings: Settings, engine: Engine, jobs: Jobs, metrics: Metrics
) -> None:
    limits = settings.limits
    for router in (
        search_routes(engine),
        document_routes(engine, writable=settings.writable, lock_seconds=limits.lock_seconds),
        audit_routes(engine, jobs, Streams(limits.streams, engine.stopping)),
        index_routes(engine, writable=settings.writable),
        look_routes(engine),
        embedding_routes(engine),
        operation_routes(engine, metrics),
        page_routes(),
    ):
        app.include_router(router)


def _add_layers(
    app: FastAPI, settings: Settings, engine: Engine, metrics: Metrics, links: Links
) -> None:
    """Put the layers around the routes; the last one added is the first to see a request."""
    limits = settings.limits
    app.add_middleware(Admission, most=limits.in_flight, shed=metrics.shed, change=engine.inside)
    app.add_middleware(BodyLimit, limits=limits, shed=metrics.shed)
    app.add_middleware(TokenGuard, token=settings.token, links=links)
    if settings.origins:
        app.add_middleware(
            Cors,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", REQUEST_ID],
            expose_headers=[REQUEST_ID, "Retry-After", "Location"],
        )
    app.add_middleware(HostGuard, hosts=settings.hosts, origins=settings.origins)
    app.add_middleware(Observe, metrics=metrics)


async def _load(engine: Engine, loaded: Loaded) -> None:
    try:
        await engine.load()
    except Exception as error:  # noqa: BLE001 - told to whoever started us
        LOGGER.error("not ready: %s", error)
        loaded(error)
    else:
        LOGGER.info("ready")
        loaded(None)
