"""A folder saved by Hugging Face ``datasets`` (needs the extra ``parquet``, not ``datasets``)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.errors import InputError
from indexer.lines import printable
from indexer.readers.arrow import count_file, read_file
from indexer.readers.reader import Head, Raw, Reader, Source

_SPLITS = "dataset_dict.json"
_STATE = "state.json"
_REMEDY = "save it again with save_to_disk, or name its .arrow files"
_LIMIT = 16 << 20  # bytes of the JSON beside the data


def read(source: Source) -> Iterator[Raw]:
    """Yield the rows of all files of all splits, in the order in which they were saved."""
    for path in _files(Path(source.path), source.name):
        yield from read_file(path, source, printable(str(path)))


def count(source: Source) -> int:
    """Count the rows of all files."""
    files = _files(Path(source.path), source.name)
    return sum(count_file(path, printable(str(path))) for path in files)


def sniff(head: Head) -> bool:
    """Tell whether this is a folder that was saved by ``save_to_disk``."""
    return any((Path(head.path) / name).is_file() for name in (_SPLITS, _STATE))


def _files(folder: Path, name: str) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{name}: is a file, not a folder saved by datasets", _REMEDY)
    if not (folder / _SPLITS).is_file():
        return _files_of_split(folder)
    place = folder / _SPLITS
    splits = _names(_json(place).get("splits"), place)
    return [path for split in splits for path in _files_of_split(folder / split)]


def _files_of_split(folder: Path) -> list[Path]:
    place = folder / _STATE
    state = _json(place)
    if state.get("_indices_data_files"):
        raise InputError(f"{printable(str(place))}: rows are chosen by an index", _REMEDY)
    files = state.get("_data_files")
    entries = files if isinstance(files, list) else []
    names = [entry.get("filename") for entry in entries if isinstance(entry, dict)]
    return [folder / name for name in _names(names, place)]


def _names(value: Any, place: Path) -> list[str]:  # noqa: ANN401 - as wide as JSON
    """Check names of files beside ``place``: a path could lead anywhere."""
    if isinstance(value, list) and value:
        plain = [v for v in value if isinstance(v, str) and v == Path(v).name and "\0" not in v]
        if plain == value:
            return plain
    raise InputError(f"{printable(str(place))}: does not name the files beside it", _REMEDY)


def _json(path: Path) -> dict[str, Any]:
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_LIMIT))
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}", _REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is no JSON", _REMEDY) from error
    if not isinstance(value, dict):
        raise InputError(f"{name}: is no JSON object", _REMEDY)
    return value


READER = Reader(
    "datasets",
    "a folder saved by datasets (extra: parquet)",
    read,
    sniff=sniff,
    count=count,
    exact=True,
)
