"""Audits: started as jobs, watched, cancelled; those that are kept, as JSON or as a page."""

import re
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Body, Path, Query, Response
from fastapi.responses import StreamingResponse

from indexer.audits import list_audits, load_audit
from indexer.conditions import make_filter
from indexer.errors import UsageError
from search.audit.schema import parse_audit
from search.reports.html import render_html
from service.answers import AuditsAnswer, JobAnswer, JobsAnswer
from service.bodies import BodyRoute
from service.engine import Engine
from service.events import Streams
from service.jobs import Job, Jobs, State
from service.problems import Problem
from service.replies import Responses, as_json, describe, problem
from service.routes import examples
from service.schemas import AuditBody

JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", examples=[examples.JOB["id"]])]
Number = Annotated[int, Path(ge=1, lt=2**63, examples=[1])]
Form = Annotated[Literal["json", "html"], Query(description="JSON, or a page with plots.")]
_START = {"sample": {"summary": "a sample", "value": examples.AUDIT}}
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"\s+content="([^"]*)"')
_DOCUMENT: Responses = {
    200: {
        "description": "The audit, `interlingua.audit/1`, see docs/formats.md.",
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"schema": "interlingua.audit/1", "mode": "labels"},
            },
            "text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"},
        },
    },
    404: problem(404),
    422: problem(422),
}
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": get_args(State)},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobAnswer"},
        },
    },
    "required": ["event", "data"],
}
_STREAM: Responses = {
    200: {
        "description": "An event after every change, named after the job's state.",
        "content": {
            "text/event-stream": {
                "itemSchema": _EVENT,
                "example": 'event: running\ndata: {"done": 512, "total": 2016, …}\n\n',
            }
        },
    },
    404: problem(404),
    422: problem(422),
}


def audit_routes(engine: Engine, jobs: Jobs, streams: Streams) -> APIRouter:
    """Make the operations on audits."""
    router = APIRouter(prefix="/v1", tags=["audits"], route_class=BodyRoute)
    _add_jobs(router, engine, jobs, streams)
    _add_kept(router, engine, jobs)
    return router


def _add_jobs(router: APIRouter, engine: Engine, jobs: Jobs, streams: Streams) -> None:
    """Add what is done with an audit under way."""

    @router.post(
        "/audits",
        status_code=202,
        responses=describe(JobAnswer, examples.JOB, 429, status=202),
        summary="Start an audit",
        name="start_audit",
    )
    async def start(body: Annotated[AuditBody, Body(openapi_examples=_START)]) -> Response:
        engine.check_ready()
        make_filter(body.languages, body.where)  # an unknown language is refused now, not later
        job = jobs.start(body.model_dump())
        return _job(job, 202, {"Location": f"/v1/audit-jobs/{job.status.id}"})

    @router.get(
        "/audit-jobs",
        responses=describe(JobsAnswer, {"jobs": [examples.JOB]}),
        summary="List audits under way",
        name="list_audit_jobs",
    )
    async def listed() -> Response:
        return as_json({"jobs": [job.document() for job in jobs.list()]})

    @router.get(
        "/audit-jobs/{job}",
        responses=describe(JobAnswer, examples.JOB, 404, 422),
        summary="Look at an audit under way",
        name="get_audit_job",
    )
    async def get(job: JobId) -> Response:
        return _job(jobs.get(job))

    @router.get(
        "/audit-jobs/{job}/events",
        responses=_STREAM,
        response_class=StreamingResponse,
        summary="Watch an audit",
        name="watch_audit",
    )
    async def watch(job: JobId) -> StreamingResponse:
        streams.check()
        found = streams.follow(jobs.get(job))
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(found, media_type="text/event-stream", headers=headers)

    @router.delete(
        "/audit-jobs/{job}",
        responses=describe(JobAnswer, {**examples.JOB, "state": "cancelled"}, 404, 422),
        summary="Cancel an audit",
        name="cancel_audit",
    )
    async def cancel(job: JobId) -> Response:
        found = jobs.get(job)
        jobs.cancel(found)
        return _job(found)


def _add_kept(router: APIRouter, engine: Engine, jobs: Jobs) -> None:
    """Add what is done with audits that have ended."""
    path = engine.reader.path

    @router.get(
        "/audit-jobs/{job}/audit",
        responses={**_DOCUMENT, 409: problem(409)},
        summary="Get the audit of a job",
        name="get_audit_of_job",
    )
    async def result(job: JobId, format: Form = "json") -> Response:  # noqa: A002
        file = jobs.result(jobs.get(job))
        return await engine.blocking(lambda: _shown(file.read_text(encoding="utf-8"), format))

    @router.get(
        "/audits",
        responses=describe(AuditsAnswer, examples.AUDITS),
        summary="List audits kept in the index",
        name="list_audits",
    )
    async def kept() -> Response:
        def work() -> Response:
            rows: list[dict[str, Any]] = [
                {"id": a.id, "created": a.created, "seq": a.seq, "summary": dict(a.summary)}
                for a in list_audits(path)
            ]
            return as_json({"schema": "interlingua.audits/1", "audits": rows})

        return await engine.blocking(work)

    @router.get("/audits/{number}", responses=_DOCUMENT, summary="Get an audit", name="get_audit")
    async def audit(number: Number, format: Form = "json") -> Response:  # noqa: A002
        def work() -> Response:
            try:
                text = load_audit(path, number)
            except UsageError:
                raise Problem(404, "no-audit", f"no audit {number}", "see /v1/audits") from None
            return _shown(text, format)

        return await engine.blocking(work)


def _job(job: Job, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return as_json(job.document(), status, headers)


def _shown(text: str, form: str) -> Response:
    """Send an audit as it is kept, or as its page.

    The page brings a policy that names its scripts by hash. It is sent in a sandbox, too: what it
    holds was text of a corpus once, and it must not act in the name of this service.
    """
    if form == "json":
        return Response(text.encode(), media_type="application/json")
    page = render_html(parse_audit(text, "the audit"))
    own = _POLICY.search(page)
    policy = own.group(1) if own else "default-src 'none'"
    policy += "; frame-ancestors 'self'; sandbox allow-scripts allow-downloads"
    headers = {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
    return Response(page.encode(), media_type="text/html", headers=headers)
