"""Files and directories that are complete when they appear: made beside their place, renamed."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from indexer.disk import disk_errors, sync_directory
from indexer.errors import UsageError
from indexer.store import DATABASE

_ANOTHER = "name a directory that is empty or not there yet"


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """Fill a directory beside ``target``; it takes the name when the block ends without error.

    What is put into it must be on disk when the block ends; the names in it are made durable here.
    A killed process leaves ``.NAME.….part`` beside the target, and never a part under its name.

    Args:
        target: an empty directory, or none yet.

    Raises:
        UsageError: something is there already, or it lies inside an index.
        InterlinguaError: the disk is full or fails; nothing has appeared.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - a link that is the target stays one
    refuse_occupied(target)
    refuse_inside(target)
    part = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
    try:
        with disk_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            part.mkdir()
        yield part
        with disk_errors(target):
            for folder in (part, *(path for path in part.rglob("*") if path.is_dir())):
                sync_directory(folder)
            part.rename(target)
            sync_directory(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def new_file(target: Path, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Write a file beside ``target``; it takes the name when the block ends without error.

    Args:
        target: the file.
        overwrite: whether it may take the place of another.

    Raises:
        UsageError: it is there already, its folder is not, or it lies inside an index.
        InterlinguaError: the disk is full or fails; what stood there before stays.
    """
    if not overwrite and target.exists():
        raise UsageError(f"{target}: is there already", "name another file, or give --overwrite")
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise UsageError(f"{target}: cannot be a file", "name a file in a folder that is there")
    refuse_inside(target)
    part = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
    try:
        with disk_errors(target), part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with disk_errors(target):
            part.replace(target)
            sync_directory(target.absolute().parent)
    finally:
        part.unlink(missing_ok=True)


def refuse_occupied(target: Path) -> None:
    """Refuse a target that is there, but for an empty directory.

    Raises:
        UsageError: naming what is there.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target}: is there already", _ANOTHER)
    if target.is_dir() and (inside := next(target.iterdir(), None)) is not None:
        raise UsageError(f"{target}: is not empty ({inside.name!r})", _ANOTHER)


def refuse_inside(target: Path) -> None:
    """Refuse to write where the files of an index are: it could be one of them.

    What is no part of an index is not purged with it either.

    Raises:
        UsageError: naming the index.
    """
    for folder in target.resolve().parents:
        if (folder / DATABASE).exists():
            raise UsageError(f"{target}: lies inside the index {folder}", "name a place outside it")
