"""`interlingua restore`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import CopyFiles, IndexPath, Json, Quiet


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A directory of `backup`.")],
    index: IndexPath,
    copy: CopyFiles = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make an index of a backup, in a new directory; it is checked before it appears."""
    from dataclasses import asdict

    from cli.output import print_json
    from cli.progress import progress
    from indexer.nouns import counted
    from indexer.restore import restore as run

    with progress("restoring files", None, quiet) as show:
        report = run(source, index, copy=copy, progress=show)
    if json:
        fields = {**asdict(report), "path": str(report.path)}
        print_json({"schema": "interlingua.restore/1", "backup": str(source), **fields})
        return
    typer.echo(
        f"{index}: {counted(report.documents, 'document')} as of {report.created}, commit "
        f"{report.commit}; every file is what was backed up"
    )
