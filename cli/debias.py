"""`interlingua debias`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.encoders import MovedEncoder, moved_spec
from cli.merging import Floor, MergeOfIndex, TargetShare, merging_of
from cli.options import IndexPath, Json, MarkdownFile, QueryVectors, Quiet, SampleSeed, VectorField

if TYPE_CHECKING:
    from indexer.index import IndexReader
    from indexer.transforms import Statistics
    from search.debias.candidates import Candidate
    from search.debias.options import EvaluationOptions
    from search.debias.result import Evaluation
    from search.query import Index


def debias(
    index: IndexPath,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="none undoes; auto takes what --evaluate recommends; centring, lir, lsar, leace, "
            "abtt, zca; with groups also procrustes and least-squares.",
        ),
    ] = None,
    merge: MergeOfIndex = None,
    target_share: TargetShare = None,
    floor: Floor = None,
    fit_on: Annotated[
        str | None,
        typer.Option(
            metavar="CORPUS|INDEX", help="Fit on other documents, where the index has too few."
        ),
    ] = None,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Try everything and change nothing.")
    ] = False,
    queries: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Queries to judge by; without, documents ask for their neighbours."
        ),
    ] = None,
    query_vectors: QueryVectors = None,
    vector_field: VectorField = None,
    margin: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="By how much retrieval inside any one language may fall (mAP)."
        ),
    ] = 0.03,
    overlap_margin: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Where no right answers are known: share of the neighbours inside a language "
            "that may change.",
        ),
    ] = 0.5,
    sample: Annotated[
        int, typer.Option(min=0, help="Queries to judge by, evenly by language; 0 takes all.")
    ] = 2000,
    seed: SampleSeed = 0,
    plot: Annotated[
        Path | None, typer.Option(metavar="SVG", help="Draw bias against meaning, with frontier.")
    ] = None,
    markdown: MarkdownFile = None,
    encoder: MovedEncoder = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Take language bias out of an index, undo it, or see what each method would cost."""
    from indexer.errors import UsageError
    from indexer.staging import refuse_inside
    from indexer.transforms import NONE
    from search.debias.candidates import Candidate
    from search.debias.options import EvaluationOptions
    from search.query import Index

    if method is None and merge is None and not evaluate:
        raise UsageError("nothing to do", "give --method NAME, --merge NAME or --evaluate")
    judged = evaluate or method == "auto"
    if judged and (merge or floor is not None or (evaluate and method)):
        raise UsageError(
            "--evaluate and --method auto try every method and merging",
            "leave --merge and --floor out, and --method out of --evaluate",
        )
    if not judged and (plot or markdown or queries):
        raise UsageError("--plot, --markdown and --queries without --evaluate", "add --evaluate")
    for output in filter(None, (plot, markdown)):
        refuse_inside(output)
    with Index.open(index, encoder=moved_spec(encoder)) as opened:
        if judged:
            options = EvaluationOptions(
                margin=margin,
                overlap_margin=overlap_margin,
                target_share=target_share,
                sample=sample or None,
                seed=seed,
            )
            found = _evaluate(opened, options, queries, query_vectors, vector_field, fit_on, quiet)
            _report(found, plot, markdown, json)
            if not evaluate:
                _apply(opened, _recommended(found), fit_on, quiet)
            return
        merging = merging_of(merge, target_share, floor)
        _apply(opened, Candidate(method or NONE, merging), fit_on, quiet)
    if json:
        _print_state(index)


def _report(found: "Evaluation", plot: Path | None, markdown: Path | None, json: bool) -> None:
    """Write what was asked for, and print the table."""
    from cli.output import console, print_json
    from search.debias.plot import evaluation_svg
    from search.debias.result import evaluation_json
    from search.debias.table import evaluation_markdown, render_evaluation

    if plot is not None:
        plot.write_text(evaluation_svg(found), encoding="utf-8")
    if markdown is not None:
        markdown.write_text(evaluation_markdown(found), encoding="utf-8")
    if json:
        print_json(evaluation_json(found))
    else:
        console().print(render_evaluation(found))


def _recommended(found: "Evaluation") -> "Candidate":
    """Take the recommendation; exit 5 when there is none."""
    if found.chosen is None:
        typer.echo("nothing passes; the index stays as it is", err=True)
        raise typer.Exit(5)
    return found.judgements[found.chosen].candidate


def _apply(index: "Index", candidate: "Candidate", fit_on: str | None, quiet: bool) -> None:
    """Fit and apply, and say what was done and what is not covered."""
    from cli.progress import stages
    from indexer.index import IndexReader
    from indexer.transforms import NONE, Statistics
    from search.debias.apply import apply_debiasing, debiasing_of

    with IndexReader.open(index.path) as reader:
        total = reader.info().documents
        statistics = Statistics(reader.settings.dim)
        if candidate.method != NONE:
            statistics = _statistics(index, reader, fit_on, total, quiet)
    debiasing = debiasing_of(candidate, statistics, fit_on or "the index itself")
    with stages(quiet) as show:
        apply_debiasing(index.path, debiasing, show)
    if quiet:
        return
    with IndexReader.open(index.path) as reader:
        unseen = reader.info().unseen
    typer.echo(f"{index.path}: {candidate}, for documents and queries", err=True)
    if unseen:
        which = ", ".join(f"{lang} {n}" for lang, n in unseen.items())
        typer.echo(f"note: not fitted, moved as the mean of all documents says: {which}", err=True)


def _statistics(
    index: "Index", reader: "IndexReader", fit_on: str | None, total: int, quiet: bool
) -> "Statistics":
    """Gather what the fit looks at: from the index, another index, or a corpus."""
    from cli.progress import progress
    from indexer.corpus import read_corpus
    from indexer.index import IndexReader
    from search.debias.apply import (
        check_same_encoder,
        statistics_of_corpus,
        statistics_of_index,
    )

    if fit_on is None:
        with progress("fitting", total, quiet) as show:
            return statistics_of_index(reader, show)
    if Path(fit_on).is_dir():
        with IndexReader.open(Path(fit_on)) as other:
            check_same_encoder(reader, other)
            with progress("fitting", other.info().documents, quiet) as show:
                return statistics_of_index(other, show)
    with progress("fitting", None, quiet) as show:
        records = read_corpus([fit_on])
        return statistics_of_corpus(records, index.encoder, reader.settings.role, show)


def _evaluate(
    index: "Index",
    options: "EvaluationOptions",
    queries: str | None,
    query_vectors: str | None,
    vector_field: str | None,
    fit_on: str | None,
    quiet: bool,
) -> "Evaluation":
    """Judge everything, with a progress bar over the candidates."""
    from cli.progress import progress
    from cli.queries import asked_of
    from indexer.index import IndexReader
    from search.debias.evaluate import evaluate

    asked, vectors = asked_of(index, queries, query_vectors, vector_field, quiet)
    with IndexReader.open(index.path) as reader:
        elsewhere = None if fit_on is None else _statistics(index, reader, fit_on, 0, quiet)
        with progress("trying methods", None, quiet) as show:
            return evaluate(
                reader,
                options,
                queries=asked,
                vectors=vectors,
                fitted_on=elsewhere,
                progress=lambda done, _total: show(done),
            )


def _print_state(index: Path) -> None:
    from cli.output import print_json
    from indexer.index import IndexReader

    with IndexReader.open(index) as reader:
        info = reader.info()
    print_json(
        {
            "schema": "interlingua.debias/1",
            "transform": info.transform,
            "merging": dict(info.merging),
            "fitted_on": dict(info.fitted_on),
            "unseen": dict(info.unseen),
        }
    )
