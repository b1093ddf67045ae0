"""The texts of an embeddings database of ``llm``; for its vectors see ``vectorfiles/llm.py``."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from indexer.errors import InputError
from indexer.jsonl import parse_object
from indexer.lines import printable
from indexer.readers.reader import Head, Raw, Reader, Source

VALUE_LIMIT = 16 << 20
"""Longest value of a row in bytes."""

_MAGIC = b"SQLite format 3\0"
_NOT_STORED = "embed it again with llm embed-multi --store, or tolerate it with --max-rejects"
ORDER = "join collections c on c.id = e.collection_id order by e.collection_id, e.id"
"""In which the rows of ``embeddings e`` are read."""

_ROWS = f"select c.name, e.id, e.content, e.metadata from embeddings e {ORDER}"  # noqa: S608


def read(source: Source) -> Iterator[Raw]:
    """Yield what was embedded, collection by collection."""
    with _database(source) as database:
        counts = database.execute("select count(*), count(content) from embeddings").fetchone()
        bare = counts[0] - counts[1]
        without = f"its text was not stored, as of {bare} of {counts[0]} embeddings"
        for collection, id_, content, metadata in database.execute(_ROWS):
            place = f"{source.name}:{_shown(collection)}/{_shown(id_)}"
            if content is None:
                yield Raw(place, InputError(without, _NOT_STORED), b"")
                continue
            try:
                yield Raw(place, _record(source, collection, id_, content, metadata))
            except InputError as error:
                yield Raw(place, error, content[:4096])


def count(source: Source) -> int:
    """Count the embeddings."""
    with _database(source) as database:
        (total,) = database.execute("select count(*) from embeddings").fetchone()
        return int(total)


def sniff(head: Head) -> bool:
    """Tell whether the content is an SQLite database."""
    return head.data.startswith(_MAGIC)


def _record(
    source: Source, collection: bytes, id_: bytes, content: bytes, metadata: bytes | None
) -> dict[str, object]:
    values = parse_object(_text(metadata)) if metadata else {}
    fields = {"collection": _text(collection), source.fields.id: _text(id_)}
    record = {**values, **fields, source.fields.text: _text(content)}
    return parse_object(json.dumps(record))  # the checks of any record: NUL among them


def _database(source: Source) -> AbstractContextManager[sqlite3.Connection]:
    return opened(source.file("an llm database"), source.name)


@contextmanager
def opened(path: Path, name: str) -> Iterator[sqlite3.Connection]:
    """Open an embeddings database to read it; texts come as bytes.

    Args:
        path: the file.
        name: what messages call it.

    Raises:
        InputError: it is none, also while it is read.
    """
    try:
        # A reader that nobody reads to its end is closed by the garbage collector, in any thread.
        with closing(sqlite3.connect(_uri(path), uri=True, check_same_thread=False)) as database:
            database.text_factory = bytes
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_LIMIT)
            yield database
    except sqlite3.Error as error:
        said = printable(str(error))
        remedy = "name a database made by llm embed-multi --store"
        raise InputError(f"{name}: no embeddings of llm: {said}", remedy) from error


def _uri(path: Path) -> str:
    """Return how to open a database without writing: reading one in WAL mode may make files."""
    with path.open("rb") as file:
        in_wal_mode = file.read(20)[18:20] == b"\2\2"
    alone = not Path(f"{path}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if in_wal_mode and alone else ''}"


def _text(value: object) -> str:
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start + 1}"
        raise InputError(reason, "embed the text again") from error


def _shown(value: object) -> str:
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return printable(text[:100])


READER = Reader(
    "llm",
    "an embeddings database of llm",
    read,
    suffixes=(".db", ".sqlite", ".sqlite3"),
    sniff=sniff,
    count=count,
    exact=True,
)
