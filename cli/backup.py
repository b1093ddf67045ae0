"""`interlingua backup`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import CopyFiles, IndexPath, Json, Quiet


def backup(
    index: IndexPath,
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="The backup; empty, or not there yet.")
    ],
    copy: CopyFiles = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Copy one state of an index, while others read and write; the copy can be searched."""
    from dataclasses import asdict

    from cli.output import print_json
    from cli.progress import documents_in, progress
    from indexer.backup import backup as run
    from indexer.nouns import counted

    with progress("copying", documents_in(index), quiet) as show:
        report = run(index, output, copy=copy, progress=show)
    if json:
        fields = {**asdict(report), "path": str(report.path)}
        print_json({"schema": "interlingua.backup/1", "index": str(index), **fields})
        return
    typer.echo(
        f"{output}: {counted(report.documents, 'document')} of {index} as of commit "
        f"{report.commit}; {counted(report.files, 'file')}, {counted(report.bytes, 'byte')}, "
        f"{report.linked} linked"
    )
