"""`interlingua add`."""

from typing import Annotated, Literal

import typer

from cli.options import (
    REJECTS,
    Corpora,
    DetectorName,
    Format,
    GroupField,
    IdField,
    IndexPath,
    Json,
    LangField,
    MaxRejects,
    MovedEncoder,
    Quiet,
    TextField,
)


def add(
    corpus: Corpora,
    index: IndexPath,
    on_duplicate: Annotated[
        Literal["error", "skip", "replace"],
        typer.Option(help="What to do with an id that is already there."),
    ] = "error",
    encoder: MovedEncoder = None,
    format: Format = "jsonl",  # noqa: A002, ARG001 - one value so far, checked by its type
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    group_field: GroupField = "group",
    detector: DetectorName = "py3langid",
    max_rejects: MaxRejects = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Add documents to an index, or replace them; unchanged ones are not encoded again."""
    from cli.labels import warn_of_labels
    from cli.output import print_build
    from cli.progress import count_records, progress
    from indexer.build import add as run
    from indexer.corpus import Fields, read_corpus
    from indexer.detectors import open_detector
    from indexer.encoders import EncoderSpec
    from indexer.rejects import Rejects

    told = open_detector(detector)
    fields = Fields(id_field, text_field, lang_field, group_field)
    with (
        Rejects(max_rejects, index / REJECTS) as rejects,
        progress("adding", count_records(corpus, quiet), quiet) as show,
    ):
        report = run(
            read_corpus(corpus, fields=fields, detector=told, rejects=rejects),
            index,
            on_duplicate=on_duplicate,
            encoder=EncoderSpec(encoder) if encoder else None,
            rejects=rejects,
            progress=show,
        )
    print_build("add", index, report, json)
    warn_of_labels(report.contradictions)
