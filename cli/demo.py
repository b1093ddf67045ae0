"""`interlingua demo`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Quiet

if TYPE_CHECKING:
    from indexer.index import IndexInfo
    from search.query import Index

ASKED = ("en-001", "fi-001")
"""One sentence of the corpus in two languages; it answers well in one and badly in the other."""


def demo(
    index: Annotated[
        Path, typer.Option("--index", metavar="DIR", help="Where the demo's index is kept.")
    ] = Path("demo-index"),
    quiet: Quiet = False,
) -> None:
    """Index the corpus that comes with interlingua and ask it one sentence in two languages."""
    from indexer.index import index_state
    from search.query import Index

    if index_state(index) != "ready":
        _build(index, quiet)
    with Index.open(index) as opened:
        info = opened.info()
        _check(info, index)
        typer.echo(
            f"{index}: {info.documents:,} sentences, {info.groups} meanings in "
            f"{len(info.languages)} languages, encoded by {info.encoder}"
        )
        for id_ in ASKED:
            _ask(opened, id_)
    typer.echo(f'\nYour turn: interlingua search "…" --index {index}')


def _check(info: "IndexInfo", index: Path) -> None:
    """Refuse a finished index that is not the demo's."""
    from data import CORPUS
    from indexer.encoders.protocol import DEFAULT_ENCODER
    from indexer.errors import UsageError

    documents = CORPUS.read_bytes().count(b"\n")
    if (info.encoder, info.documents, info.deleted) != (DEFAULT_ENCODER, documents, 0):
        raise UsageError(f"{index}: is not an index of the demo", "name another one with --index")


def _build(index: Path, quiet: bool) -> None:
    """Build the index, or go on with a demo that was interrupted."""
    from cli.progress import count_records, progress
    from data import CORPUS
    from indexer.build import build
    from indexer.corpus import read_corpus

    sources = [str(CORPUS)]
    with progress("indexing", count_records(sources, quiet), quiet) as show:
        build(read_corpus(sources), index, progress=show)


def _ask(index: "Index", id_: str) -> None:
    """Show the answer to one document of the corpus."""
    from cli.output import console
    from search.render import render_answer

    answer = next(index.search_many([index.query_by_id(id_)]))
    console().print("\n", render_answer(answer), sep="")
