"""Finds a model's directory and refuses whatever could run code or is not understood.

Nothing is loaded from a directory before `check_directory` has seen every file in it. A Hub
snapshot is different: only the files named here are fetched, and nothing else in the cache is
read, so a pickle that another tool left there does no harm.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from indexer.errors import InputError, UsageError

_SAFE_PATTERNS = ("*.safetensors", "*.json", "*.txt", "*.model")
_UNREAD_FOLDERS = ("onnx/*", "openvino/*")
_PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".dill"}
_CODE = {".py", ".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib"}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_TO_SAFETENSORS = (
    "convert the weights to safetensors where you trust them "
    "(model.save_pretrained(DIR) of transformers) and leave the other file out"
)


def find_directory(name: str, revision: str | None) -> Path:
    """The checked directory of a model.

    Args:
        name: an existing directory, else a Hugging Face id.
        revision: commit, tag or branch of the id.

    Raises:
        UsageError: neither a directory nor an id, or a revision of a directory.
        InputError: the directory is unsafe or incomplete, or the id cannot be fetched.
    """
    path = Path(name)
    if name and path.is_dir():
        if revision is not None:
            raise UsageError(f"{name} is a directory and has no revision", "leave it out")
        check_directory(path)
    elif path.exists() or not _HUB_ID.fullmatch(name):
        raise UsageError(
            f"encoder {name!r}: neither a directory nor a Hugging Face id",
            "name a model directory, an id like org/model, multilingual-e5-small or hashing",
        )
    else:
        path = _find_snapshot(name, revision)
        check_json(file for file in path.rglob("*.json") if _is_fetched(file, path))
    for pattern, what in (("config.json", "model"), ("*.safetensors", "safetensors weights")):
        if next(path.rglob(pattern), None) is None:
            raise InputError(f"{path}: has no {what} ({pattern})", _TO_SAFETENSORS)
    return path


def must_be_fetched(name: str, revision: str | None) -> bool:
    """Tell whether opening an encoder would have to fetch it from the Hub first; asks nobody."""
    if "/" not in name or Path(name).is_dir() or not _HUB_ID.fullmatch(name):
        return False
    cached = _snapshot(name, revision, local=True)
    return cached is None or next(cached.rglob("*.safetensors"), None) is None


def check_directory(directory: Path) -> None:
    """Refuse a directory that holds code or pickles, by name and in every folder.

    Raises:
        InputError: naming the file and the remedy.
    """
    for file in sorted(directory.rglob("*")):
        suffix = file.suffix.lower()
        if suffix in _CODE:
            raise InputError(
                f"{file}: a model directory with code in it is refused, as loading could run it",
                "use a model that transformers knows by itself, and leave the code out",
            )
        if suffix in _PICKLES:
            raise InputError(f"{file}: a pickle can run code when it is read", _TO_SAFETENSORS)
    check_json(directory.rglob("*.json"))


def check_json(files: Iterable[Path]) -> None:
    """Refuse JSON that is damaged or names code to run (``auto_map``).

    Raises:
        InputError: naming the file and the remedy.
    """
    for file in sorted(files):
        if _names_code(read_json(file)):
            raise InputError(
                f"{file}: auto_map names Python code of the model's own, which is never run",
                "use a model that transformers knows by itself; if it does know this one, "
                "remove auto_map",
            )


def read_json(file: Path) -> object:
    """The file's JSON value.

    Raises:
        InputError: the file cannot be read or is not JSON.
    """
    try:
        value: object = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: not readable as JSON: {error}", "fetch the model again") from (
            error
        )
    return value


def read_mapping(file: Path) -> dict[str, object]:
    """The file's JSON object; empty when there is no such file.

    Raises:
        InputError: it is something else.
    """
    value = read_json(file) if file.is_file() else {}
    if not isinstance(value, dict):
        raise InputError(f"{file}: not a JSON object", "fetch the model again")
    return value


def hash_files(files: Iterable[Path]) -> str:
    """SHA-256 over names and contents of files, in the order of their names."""
    whole = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
        whole.update(f"{file.name}\0{content}\n".encode())
    return whole.hexdigest()


def _names_code(value: object) -> bool:
    """Whether ``auto_map`` stands anywhere; a number behind it is a vocabulary entry."""
    if isinstance(value, dict):
        return isinstance(value.get("auto_map"), dict | str | list) or any(
            _names_code(part) for part in value.values() if isinstance(part, dict | list)
        )
    return isinstance(value, list) and any(
        _names_code(part) for part in value if isinstance(part, dict | list)
    )


def _is_fetched(file: Path, root: Path) -> bool:
    return not any(fnmatch(str(file.relative_to(root)), folder) for folder in _UNREAD_FOLDERS)


def _find_snapshot(name: str, revision: str | None) -> Path:
    """The cached snapshot, else a fetched one: a cached model opens without a network."""
    cached = _snapshot(name, revision, local=True)
    if cached is not None and next(cached.rglob("*.safetensors"), None) is not None:
        return cached
    fetched = _snapshot(name, revision, local=False)
    if fetched is None:
        at = "" if revision is None else f" at revision {revision!r}"
        raise InputError(
            f"encoder {name!r}{at}: not in the Hugging Face cache, and it could not be fetched",
            "check the name and the network, or download the model elsewhere and name its "
            "directory",
        )
    return fetched


def _snapshot(name: str, revision: str | None, *, local: bool) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        IncompleteSnapshotError,
        LocalEntryNotFoundError,
    )

    try:
        path = snapshot_download(
            name,
            revision=revision,
            allow_patterns=list(_SAFE_PATTERNS),
            ignore_patterns=list(_UNREAD_FOLDERS),
            local_files_only=local,
        )
    except (
        HfHubHTTPError,
        HFValidationError,
        IncompleteSnapshotError,
        LocalEntryNotFoundError,
        OSError,
    ):
        return None
    return Path(str(path))
