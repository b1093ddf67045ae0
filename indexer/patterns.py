"""File name patterns resolved; ``**`` follows no links, so a loop of them has an end."""

import glob
import os
from pathlib import Path

_SEP = os.sep


def matches(pattern: str) -> list[str]:
    """Return the files that match, sorted, each once.

    ``**`` stands for any number of folders that are neither hidden nor links. A link that is
    named by the rest of the pattern is followed.
    """
    return sorted({path for path in _expanded(pattern) if Path(path).is_file()})


def _expanded(pattern: str) -> list[str]:
    parts = pattern.split(_SEP)
    if "**" not in parts:
        return glob.glob(pattern)  # noqa: PTH207 - Path.glob takes no absolute pattern
    at = parts.index("**")
    base = _SEP.join(parts[:at]) or (_SEP if at else "")
    rest = _SEP.join(parts[at + 1 :]) or "*"
    bases = glob.glob(base) if base else [os.curdir]  # noqa: PTH207
    found = []
    for folder in (inner for outer in bases for inner in _folders(outer)):
        inside = "" if folder == os.curdir else glob.escape(folder) + _SEP
        found += _expanded(inside.replace(_SEP * 2, _SEP) + rest)
    return found


def _folders(base: str) -> list[str]:
    """Return ``base`` and all folders under it."""
    found = []
    for folder, inner, _ in os.walk(base):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found.append(os.path.normpath(folder))
    return found
