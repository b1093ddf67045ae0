"""`interlingua add`."""

from typing import Annotated, Literal

import typer

from cli.encoders import MovedEncoder, moved_spec
from cli.options import (
    Corpora,
    CorpusFormat,
    DryRun,
    GivenLang,
    GroupField,
    IdField,
    IndexPath,
    Json,
    LangField,
    MaxRejects,
    Quiet,
    SameDetector,
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
    format: CorpusFormat = None,  # noqa: A002 - the option's name
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    group_field: GroupField = "group",
    lang: GivenLang = None,
    detector: SameDetector = None,
    max_rejects: MaxRejects = 0,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Add documents to an index, or replace them; unchanged ones are not encoded again."""
    from cli.corpus_source import CorpusSource
    from cli.output import print_build
    from cli.progress import progress
    from indexer.build import add as run
    from indexer.chunking import splitter
    from indexer.corpus import Fields
    from indexer.detectors import open_detector
    from indexer.directory import REJECTS
    from indexer.encoders import open_encoder
    from indexer.index import IndexReader
    from indexer.rejects import Rejects

    fields = Fields(id_field, text_field, lang_field, group_field)
    with IndexReader.open(index) as reader:
        told = open_detector(detector or reader.settings.detector)
    source = CorpusSource(corpus, fields, format, lang, told, quiet)
    if dry_run:
        with IndexReader.open(index) as reader:
            kept = reader.settings
            moved = kept.encoder.moved(moved_spec(encoder))
            split = splitter(kept.chunking, lambda: open_encoder(moved), kept.role)
            source.dry_run(
                json,
                max_rejects,
                reader.holds,
                on_duplicate == "error",
                split=split if kept.chunking else None,
            )
        return
    with (
        Rejects(max_rejects, index / REJECTS) as rejects,
        progress("adding", source.count(), quiet) as show,
    ):
        report = run(
            source.records(rejects),
            index,
            on_duplicate=on_duplicate,
            encoder=moved_spec(encoder),
            rejects=rejects,
            progress=show,
            stages=show.stages,
        )
    print_build("add", index, report, json)
