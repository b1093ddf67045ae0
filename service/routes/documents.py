"""Documents: read by everybody, changed only where the service was started with --writable."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Body, Path, Response

from indexer.records import Document
from service.answers import ChangeAnswer, DocumentAnswer, document_answer
from service.bodies import BodyRoute
from service.engine import Engine
from service.problems import Problem
from service.replies import as_json, describe
from service.routes import examples
from service.schemas import DocumentFields, DocumentsBody, Name
from service.writing import Changes, make_document, with_vectors

Id = Annotated[Name, Path(description="The document's id.", examples=["faq-17-en"])]
_ADD = {"one": {"summary": "one document", "value": {"documents": [examples.DOCUMENT]}}}
_FIELDS = {name: value for name, value in examples.DOCUMENT.items() if name != "id"}
_PUT = {"one": {"summary": "a document", "value": _FIELDS}}


def document_routes(engine: Engine, *, writable: bool, lock_seconds: float) -> APIRouter:
    """Make the operations on documents."""
    router = APIRouter(prefix="/v1/documents", tags=["documents"], route_class=BodyRoute)
    editor = _Editor(engine, writable, lock_seconds)
    _add_collection(router, engine, editor)
    _add_item(router, engine, editor)
    return router


class _Editor:
    """Changes documents, where that is allowed."""

    def __init__(self, engine: Engine, writable: bool, lock_seconds: float) -> None:
        self._engine, self._writable = engine, writable
        self._changes = Changes(engine.reader, lock_seconds)

    def check(self) -> None:
        """Refuse where nothing may be changed.

        Raises:
            Problem: the service was started without --writable.
        """
        if not self._writable:
            raise Problem(403, "read-only", "this service changes nothing", "start with --writable")

    async def store(self, documents: Sequence[Document], *, replace: bool) -> dict[str, int]:
        """Commit documents together; a text that the index has already is not encoded again."""
        engine = self._engine
        cut = await engine.blocking(engine.splitter)
        pieces = await engine.blocking(lambda: [p for d in documents for p in cut(d)])
        kept = await engine.blocking(lambda: self._changes.kept(pieces))
        fresh = [d for d in pieces if d.id not in kept]
        if fresh:
            encoding = await engine.encode([d.text for d in fresh], engine.settings.role)
            kept |= {e.document.id: e for e in with_vectors(fresh, encoding)}
        batch = [kept[d.id] for d in pieces]
        return await engine.changing(lambda: self._changes.add(batch, replace=replace))

    async def delete(self, id_: str) -> dict[str, int]:
        """Delete one document."""
        return await self._engine.changing(lambda: self._changes.delete(id_))


def _add_collection(router: APIRouter, engine: Engine, editor: _Editor) -> None:
    """Add what is done with several documents."""

    @router.post(
        "",
        status_code=201,
        responses=describe(ChangeAnswer, examples.CHANGED, 409, status=201),
        summary="Add documents",
        name="add_documents",
    )
    async def add(body: Annotated[DocumentsBody, Body(openapi_examples=_ADD)]) -> Response:
        editor.check()
        documents = await engine.blocking(
            lambda: [make_document(d.id, d, engine.index.detector) for d in body.documents]
        )
        return as_json(await editor.store(documents, replace=False), 201)


def _add_item(router: APIRouter, engine: Engine, editor: _Editor) -> None:
    """Add what is done with one document."""

    @router.get(
        "/{id:path}",
        responses=describe(DocumentAnswer, examples.STORED, 404, 422),
        summary="Get a document",
        name="get_document",
    )
    async def get(id: Id) -> Response:  # noqa: A002
        def work() -> Response:
            with engine.reader.snapshot() as state:
                document = state.document(id)
                chunks = state.pieces([id]).get(id, []) if document is None else []
                number = state.seq
            if document is None:
                raise _cut(chunks) if chunks else _missing()
            return as_json(document_answer(document, number))

        return await engine.blocking(work)

    @router.put(
        "/{id:path}",
        responses={
            **describe(ChangeAnswer, {**examples.CHANGED, "added": 0, "replaced": 1}, 404, 409),
            **describe(ChangeAnswer, examples.CHANGED, status=201),
        },
        summary="Add or replace a document",
        name="put_document",
    )
    async def put(
        id: Id,  # noqa: A002
        body: Annotated[DocumentFields, Body(openapi_examples=_PUT)],
    ) -> Response:
        editor.check()
        document = await engine.blocking(lambda: make_document(id, body, engine.index.detector))
        done = await editor.store([document], replace=True)
        return as_json(done, 200 if done["replaced"] else 201)

    @router.delete(
        "/{id:path}",
        responses=describe(ChangeAnswer, examples.DELETED, 404, 422),
        summary="Delete a document",
        name="delete_document",
    )
    async def delete(id: Id) -> Response:  # noqa: A002
        editor.check()
        done = await editor.delete(id)
        if not done["deleted"]:
            raise _missing()
        return as_json(done)


def _cut(chunks: Sequence[str]) -> Problem:
    """Say where the text of a document is that the index holds in chunks alone."""
    detail = f"the index holds this document in chunks, {len(chunks)} of them"
    return Problem(
        404, "cut", detail, f"get them one by one: {quote(f'/v1/documents/{chunks[0]}')}, …"
    )


def _missing() -> Problem:
    return Problem(404, "no-document", "no document of that id", "look at its spelling")
