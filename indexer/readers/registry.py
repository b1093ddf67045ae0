"""The formats there are. To add one: a file beside this one, and its name in the list."""

from functools import cache
from importlib import import_module

from indexer.errors import UsageError
from indexer.readers.reader import Reader

FORMATS = (  # in the order in which they are asked whether a content is theirs
    "parquet",
    "arrow",
    "datasets",
    "llm",
    "squad",
    "jsonl",
    "tsv",
    "csv",
    "parallel",
    "text",
)
"""Modules of this package, each with a ``READER``."""


@cache
def readers() -> tuple[Reader, ...]:
    """Return all readers, in the order of ``FORMATS``."""
    modules = (import_module(f"indexer.readers.{name}") for name in FORMATS)
    return tuple(module.READER for module in modules)


def reader_of(name: str) -> Reader:
    """Return the reader of a format.

    Raises:
        UsageError: there is no such format.
    """
    for reader in readers():
        if reader.name == name:
            return reader
    raise UsageError(f"unknown format {name!r}", f"the formats are {', '.join(FORMATS)}")
