"""Embeddings in OpenAI's shape, from the encoder of the index."""

import base64
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Body, Response

from indexer.records import Role, Vectors
from service.answers import EmbeddingsAnswer
from service.bodies import BodyRoute
from service.engine import Engine
from service.problems import Problem
from service.replies import as_json, describe
from service.routes import examples
from service.schemas import EmbeddingsBody

_EMBED = {"text": {"summary": "one text", "value": examples.EMBED}}


def embedding_routes(engine: Engine) -> APIRouter:
    """Make the operation that encodes."""
    router = APIRouter(prefix="/v1", tags=["embeddings"], route_class=BodyRoute)

    @router.post(
        "/embeddings",
        responses=describe(EmbeddingsAnswer, examples.EMBEDDED, 404, 409),
        summary="Encode texts",
        name="embed",
    )
    async def embed(body: Annotated[EmbeddingsBody, Body(openapi_examples=_EMBED)]) -> Response:
        _check(engine, body)
        texts = [body.input] if isinstance(body.input, str) else body.input
        query = body.input_type.endswith("query")
        role: Role = "query" if query else engine.settings.role
        vectors, tokens, dropped = await engine.encode(texts, role)
        seen = int((tokens - dropped).clip(0).sum())

        def work() -> Response:
            rows = _written(vectors, body.encoding_format)
            return as_json(
                {
                    "object": "list",
                    "data": [
                        {"object": "embedding", "index": i, "embedding": row}
                        for i, row in enumerate(rows)
                    ],
                    "model": engine.settings.encoder_name,
                    "usage": {"prompt_tokens": seen, "total_tokens": seen},
                }
            )

        return await engine.blocking(work)

    return router


def _check(engine: Engine, body: EmbeddingsBody) -> None:
    """Refuse another model than the one there is, or a length that it does not have.

    Raises:
        Problem: either.
    """
    settings = engine.settings
    if body.model not in {settings.encoder_name, settings.fingerprint}:
        raise Problem(404, "no-model", "no such model", f"name {settings.encoder_name}")
    if body.dimensions not in {None, settings.dim}:
        raise Problem(422, "dimension", f"vectors have {settings.dim} numbers", "leave it out")


def _written(vectors: Vectors, kind: str) -> list[str] | list[list[float]]:
    """Write rows as numbers, or as base64 of little-endian float32."""
    if kind == "base64":
        return [base64.b64encode(row.tobytes()).decode() for row in np.asarray(vectors, "<f4")]
    rows: list[list[float]] = vectors.tolist()
    return rows
