"""An index as small and as whole as a fresh one: compacted."""

from dataclasses import dataclass
from pathlib import Path

from indexer.index import IndexInfo, IndexReader, IndexWriter
from indexer.stages import Stages, untold


@dataclass(frozen=True, slots=True)
class CompactReport:
    """What compacting did."""

    documents: int
    dropped: int
    """Vectors of deleted documents that the FAISS files held."""
    files_before: int
    files: int
    """FAISS files now."""
    bytes_before: int
    bytes: int
    """Their size now."""
    folded: bool
    """Whether the write-ahead log is empty; a reader that holds an earlier state keeps it."""


def compact(path: str | Path, stages: Stages = untold) -> CompactReport:
    """Write the FAISS files anew: without deleted vectors, few and large, with all that waits.

    The write-ahead log is folded into the database. Answers stay what they are, and readers and the
    service go on meanwhile. Where nothing could be gained, no file is written.

    Args:
        path: the index directory.
        stages: told how far the writing is.

    Raises:
        UsageError: there is no index, or its build is unfinished.
        LockedError: another process writes to the index.
        InterlinguaError: the disk is full or fails; nothing has changed.
    """
    path = Path(path)
    before = _info(path)
    with IndexWriter.open(path) as writer:
        compact_files(writer, stages)
        folded = writer.store.fold()
    after = _info(path)
    return CompactReport(
        documents=after.documents,
        dropped=before.deleted,
        files_before=before.files,
        files=after.files,
        bytes_before=before.bytes,
        bytes=after.bytes,
        folded=folded,
    )


def compact_files(writer: IndexWriter, stages: Stages = untold) -> None:
    """Write the FAISS files anew, and name them in one transaction, unless that gains nothing.

    Raises:
        UsageError: the build is unfinished.
    """
    writer.check_ready()
    if not writer.filing.is_compact():
        writer.filing.write_anew("compact", writer.indexing, stages)


def _info(path: Path) -> IndexInfo:
    with IndexReader.open(path) as reader:
        return reader.info()
