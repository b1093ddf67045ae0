"""`interlingua audit`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.encoders import MovedEncoder, moved_spec
from cli.merging import Floor, Merge, TargetShare, merging_or_index
from cli.options import (
    HtmlFile,
    IndexPath,
    Json,
    Languages,
    MarkdownFile,
    QueryVectors,
    Quiet,
    SampleSeed,
    VectorField,
    Where,
    filter_of,
)
from cli.reports import report_writers

if TYPE_CHECKING:
    from search.audit.result import Audit

_LARGEST_K = 1000


def audit(
    context: typer.Context,
    index: IndexPath,
    queries: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Query records, in any format of a corpus; without, every document asks for its "
            "own neighbours.",
        ),
    ] = None,
    query_vectors: QueryVectors = None,
    vector_field: VectorField = None,
    k: Annotated[
        str, typer.Option("-k", metavar="K1,K2", help="Numbers of neighbours to look at.")
    ] = "1,5,10,50",
    sample: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Queries to ask at most, evenly by language; 0 asks all. Without it 10,000 when "
            "there are more than 20,000.",
        ),
    ] = None,
    seed: SampleSeed = 0,
    languages: Languages = None,
    where: Where = None,
    as_served: Annotated[
        bool,
        typer.Option("--as-served", help="Neighbours as the index serves them, not exact ones."),
    ] = False,
    merge: Merge = None,
    target_share: TargetShare = None,
    floor: Floor = None,
    peer: Annotated[bool, typer.Option("--peer", help="Measure PEER, too (slow).")] = False,
    encoder: MovedEncoder = None,
    html: HtmlFile = None,
    markdown: MarkdownFile = None,
    save: Annotated[
        bool, typer.Option("--save/--no-save", help="Keep the audit in the index.")
    ] = True,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure how much of what the index returns is language and how much is meaning."""
    import shlex

    from cli.output import console, print_json
    from cli.progress import progress
    from cli.queries import asked_of
    from search.audit.options import AuditOptions
    from search.audit.schema import audit_json
    from search.query import Index
    from search.reports.terminal import render_audit

    writers = report_writers(html, markdown)
    options = AuditOptions(
        ks=_numbers(k),
        sample=sample,
        seed=seed,
        allowed=filter_of(languages, where),
        as_served=as_served,
        merging=merging_or_index(merge, target_share, floor),
        peer=peer,
        command=shlex.join(["interlingua", *context.obj]),
    )
    with Index.open(index, encoder=moved_spec(encoder)) as opened:
        asked, vectors = asked_of(opened, queries, query_vectors, vector_field, quiet)
        with progress("auditing", None, quiet) as show:
            found = opened.audit(
                options,
                queries=asked,
                vectors=vectors,
                progress=lambda done, total: show.stages("auditing", done, total),
            )
    for path, write in writers.items():
        path.write_text(write(found), encoding="utf-8")
    if save:
        _save(index, found, quiet)
    if json:
        print_json(audit_json(found), indent=None)
    else:
        console().print(render_audit(found))
    if found.interrupted:
        typer.echo("interrupted: the audit is of the queries that were asked until then", err=True)
        raise typer.Exit(130)


def _numbers(text: str) -> tuple[int, ...]:
    """Read 1,5,10 as ascending numbers, each once."""
    from indexer.errors import UsageError

    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError as error:
        raise UsageError(f"-k {text!r} is no list of numbers", "write -k 1,5,10") from error
    if found[0] < 1 or found[-1] > _LARGEST_K:
        raise UsageError(f"-k {text!r} is out of range", f"take numbers from 1 to {_LARGEST_K}")
    return tuple(found)


def _save(index: Path, found: "Audit", quiet: bool) -> None:
    """Keep the audit in the index; an index that cannot be written to is no reason to fail."""
    from json import dumps

    from indexer.audits import save_audit
    from indexer.errors import InterlinguaError
    from search.audit.schema import audit_json
    from search.audit.summary import summarise

    document = dumps(audit_json(found), ensure_ascii=False, allow_nan=False)
    try:
        number = save_audit(index, document, summarise(found), found.index.seq)
    except (InterlinguaError, OSError) as error:
        typer.echo(f"note: the audit was not kept in the index: {error}", err=True)
        return
    if not quiet:
        typer.echo(f"kept in the index as audit {number}; see `interlingua audits`", err=True)
