"""Take documents out of an index, by id or by what they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from indexer.index import IndexReader, IndexWriter
from indexer.records import Filter


def delete(ids: Sequence[str], path: str | Path) -> list[str]:
    """Remove documents from every later answer, in one transaction.

    Their bytes stay in the files of the index until a :func:`~indexer.purge.purge`.

    Returns:
        The ids that the index does not hold; the others are gone.

    Raises:
        UsageError: there is no index, or its build is unfinished.
        LockedError: another process writes to the index.
    """
    with IndexWriter.open(Path(path)) as writer:
        return writer.delete(ids)


def missing_ids(ids: Sequence[str], path: str | Path) -> list[str]:
    """List what :func:`delete` would not find; nothing is changed."""
    with IndexReader.open(Path(path)) as reader, reader.snapshot() as state:
        known = state.pieces(ids)
    return [id_ for id_ in dict.fromkeys(ids) if id_ not in known]


def delete_where(allowed: Filter, path: str | Path) -> Mapping[str, int]:
    """Remove the documents that a filter lets pass, in one transaction; else as :func:`delete`.

    Returns:
        How many were removed, by language.

    Raises:
        UsageError: also when the filter lets every document pass.
    """
    with IndexWriter.open(Path(path)) as writer:
        return writer.delete_where(allowed)


def count_where(allowed: Filter, path: str | Path) -> Mapping[str, int]:
    """Count what :func:`delete_where` would remove, by language; nothing is changed."""
    with IndexReader.open(Path(path)) as reader:
        return reader.passing(allowed)
