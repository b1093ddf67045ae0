"""`interlingua convert`: benchmark folders and aligned files to our corpus records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json

if TYPE_CHECKING:
    from indexer.convert import ConvertReport

convert = typer.Typer(
    help="Turn benchmark folders and aligned files into corpus.jsonl and queries.jsonl.",
    no_args_is_help=True,
)
Source = Annotated[Path, typer.Argument(metavar="SRC", help="The folder to read.")]
Output = Annotated[Path, typer.Option(metavar="DIR", help="The folder to write; made when absent.")]


@convert.command()
def tatoeba(src: Source, output: Output, json: Json = False) -> None:
    """Tatoeba test set: tatoeba.XXX-eng.XXX and tatoeba.XXX-eng.eng."""
    from indexer.convert import convert_tatoeba

    _print(convert_tatoeba(src, output), output, json)


@convert.command(name="xquad-r")
def xquad_r(src: Source, output: Output, json: Json = False) -> None:
    """LAReQA's XQuAD-R: one SQuAD-like JSON file a language."""
    from indexer.convert import convert_xquad_r

    _print(convert_xquad_r(src, output), output, json)


@convert.command()
def parallel(src: Source, output: Output, json: Json = False) -> None:
    """Aligned text files, NAME.LANG: line i of one translates line i of the others."""
    from indexer.convert import convert_parallel

    _print(convert_parallel(src, output), output, json)


def _print(report: "ConvertReport", output: Path, json: bool) -> None:
    from dataclasses import asdict

    from cli.output import print_json
    from indexer.nouns import counted

    if json:
        print_json({"schema": "interlingua.convert/1", **asdict(report)})
        return
    languages = ", ".join(f"{code} {n}" for code, n in sorted(report.languages.items()))
    documents = counted(report.documents, "document")
    queries = counted(report.queries, "query", "queries")
    typer.echo(f"{output}: {documents}, {queries} ({languages})")
    for reason, n in report.skipped.items():
        typer.echo(f"skipped {n}: {reason}", err=True)
