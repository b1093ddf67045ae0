"""`interlingua verify`."""

from typing import Annotated

import typer

from cli.options import IndexPath, Json


def verify(
    index: IndexPath,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="A moment, however large: totals, ranges, names and sizes of files, 1,000 rows.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Check every byte and every id of an index; exit 8 when something is wrong."""
    from cli.output import print_json
    from indexer.errors import CorruptError
    from indexer.nouns import counted
    from indexer.verify import verify as run

    problems = run(index, quick=quick)
    if json:
        found = [{"place": p.place, "what": p.what, "remedy": p.remedy} for p in problems]
        print_json({"schema": "interlingua.verify/1", "ok": not problems, "problems": found})
    else:
        for p in problems:
            typer.echo(f"{p.place}: {p.what} ({p.remedy})")
        whole = "nothing wrong at a quick look; verify reads every byte" if quick else "whole"
        typer.echo(f"{index}: {counted(len(problems), 'problem') if problems else whole}")
    if problems:
        raise typer.Exit(CorruptError.exit_code)
