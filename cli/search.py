"""`interlingua search`."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.encoders import MovedEncoder, moved_spec
from cli.merging import Floor, Merge, TargetShare, merging_or_index
from cli.options import (
    GroupField,
    IdField,
    IndexPath,
    Json,
    LangField,
    Languages,
    QueryVectors,
    TextField,
    VectorField,
    Where,
    filter_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.corpus import Query
    from search.answer import Answer
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
        str | None, typer.Option(help="The query is the document, or the chunk, with this id.")
    ] = None,
    languages: Languages = None,
    where: Where = None,
    queries: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Query records, in any format of a corpus; - for stdin."),
    ] = None,
    query_vectors: QueryVectors = None,
    vector_field: VectorField = None,
    mode: Annotated[
        Literal["dense", "lexical", "hybrid"],
        typer.Option(help="By vectors, by shared words and characters, or by both."),
    ] = "dense",
    by_document: Annotated[
        bool,
        typer.Option("--by-document", help="Documents by their best chunks, where they are cut."),
    ] = False,
    merge: Merge = None,
    target_share: TargetShare = None,
    floor: Floor = None,
    encoder: MovedEncoder = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every vector, whatever the index kind.")
    ] = False,
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    group_field: GroupField = "group",
    json: Json = False,
) -> None:
    """Find the nearest documents across languages, and report how many share only the language."""
    from cli.filters import note_unmet
    from cli.queries import read_asked, refuse_vectors_alone
    from indexer.fields import Fields
    from search.query import Index

    allowed = filter_of(languages, where)
    fields = Fields(id_field, text_field, lang_field, group_field)
    with Index.open(index, encoder=moved_spec(encoder)) as opened:
        _warn_if_unfinished(opened)
        if queries is not None:
            _refuse_beside_queries(text, lang, group, id)
            asked, vectors = read_asked(opened, queries, query_vectors, vector_field, fields)
        else:
            refuse_vectors_alone(query_vectors)
            asked, vectors = iter([_query(opened, text, lang, group, id)]), None
        answers = opened.search_many(
            asked,
            k=k,
            filter=allowed,
            vectors=vectors,
            merging=merging_or_index(merge, target_share, floor),
            mode=mode,
            by_document=by_document,
            exact=exact,
        )
        if not _print(answers, json, one_line=queries is not None):
            note_unmet(index, allowed)


def _print(answers: "Iterator[Answer]", json: bool, *, one_line: bool) -> int:
    """Print answers; count their hits, and the queries in languages new to the transform."""
    from cli.output import console, print_json
    from search.render import answer_json, render_answer

    unseen: Counter[str] = Counter()
    hits = 0
    for number, answer in enumerate(answers):
        hits += len(answer.hits)
        unseen[answer.query.lang] += answer.fitted is False
        if json:
            print_json(answer_json(answer), indent=None if one_line else 2)
        else:
            console().print(*(["\n"] if number else []), render_answer(answer))
    which = ", ".join(f"{lang} {n}" for lang, n in sorted(unseen.items()) if n)
    if which:
        note = "moved as all documents together are"
        typer.echo(
            f"note: queries in languages the transform has not seen, {note}: {which}", err=True
        )
    return hits


def _query(
    index: "Index",
    text: str | None,
    lang: str | None,
    group: str | None,
    id: str | None,  # noqa: A002
) -> "Query":
    """Make the query of TEXT, of the document --id, or of both where they agree."""
    from dataclasses import replace

    from indexer.errors import UsageError
    from indexer.languages import normalise_language
    from search.text import printable

    if id is None:
        if text is None:
            raise UsageError("no query", "give a TEXT, --id ID or --queries FILE")
        return index.query(text, lang=lang, group=group)
    query = index.query_by_id(id)
    if query.id != id:
        note = f"document {id!r} is cut, and its first chunk, {query.id}, is the query"
        typer.echo(printable(f"note: {note}; name another to ask with that"), err=True)
    if text is not None and text != query.text:
        raise UsageError(f"document {id!r} has another text than the query", "give one of the two")
    if lang is not None:
        query = replace(
            query, lang=normalise_language(lang), lang_source="given", lang_probability=None
        )
    return query if group is None else replace(query, group=group)


def _refuse_beside_queries(*given: str | None) -> None:
    from indexer.errors import UsageError

    if any(value is not None for value in given):
        raise UsageError("--queries brings text, language, group and id", "give it alone")


def _warn_if_unfinished(index: "Index") -> None:
    from indexer.nouns import counted

    info = index.info()
    if info.state != "ready":
        note = "its build is unfinished; run the same command again to go on"
        typer.echo(f"note: {counted(info.documents, 'document')} so far, {note}", err=True)
