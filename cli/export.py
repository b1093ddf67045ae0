"""`interlingua export`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import (
    GroupField,
    IdField,
    IndexPath,
    Json,
    LangField,
    Languages,
    Quiet,
    TextField,
    Where,
    filter_of,
)

if TYPE_CHECKING:
    from indexer.exports.export import ExportReport
    from indexer.fields import Fields

ExportFormat = Literal["jsonl", "parquet", "embedding-atlas"]


def export(
    index: IndexPath,
    output: Annotated[
        str, typer.Option(metavar="FILE", help="The file; - is standard output, for JSONL.")
    ],
    format: Annotated[  # noqa: A002 - the option's name
        ExportFormat | None,
        typer.Option(help="Told by the name of the file (.jsonl, .parquet) when left out."),
    ] = None,
    vectors: Annotated[
        Literal["raw", "searched"] | None,
        typer.Option(help="Write vectors, too: as encoded, or after the transform of the index."),
    ] = None,
    neighbours: Annotated[
        int,
        typer.Option(min=0, max=100, help="For embedding-atlas: neighbours of each document."),
    ] = 15,
    languages: Languages = None,
    where: Where = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take the place of a file that is there.")
    ] = False,
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    group_field: GroupField = "group",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write the documents to a file: a build that reads it makes the same ones."""
    from cli.filters import note_unmet
    from cli.progress import documents_in, progress
    from indexer.exports.export import export as run
    from indexer.fields import Fields
    from indexer.staging import new_file
    from search.atlas import export_atlas

    chosen = format or _guessed(output)
    allowed = filter_of(languages, where)
    fields = Fields(id_field, text_field, lang_field, group_field)
    if output == "-":
        _refuse_stdout(chosen, json)
        run(index, sys.stdout.buffer, vectors=vectors, allowed=allowed, fields=fields)
        return
    with (
        new_file(Path(output), overwrite=overwrite) as file,
        progress("exporting", documents_in(index, allowed), quiet) as show,
    ):
        if chosen == "embedding-atlas":
            report = export_atlas(
                index, file, neighbours,
                vectors=vectors, allowed=allowed, fields=fields, progress=show,
            )  # fmt: skip
        else:
            report = run(
                index, file,
                format=chosen, vectors=vectors, allowed=allowed, fields=fields, progress=show,
            )  # fmt: skip
    _print(report, Path(output), chosen, fields, json)
    if not report.documents:
        note_unmet(index, allowed)


def _guessed(output: str) -> ExportFormat:
    from indexer.errors import UsageError

    if output == "-" or output.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    if output.endswith((".parquet", ".pq")):
        return "parquet"
    raise UsageError(f"{output}: its name tells no format", "give --format jsonl or parquet")


def _refuse_stdout(chosen: ExportFormat, json: bool) -> None:
    from indexer.errors import UsageError

    if chosen != "jsonl":
        raise UsageError(f"{chosen} goes to no standard output", "name a file with --output")
    if json:
        raise UsageError("--json and records on one standard output", "name a file with --output")


def _print(
    report: "ExportReport", output: Path, chosen: ExportFormat, fields: "Fields", json: bool
) -> None:
    from dataclasses import asdict

    from cli.output import print_json
    from indexer.nouns import counted

    if json:
        said = {"path": str(output), "format": chosen, "bytes": output.stat().st_size}
        print_json({"schema": "interlingua.export/1", **said, **asdict(report)})
        return
    languages = ", ".join(f"{lang} {n}" for lang, n in report.languages.items()) or "none"
    documents = counted(report.documents, "document")
    typer.echo(f"{output}: {documents} ({languages}) as of commit {report.commit}")
    if chosen == "embedding-atlas":
        shown = "--x projection_x --y projection_y --neighbors neighbors"
        typer.echo(f"look at it: embedding-atlas {output} --text {fields.text} {shown}")
