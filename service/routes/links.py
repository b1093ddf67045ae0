"""Links to reports, for frames and new tabs of who has shown the token."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from service.bodies import BodyRoute
from service.links import SECONDS, Links
from service.replies import as_json, describe
from service.schemas import LinkBody

ASK: dict[str, Any] = {"path": "/v1/audits/1"}
MADE: dict[str, Any] = {
    "url": f"/v1/audits/1?format=html&until=1767225600&pass={'0f' * 32}",
    "seconds": SECONDS,
}


class LinkAnswer(BaseModel):
    """Where the report opens as a page, without the token."""

    url: str
    seconds: int = Field(description="How long it opens.")


def link_routes(links: Links) -> APIRouter:
    """Make the operation that makes links; whether the report is there, the link tells."""
    router = APIRouter(prefix="/v1", tags=["audits"], route_class=BodyRoute)

    @router.post(
        "/report-links",
        responses=describe(LinkAnswer, MADE),
        summary="Make a link to a report",
        name="make_report_link",
    )
    async def make(
        body: Annotated[
            LinkBody, Body(openapi_examples={"one": {"summary": "an audit", "value": ASK}})
        ],
    ) -> Response:
        return as_json({"url": f"{body.path}?{links.make(body.path)}", "seconds": SECONDS})

    return router
