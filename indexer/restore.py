"""A backup made an index again: checked before it appears."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.backup import check_whole, place_file
from indexer.directory import FILES, SCRATCH
from indexer.disk import disk_errors
from indexer.errors import CorruptError
from indexer.manifest import BackupFile, checksum, read_manifest
from indexer.remedies import BACKUP
from indexer.staging import new_directory, refuse_occupied
from indexer.store import DATABASE


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored."""

    path: Path
    documents: int
    created: str
    """When the backup was taken: ISO 8601, UTC."""
    commit: int
    """Number of the last transaction that is in it."""
    files: int
    bytes: int
    linked: int
    """Files that share their bytes on the disk with the backup."""


def restore(
    source: str | Path,
    path: str | Path,
    *,
    copy: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> RestoreReport:
    """Make an index of a backup; the backup stays as it is.

    Every file is held against the manifest, and then the whole as `interlingua verify` does; only
    then does the index appear under its name.

    Args:
        source: the backup.
        path: the directory of the index; must not exist, or be empty.
        copy: copy FAISS files also where they could share their bytes with those of the backup.
        progress: called with the number of files restored.

    Raises:
        UsageError: no backup, or something at ``path``.
        IncompatibleError: made by a newer version.
        CorruptError: the backup is not what it was when it was taken; nothing has appeared.
        InterlinguaError: the disk is full or fails; nothing has appeared.
    """
    source, path = Path(source), Path(path)
    refuse_occupied(path)
    manifest = read_manifest(source)
    _refuse_written(source)
    linked = 0
    with new_directory(path) as part:
        for folder in (FILES, SCRATCH):
            (part / folder).mkdir()
        for number, file in enumerate(manifest.files, start=1):
            linked += _place(source, part, file, copy=copy or not file.name.startswith(f"{FILES}/"))
            progress(number)
        check_whole(part, source)
    size = sum(file.bytes for file in manifest.files)
    return RestoreReport(
        path=path,
        documents=manifest.documents,
        created=manifest.created,
        commit=manifest.commit,
        files=len(manifest.files),
        bytes=size,
        linked=linked,
    )


def _place(source: Path, part: Path, file: BackupFile, *, copy: bool) -> bool:
    """Bring a file over and hold what arrived against the manifest."""
    origin, target = source / file.name, part / file.name
    try:
        opened = origin.open("rb")
    except FileNotFoundError as error:
        raise CorruptError(f"{origin}: this file of the backup is missing", BACKUP) from error
    with disk_errors(target), opened:
        linked = place_file(opened, origin, target, copy=copy)
        if checksum(target) != (file.bytes, file.sha256):
            raise CorruptError(f"{origin}: is not what was backed up", BACKUP)
    return linked


def _refuse_written(source: Path) -> None:
    """Refuse a backup that somebody has written to: its log is in no manifest."""
    log = source / f"{DATABASE}-wal"
    if log.exists() and log.stat().st_size:
        raise CorruptError(f"{log}: somebody has written to the backup", BACKUP)
