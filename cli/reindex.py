"""`interlingua reindex`."""

from cli.kinds import IndexKind, MemoryBudget, Quantise, indexing_of
from cli.options import IndexPath, Json, Quiet


def reindex(
    index: IndexPath,
    index_kind: IndexKind = None,
    quantise: Quantise = None,
    memory_budget: MemoryBudget = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write the FAISS files anew, in another kind if one is named; nothing is encoded."""
    from dataclasses import asdict

    import typer

    from cli.output import print_json
    from cli.progress import stages
    from indexer.index import IndexReader, IndexWriter
    from indexer.nouns import counted

    with IndexWriter.open(index) as writer:
        asked = indexing_of(index_kind, quantise, memory_budget, writer.indexing)
        assert asked is not None
        if (index_kind, quantise, memory_budget) == (None, None, None):
            asked = writer.indexing
        with stages(quiet) as show:
            plan = writer.reindex(asked, show)
    with IndexReader.open(index) as reader:
        info = reader.info()
    if json:
        document = {"schema": "interlingua.reindex/1", "path": str(index), **asdict(plan)}
        print_json({**document, "files": info.files, "bytes": info.bytes})
        return
    typer.echo(f"{index}: {plan.factory}, {plan.why}")
    sizes = ((info.documents, "document"), (info.files, "file"), (info.bytes, "byte"))
    typer.echo(f"  {', '.join(counted(*size) for size in sizes)}")
    if not plan.exact:
        typer.echo("  it may miss neighbours: `interlingua tune` says how many, in every language")
