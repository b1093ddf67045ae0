"""The queries of `--queries`, and the vectors of `--query-vectors` beside them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.corpus import Query
    from indexer.fields import Fields
    from indexer.records import Vectors
    from search.query import Index


def read_asked(
    index: "Index", queries: str, vectors: str | None, column: str | None, fields: "Fields"
) -> tuple["Iterator[Query]", "Vectors | None"]:
    """Read queries as they are asked for, at once only where vectors belong to them.

    Raises:
        UsageError, InputError: a file that cannot be read, or vectors that are not of the queries.
    """
    from indexer.corpus import read_queries
    from indexer.imported import read_query_vectors

    asked = read_queries(queries, fields=fields, detector=index.detector)
    if vectors is None:
        return asked, None
    known = list(asked)
    return iter(known), read_query_vectors(vectors, known, index.info().dim, column)


def asked_of(
    index: "Index", queries: str | None, vectors: str | None, column: str | None, quiet: bool
) -> tuple["list[Query] | None", "Vectors | None"]:
    """Read the queries and encode them, or read their vectors; None where documents ask.

    Raises:
        UsageError, InputError: as :func:`read_asked`.
    """
    from cli.progress import progress
    from indexer.fields import USUAL

    if queries is None:
        refuse_vectors_alone(vectors)
        return None, None
    given, known = read_asked(index, queries, vectors, column, USUAL)
    asked = list(given)
    if known is not None:
        return asked, known
    with progress("encoding queries", len(asked), quiet) as show:
        return asked, index.encode_queries(asked, show)


def refuse_vectors_alone(vectors: str | None) -> None:
    """Refuse --query-vectors without --queries."""
    from indexer.errors import UsageError

    if vectors is not None:
        raise UsageError("--query-vectors without --queries", "give both")
