"""An index written to a file, streaming: memory is bounded whatever the number of documents."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal

from indexer import tables
from indexer.debiasing import NOTHING, Debiasing, read_debiasing
from indexer.directory import find_database
from indexer.exports.columns import column_kinds
from indexer.exports.jsonl import write_jsonl
from indexer.exports.parquet import write_parquet
from indexer.exports.rows import WhichVectors, read_documents, read_rows
from indexer.fields import USUAL, Fields
from indexer.records import Filter
from indexer.store import check_format, connect_reader, translated

Format = Literal["jsonl", "parquet"]

EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported."""

    documents: int
    languages: Mapping[str, int]
    commit: int
    """Number of the last transaction that is in it."""


def export(
    path: str | Path,
    file: BinaryIO,
    *,
    format: Format = "jsonl",  # noqa: A002 - the option's name
    vectors: WhichVectors | None = None,
    allowed: Filter = EVERYTHING,
    fields: Fields = USUAL,
    progress: Callable[[int], None] = lambda _: None,
) -> ExportReport:
    """Write the documents of one state of an index, in insertion order, as corpus records.

    A build that reads them makes the same documents: ids, texts, languages and where these come
    from, groups, metadata.

    Args:
        path: the index directory; others may read and write meanwhile.
        file: where to, in binary.
        format: JSON Lines, or Parquet (needs pyarrow).
        vectors: write them, too: ``raw`` as encoded, ``searched`` after the transform.
        allowed: which documents.
        fields: what the fields are to be called.
        progress: called with the number of documents written.

    Raises:
        UsageError: there is no index, or pyarrow is not installed.
        InputError: metadata that has a field of the name of another, or too many for Parquet.
        CorruptError: a document or a vector is damaged.
    """
    path = Path(path)
    database = find_database(path)
    place = str(database)
    with translated(database), closing(connect_reader(database)) as conn:
        conn.execute("BEGIN")
        check_format(conn, database)
        dim = tables.read_settings(conn, database).dim
        vids = tables.allowed_vids(conn, allowed)
        pages = read_rows(conn, vids, place, dim, _which(vectors, read_debiasing(conn, place)))
        if format == "jsonl":
            write_jsonl(file, pages, fields, progress)
        else:
            known = chain.from_iterable(p.values() for p in read_documents(conn, vids, place))
            kinds = column_kinds(known)
            width = None if vectors is None else dim
            write_parquet(file, pages, kinds, fields, width, {}, progress)
        counts = tables.language_counts(conn, allowed)
        return ExportReport(sum(counts.values()), counts, tables.last_commit(conn))


def _which(vectors: WhichVectors | None, debiasing: Debiasing) -> Debiasing | None:
    if vectors is None:
        return None
    return NOTHING if vectors == "raw" else debiasing
