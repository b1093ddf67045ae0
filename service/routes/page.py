"""The page: its files, which are the same for every index and every reader."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Header, Response

from service.problems import Problem
from service.security import ASSETS, PAGE

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing inline, nothing evaluated, nothing from elsewhere, and no text ever becomes markup."""

Known = Annotated[str | None, Header(alias="if-none-match")]


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    type: str
    tag: str
    """ETag."""


def read_assets() -> dict[str, Asset]:
    """Read the files of the page by name."""
    found = {}
    for file in files("service").joinpath("page").iterdir():
        suffix = file.name.rpartition(".")[2]
        if suffix in _TYPES:
            body = file.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            found[file.name] = Asset(body, _TYPES[suffix], tag)
    return found


def page_routes() -> APIRouter:
    """Make the routes of the page; they are no part of the API, and do not stand in its document.

    A browser asks every time whether a file is still the same, which is answered in a line: so a
    page never runs with parts of two versions.
    """
    router = APIRouter(include_in_schema=False)
    assets = read_assets()

    def send(name: str, known: str | None) -> Response:
        asset = assets.get(name)
        if asset is None:
            raise Problem(404, "not-found", "no such part of the page", "open /")
        headers = {
            "ETag": asset.tag,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _POLICY,
        }
        if known is not None and asset.tag in {tag.strip() for tag in known.split(",")}:
            return Response(status_code=304, headers=headers)
        return Response(asset.body, media_type=asset.type, headers=headers)

    @router.api_route(PAGE, methods=["GET", "HEAD"], name="page")
    async def page(known: Known = None) -> Response:
        return send("index.html", known)

    @router.api_route(f"{ASSETS}{{name}}", methods=["GET", "HEAD"], name="page_part")
    async def part(name: str, known: Known = None) -> Response:
        return send(name, known)

    return router
