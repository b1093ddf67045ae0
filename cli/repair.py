"""`interlingua repair`."""

import typer

from cli.options import IndexPath, Json


def repair(index: IndexPath, json: Json = False) -> None:
    """Make an index whole again out of its database, without encoding anything."""
    from dataclasses import asdict

    from cli.output import print_json
    from indexer.verify import repair as run

    report = run(index)
    if json:
        print_json({"schema": "interlingua.repair/1", **asdict(report)})
    else:
        typer.echo(f"{index}: {report}")
