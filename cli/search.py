"""`interlingua search`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import IndexPath, Json, MovedEncoder

if TYPE_CHECKING:
    from indexer.corpus import Query
    from search.query import Index


def search(
    index: IndexPath,
    text: Annotated[str | None, typer.Argument(help="The query.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Neighbours wanted.")] = 10,
    lang: Annotated[
        str | None, typer.Option(help="Language of the query; detected when left out.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Group of the documents that mean the same as the query.")
    ] = None,
    id: Annotated[  # noqa: A002 - the field's name in every record
        str | None, typer.Option(help="The query is the document with this id.")
    ] = None,
    languages: Annotated[
        str | None, typer.Option("--in", metavar="L1,L2", help="Languages of the neighbours.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Metadata of the neighbours; may be repeated."),
    ] = None,
    queries: Annotated[
        str | None, typer.Option(metavar="FILE", help="Query records in JSONL; - for stdin.")
    ] = None,
    encoder: MovedEncoder = None,
    exact: Annotated[  # noqa: ARG001 - every search is exact so far
        bool, typer.Option("--exact", help="Compare with every vector, whatever the index kind.")
    ] = False,
    json: Json = False,
) -> None:
    """Find the nearest documents across languages, and report how many share only the language."""
    from cli.output import console, print_json
    from indexer.encoders import EncoderSpec
    from search.query import Index, make_filter
    from search.render import answer_json, render_answer

    allowed = make_filter(languages.split(",") if languages else None, _pairs(where))
    with Index.open(index, encoder=EncoderSpec(encoder) if encoder else None) as opened:
        asked = _queries(opened, text, queries, lang, group, id)
        for number, answer in enumerate(opened.search_many(asked, k=k, filter=allowed)):
            if json:
                print_json(answer_json(answer), indent=None if queries else 2)
            else:
                console().print(*(["\n"] if number else []), render_answer(answer))


def _queries(
    index: "Index",
    text: str | None,
    file: str | None,
    lang: str | None,
    group: str | None,
    id: str | None,  # noqa: A002
) -> "Iterator[Query]":
    """Make queries out of exactly one of TEXT, --id and --queries."""
    from indexer.corpus import read_queries
    from indexer.errors import UsageError

    if file is not None:
        if any(given is not None for given in (text, lang, group, id)):
            raise UsageError("--queries brings text, language, group and id", "give it alone")
        return read_queries(file)
    if text is None and id is None:
        raise UsageError("no query", "give a TEXT, --id ID or --queries FILE")
    if text is None and id is not None:
        return iter([index.query_by_id(id)])
    return iter([index.query(text or "", lang=lang, group=group, id=id)])


def _pairs(where: list[str] | None) -> dict[str, str]:
    """Split KEY=VALUE at the first equals sign."""
    from indexer.errors import UsageError

    pairs = {}
    for pair in where or []:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--where {pair!r} is no KEY=VALUE", "write --where topic=food")
        pairs[key] = value
    return pairs
