"""What a backup consists of: its files with their sizes and checksums, in ``manifest.json``."""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.disk import disk_errors
from indexer.errors import CorruptError, IncompatibleError, UsageError
from indexer.store import DATABASE, MANIFEST

SCHEMA = "interlingua.manifest/1"

_NAMES = re.compile(rf"{re.escape(DATABASE)}|quarantine\.jsonl|vectors/[0-9a-f]{{64}}\.faiss")
"""What a manifest may name: it must not lead anywhere else."""
_BLOCK = 1 << 20
_ANOTHER = "take another backup; this one is damaged"


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of a backup."""

    name: str
    """Relative to the backup, with ``/``."""
    bytes: int
    sha256: str
    """64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup was when it was taken."""

    created: str
    """ISO 8601, UTC."""
    version: str
    """Of interlingua."""
    documents: int
    commit: int
    """Number of the last transaction that is in it."""
    files: Sequence[BackupFile]


def checksum(path: Path) -> tuple[int, str]:
    """Read a file through: its size in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` and wait until it is on disk."""
    text = json.dumps({"schema": SCHEMA, **asdict(manifest)}, indent=2) + "\n"
    with disk_errors(folder), (folder / MANIFEST).open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Read ``manifest.json``, trusting nothing in it.

    Raises:
        UsageError: there is none.
        IncompatibleError: written by a newer version.
        CorruptError: it is damaged, or names a file that no backup has.
    """
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        schema = document["schema"]
        if schema != SCHEMA:
            raise IncompatibleError(
                f"{path}: its schema is {schema!r}, not {SCHEMA!r}", "upgrade interlingua"
            )
        files = [BackupFile(**file) for file in document.pop("files")]
        document.pop("schema")
        manifest = Manifest(**document, files=files)
        names = [file.name for file in manifest.files]
        whole = DATABASE in names and len(set(names)) == len(names)
        if not whole or not all(_NAMES.fullmatch(name) for name in names):
            raise CorruptError(f"{path}: its list of files is damaged", _ANOTHER)
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder}: no backup, it has no {MANIFEST}", "name a directory of `interlingua backup`"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptError(f"{path}: no manifest: {error!r}", _ANOTHER) from error
    return manifest
