"""The libraries beneath: their versions, and what is known against them."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from indexer.doctor.finding import Finding, ok
from indexer.faiss_calls import build_of_faiss

DISTRIBUTION = "interlingua"

_OLDEST_SQLITE = (3, 38, 0)
"""The first that has JSON built in."""

_UPGRADE_SQLITE = "use a Python that brings a newer SQLite, such as that of conda or uv"
_INSTALL = "install interlingua again into an environment of its own"


def examine_libraries() -> Iterator[Finding]:
    """Look at Python, SQLite, FAISS and everything that interlingua requires."""
    yield ok("Python", f"{sys.version.split()[0]} on {sys.platform}")
    yield from examine_sqlite(sqlite3.sqlite_version_info)
    yield _faiss()
    try:
        required = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        yield Finding("note", "packages", f"{DISTRIBUTION} runs without being installed", _INSTALL)
        return
    yield from examine_packages(required)


def examine_sqlite(number: tuple[int, int, int]) -> Iterator[Finding]:
    """Look at a version of SQLite, and at what the one in use can do.

    Args:
        number: the version to judge.
    """
    name = ".".join(map(str, number))
    if number < _OLDEST_SQLITE:
        yield Finding(
            "error", "SQLite", f"{name} is older than 3.38, which is needed", _UPGRADE_SQLITE, 1
        )
    elif has_reset_bug(number):
        yield Finding(
            "note",
            "SQLite",
            f"{name} can corrupt a database when two connections write or checkpoint at the same "
            "moment (3.7.0 to 3.51.2); interlingua lets one alone do either",
            f"let no other program write to interlingua.db; {_UPGRADE_SQLITE} (3.51.3, 3.50.7 or "
            "3.44.6)",
        )
    else:
        yield ok("SQLite", f"{name}, no known bug that matters here")
    if sqlite3.threadsafety < 1:
        yield Finding("error", "SQLite", "was built without threads", _UPGRADE_SQLITE, 1)
    if not _has_fts5():
        what = "lacks FTS5 with trigrams, which every index needs"
        yield Finding("error", "SQLite", what, _UPGRADE_SQLITE, 1)


def has_reset_bug(number: tuple[int, int, int]) -> bool:
    """Tell whether a version of SQLite can corrupt a database when its log is reset.

    The bug came with write-ahead logging in 3.7.0; it is mended in 3.51.3 and in the branches of
    3.50 and 3.44 (https://sqlite.org/wal.html#walresetbug).
    """
    mended = number >= (3, 51, 3) or (number[:2] == (3, 50) and number >= (3, 50, 7))
    return number >= (3, 7, 0) and not (mended or (number[:2] == (3, 44) and number >= (3, 44, 6)))


def examine_packages(required: list[str]) -> Iterator[Finding]:
    """Hold what is installed against requirements (PEP 508); extras are left out."""
    found: list[str] = []
    for requirement in map(Requirement, required):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name, wanted = requirement.name, str(requirement.specifier)
        remedy = f"pip install '{name}{wanted}', or {_INSTALL}"
        try:
            installed = version(name)
        except PackageNotFoundError:
            yield Finding("error", "packages", f"{name} is not installed", remedy, 1)
            continue
        if requirement.specifier.contains(installed, prereleases=True):
            found.append(f"{name} {installed}")
        else:
            what = f"{name} {installed} is installed where {wanted} is wanted"
            yield Finding("warning", "packages", what, remedy)
    if found:
        yield ok("packages", ", ".join(found))


def _faiss() -> Finding:
    try:
        return ok("FAISS", build_of_faiss())
    except ImportError as error:
        return Finding("error", "FAISS", f"cannot be loaded: {error}", _INSTALL, 1)


def _has_fts5() -> bool:
    with closing(sqlite3.connect(":memory:")) as conn:
        try:
            conn.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'trigram')")
        except sqlite3.OperationalError:
            return False
    return True
