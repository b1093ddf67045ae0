"""Deleted documents gone for good: their bytes are in no file of the index any more."""

from dataclasses import dataclass
from pathlib import Path

from indexer.audits import redact_audits
from indexer.compaction import compact_files
from indexer.directory import QUARANTINE, REJECTS, SCRATCH, strangers
from indexer.disk import disk_errors, sync_directory
from indexer.errors import UsageError
from indexer.index import IndexReader, IndexWriter
from indexer.lexical import purge_lexical
from indexer.stages import Stages, untold

_KEEP = "add again what you want to keep, then remove it, or purge it, too, with --quarantine"


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a purge did."""

    documents: int
    """Documents that are left."""
    dropped: int
    """Vectors of deleted documents that the FAISS files held."""
    audits: int
    """Stored audits in which texts were blanked."""
    removed: tuple[str, ...]
    """Files beside the index that quoted corpus records."""
    left: tuple[str, ...]
    """What lies in the directory and is no part of an index: nobody has looked into it."""
    bytes_before: int
    bytes: int
    """Size of all files of the directory now."""


def purge(
    path: str | Path,
    *,
    quarantine: bool = False,
    stages: Stages = untold,
) -> PurgeReport:
    """Remove the bytes of deleted and replaced documents from every file of the directory.

    That is text, metadata and vectors, in the database, its write-ahead log, the FAISS files,
    stored audits, ``rejects.jsonl`` and leftovers. Answers stay what they are. Interrupted, it is
    run again.

    Not in reach: backups and other copies, what the file system and the disk keep of overwritten
    and removed files, the ids and groups in stored audits, and a transform that was fitted on the
    documents, which holds means over them; fit it again.

    Args:
        path: the index directory.
        quarantine: remove ``quarantine.jsonl``, too: documents that a repair had to give up.
        stages: told how far the writing of FAISS files is.

    Raises:
        UsageError: there is no index, its build is unfinished, or it has a quarantine and
            ``quarantine`` is False; nothing has changed.
        LockedError: another process writes to the index, or still reads an earlier state of it.
        CorruptError: an audit is damaged, so that nobody knows what it quotes.
        InterlinguaError: the disk is full or fails; every document that is left is there.
    """
    path = Path(path)
    with IndexReader.open(path) as reader:
        before = reader.info()
    if (path / QUARANTINE).exists() and not quarantine:
        raise UsageError(f"{path / QUARANTINE}: holds documents outside the index", _KEEP)
    size = _size(path)
    with IndexWriter.open(path) as writer:
        writer.check_ready()
        with writer.store.transaction() as conn:
            audits = redact_audits(conn, path)
            purge_lexical(conn)
        compact_files(writer, stages)
        writer.store.erase(path / SCRATCH)
        removed = _remove(path, [REJECTS, QUARANTINE])
        size_after = _size(path)
    return PurgeReport(
        documents=before.documents,
        dropped=before.deleted,
        audits=audits,
        removed=removed,
        left=tuple(str(there.relative_to(path)) for there in strangers(path)),
        bytes_before=size,
        bytes=size_after,
    )


def _remove(path: Path, names: list[str]) -> tuple[str, ...]:
    there = [name for name in names if (path / name).exists()]
    with disk_errors(path):
        for name in there:
            (path / name).unlink()
        sync_directory(path)
    return tuple(there)


def _size(path: Path) -> int:
    """Add up the sizes of all files; one that goes meanwhile counts nothing."""
    total = 0
    for file in path.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            continue
    return total
