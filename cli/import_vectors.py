"""`interlingua import`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    Corpora,
    GroupField,
    IdField,
    IndexPath,
    Json,
    LangField,
    Quiet,
    TextField,
)


def import_vectors(
    vectors: Annotated[
        Path,
        typer.Argument(
            metavar="VECTORS.npy", help="Row i is the vector of record i: float16, 32 or 64."
        ),
    ],
    corpus: Corpora,
    index: IndexPath,
    name: Annotated[
        str, typer.Option(help="What to call the encoder that made the vectors.")
    ] = "imported",
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    group_field: GroupField = "group",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make an index of vectors made elsewhere; run again after an interruption, it goes on."""
    from cli.output import print_build
    from cli.progress import progress
    from indexer.corpus import Fields, read_corpus
    from indexer.imported import count_records
    from indexer.imported import import_vectors as run

    # A refused record would shift the rows behind it, so none is tolerated.
    records = read_corpus(corpus, fields=Fields(id_field, text_field, lang_field, group_field))
    expected = count_records(corpus)
    with progress("importing", expected, quiet) as show:
        report = run(vectors, records, index, name=name, expected=expected, progress=show)
    print_build("import", index, report, json)
    if report.rescaled and not json:
        typer.echo(f"  {report.rescaled} vectors were not of unit length and were made so")
