"""`interlingua serve`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.encoders import MovedEncoder, moved_spec
from cli.options import IndexPath

_MIB = 1 << 20


def serve(
    index: IndexPath,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    writable: Annotated[
        bool, typer.Option("--writable", help="Let clients add, replace and delete documents.")
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with the token clients must show; else INTERLINGUA_TOKEN.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Host name that clients use; may be repeated."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Other origin whose pages may call; may be repeated."),
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, help="Largest request in MiB.")] = 4,
    max_requests: Annotated[
        int, typer.Option(min=1, help="Requests at work at once; more are refused with 503.")
    ] = 64,
    time_limit: Annotated[
        float, typer.Option(min=0.1, help="Seconds within which a request is answered.")
    ] = 30.0,
    encoder: MovedEncoder = None,
) -> None:
    """Serve an index over HTTP; the first line on stdout says that it is ready, and where."""
    import os

    from indexer.errors import UsageError

    try:
        from service.limits import Limits
        from service.server import serve as run
        from service.settings import TOKEN_VARIABLE, Settings, read_token
    except ImportError as error:
        raise UsageError(
            f"serving needs {error.name}, which is not installed",
            "pip install 'interlingua[serve]'",
        ) from error
    limits = Limits(body_bytes=max_body * _MIB, in_flight=max_requests, seconds=time_limit)
    settings = Settings(
        index=index,
        encoder=moved_spec(encoder),
        token=read_token(token_file, os.environ.get(TOKEN_VARIABLE)),
        writable=writable,
        hosts=tuple(allow_host or ()),
        origins=tuple(allow_origin or ()),
        limits=limits,
    )
    run(settings, host, port, lambda address: typer.echo(f"ready: {address}"))
