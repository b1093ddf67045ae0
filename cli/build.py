"""`interlingua build`."""

from typing import Annotated, Literal

import typer

from cli.encoders import (
    Dimensions,
    EncoderName,
    InputTypes,
    Layer,
    PassagePrompt,
    Pooling,
    QueryPrompt,
    RequestsAtOnce,
    RequestsPerMinute,
    Revision,
    TextsPerRequest,
    remote_options,
)
from cli.kinds import IndexKind, MemoryBudget, Quantise, indexing_of
from cli.options import (
    Chunk,
    Corpora,
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
    MaxRejects,
    Overlap,
    Quiet,
    TextField,
    chunking_of,
)


def build(
    corpus: Corpora,
    index: IndexPath,
    encoder: EncoderName = "multilingual-e5-small",
    role: Annotated[
        Literal["passage", "query"], typer.Option(help="What the documents are to the encoder.")
    ] = "passage",
    format: CorpusFormat = None,  # noqa: A002 - the option's name
    revision: Revision = None,
    pooling: Pooling = None,
    layer: Layer = None,
    dimensions: Dimensions = None,
    query_prompt: QueryPrompt = "",
    passage_prompt: PassagePrompt = "",
    input_types: InputTypes = None,
    requests_per_minute: RequestsPerMinute = None,
    texts_per_request: TextsPerRequest = 64,
    requests_at_once: RequestsAtOnce = 4,
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    group_field: GroupField = "group",
    lang: GivenLang = None,
    chunk: Chunk = None,
    overlap: Overlap = None,
    lexical: Lexical = True,
    detector: DetectorName = "py3langid",
    max_rejects: MaxRejects = 0,
    index_kind: IndexKind = None,
    quantise: Quantise = None,
    memory_budget: MemoryBudget = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Create an index; run again after an interruption, it goes on where it stopped."""
    from cli.corpus_source import CorpusSource
    from cli.output import print_build
    from cli.progress import progress
    from indexer.build import build as run
    from indexer.chunking import splitter
    from indexer.corpus import Fields
    from indexer.detectors import open_detector
    from indexer.directory import REJECTS
    from indexer.encoders import EncoderSpec, open_encoder
    from indexer.rejects import Rejects

    chunking = chunking_of(chunk, overlap)
    indexing = indexing_of(index_kind, quantise, memory_budget)
    fields = Fields(id_field, text_field, lang_field, group_field)
    source = CorpusSource(corpus, fields, format, lang, open_detector(detector), quiet)
    remote = remote_options(
        dimensions,
        query_prompt,
        passage_prompt,
        input_types,
        requests_per_minute,
        texts_per_request,
        requests_at_once,
    )
    spec = EncoderSpec(encoder, revision, pooling, layer, remote)
    if dry_run:
        split = splitter(chunking, lambda: open_encoder(spec), role) if chunking else None
        source.dry_run(json, max_rejects, split=split)
        return
    with (
        Rejects(max_rejects, index / REJECTS) as rejects,
        progress("indexing", source.count(), quiet) as show,
    ):
        records = source.records(rejects)
        report = run(
            records,
            index,
            encoder=spec,
            role=role,
            detector=detector,
            lexical=lexical,
            chunking=chunking,
            rejects=rejects,
            progress=show,
            stages=show.stages,
            indexing=indexing,
        )
    print_build("build", index, report, json)
