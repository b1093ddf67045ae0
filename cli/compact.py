"""`interlingua compact`."""

import typer

from cli.options import IndexPath, Json, Quiet


def compact(index: IndexPath, quiet: Quiet = False, json: Json = False) -> None:
    """Write the FAISS files anew: without deleted vectors, few and large; fold the log in."""
    from dataclasses import asdict

    from cli.output import print_json
    from cli.progress import stages
    from indexer.compaction import compact as run
    from indexer.nouns import counted

    with stages(quiet) as show:
        report = run(index, show)
    if json:
        print_json({"schema": "interlingua.compact/1", "path": str(index), **asdict(report)})
        return
    typer.echo(
        f"{index}: {counted(report.documents, 'document')} in "
        f"{counted(report.files, 'FAISS file')} of {counted(report.bytes, 'byte')} "
        f"(before: {report.files_before} of {report.bytes_before:,}), "
        f"{counted(report.dropped, 'deleted vector')} dropped"
    )
    if not report.folded:
        note = "the write-ahead log stays: somebody reads an earlier state"
        typer.echo(f"note: {note}", err=True)
