"""`interlingua import`."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.kinds import IndexKind, MemoryBudget, Quantise, indexing_of
from cli.options import (
    CorpusFormat,
    DetectorName,
    DryRun,
    GivenLang,
    GroupField,
    IdField,
    IndexPath,
    Json,
    LangField,
    Lexical,
    Quiet,
    TextField,
    VectorField,
)


def import_vectors(
    vectors: Annotated[
        str,
        typer.Argument(
            metavar="VECTORS",
            help="npy, Parquet, .fvecs, .bvecs or a database of llm, or a pattern; row i is the "
            "vector of record i.",
        ),
    ],
    index: IndexPath,
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CORPUS…]",
            help="The records, in any format of build; left out, Parquet or llm holds them.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="What to call the encoder that made the vectors.")
    ] = "imported",
    vector_field: VectorField = None,
    format: CorpusFormat = None,  # noqa: A002 - the option's name
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    group_field: GroupField = "group",
    lang: GivenLang = None,
    detector: DetectorName = "py3langid",
    lexical: Lexical = True,
    index_kind: IndexKind = None,
    quantise: Quantise = None,
    memory_budget: MemoryBudget = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make an index of vectors made elsewhere; run again after an interruption, it goes on."""
    from cli.corpus_source import CorpusSource
    from cli.output import print_build
    from cli.progress import progress
    from indexer.apart import Corpus
    from indexer.corpus import Fields
    from indexer.detectors import open_detector
    from indexer.errors import UsageError
    from indexer.imported import count_records
    from indexer.imported import import_vectors as run
    from indexer.nouns import counted
    from indexer.vectorfiles import open_vectors

    indexing = indexing_of(index_kind, quantise, memory_budget)
    files = open_vectors(vectors, vector_field)
    if corpus is None and not files.with_records:
        raise UsageError(
            "no corpus is named",
            "name it behind the vectors; only Parquet and databases of llm hold both",
        )
    named = corpus or [vectors]
    source = CorpusSource(
        named,
        Fields(id_field, text_field, lang_field, group_field),
        format,
        lang,
        open_detector(detector),
        quiet,
        files.columns if named == [vectors] else frozenset(),
    )
    if dry_run:
        seen = source.dry_run(json, max_rejects=0)
        files.check(seen.records + seen.repeated)
        if not json:
            typer.echo(f"{counted(files.rows, 'vector')} of {counted(files.dim, 'dimension')}")
        return
    expected = count_records(source.found)
    # A refused record would shift the rows behind it, so none is tolerated.
    with progress("importing", expected, quiet) as show, uncollected():
        report = run(
            files,
            Corpus(source.found, source.fields, source.lang, detector),
            index,
            name=name,
            detector=detector,
            lexical=lexical,
            expected=expected,
            progress=show,
            stages=show.stages,
            indexing=indexing,
        )
    print_build("import", index, report, json)
    if report.rescaled and not json:
        were = "was" if report.rescaled == 1 else "were"
        rescaled = counted(report.rescaled, "vector")
        typer.echo(f"  {rescaled} {were} not of unit length and {were} made so")


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nobody look for cycles: an import makes millions of objects, and they are in none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
