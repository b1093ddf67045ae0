"""`interlingua purge`."""

from typing import Annotated

import typer

from cli.options import IndexPath, Json, Quiet


def purge(
    index: IndexPath,
    quarantine: Annotated[
        bool,
        typer.Option("--quarantine", help="Remove quarantine.jsonl, too, which a repair left."),
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Remove the bytes of deleted and replaced documents from every file of the index."""
    from dataclasses import asdict

    from cli.output import print_json
    from cli.progress import stages
    from indexer.nouns import counted
    from indexer.purge import purge as run

    with stages(quiet) as show:
        report = run(index, quarantine=quarantine, stages=show)
    if json:
        print_json({"schema": "interlingua.purge/1", "path": str(index), **asdict(report)})
        return
    typer.echo(
        f"{index}: nothing is left of what was deleted; {counted(report.documents, 'document')}, "
        f"{counted(report.bytes, 'byte')} (before: {report.bytes_before:,})"
    )
    for number, what, done in (
        (report.dropped, "deleted vector", "dropped from FAISS files"),
        (report.audits, "stored audit", "had texts blanked"),
    ):
        if number:
            typer.echo(f"  {counted(number, what)} {done}")
    for name in report.removed:
        typer.echo(f"  {name} removed")
    for name in report.left:
        typer.echo(f"  {name} is no part of an index and was left as it is")
