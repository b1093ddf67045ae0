"""Audits kept with the index that they are about.

An audit is no commit of the index: it changes no document, so readers load nothing anew. What is
in it is the business of the layer that made it; here it is a text with a checksum.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from indexer import tables
from indexer.directory import LOCK, find_database
from indexer.errors import CorruptError, UsageError
from indexer.lock import WriterLock
from indexer.redaction import redact
from indexer.store import (
    DATABASE,
    WriteStore,
    check_format,
    connect_reader,
    translated,
)

_SINCE = 2
"""The first format that has the table."""

_SELECT = "SELECT id, created, seq, summary, document, crc32 FROM audits"


@dataclass(frozen=True, slots=True)
class StoredAudit:
    """An audit in the index, without its document."""

    id: int
    """Never used twice in an index, higher is newer."""
    created: str
    """When it was stored: ISO 8601, UTC."""
    seq: int
    """The commit that was audited."""
    summary: Mapping[str, object]
    """JSON values, as :func:`save_audit` was given them."""


class _Row(NamedTuple):
    """A row of ``audits``, in the order of its columns."""

    id: int
    created: str
    seq: int
    summary: str
    document: bytes
    crc32: int

    def intact(self) -> bool:
        """Whether the row is what was written."""
        return self.crc32 == _crc(*self[:-1])


def save_audit(path: Path, document: str, summary: Mapping[str, object], seq: int) -> int:
    """Keep an audit, in one transaction; readers are not disturbed.

    Args:
        path: the index directory.
        document: the audit as JSON text.
        summary: JSON values for the list of audits, a few hundred bytes.
        seq: the commit that was audited, :attr:`Snapshot.seq`.

    Returns:
        Its id.

    Raises:
        UsageError: there is no index, or it has no such commit.
        LockedError: another process writes to the index; nothing waits.
        IncompatibleError: the index was made by a newer version.
        InterlinguaError: the disk is full or fails; nothing is written.
    """
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = json.dumps(dict(summary), ensure_ascii=False, allow_nan=False)
    packed = zlib.compress(document.encode())
    with _changing(path) as conn:
        if not 0 <= seq <= tables.last_commit(conn):
            raise UsageError(f"{path}: no commit {seq} in this index", "audit it again")
        # The checksum covers the id, which SQLite gives, so it is filled in after.
        id_ = conn.execute(
            "INSERT INTO audits (created, seq, summary, document, crc32) VALUES (?, ?, ?, ?, 0)",
            [created, seq, text, packed],
        ).lastrowid
        assert id_ is not None
        crc32 = _crc(id_, created, seq, text, packed)
        conn.execute("UPDATE audits SET crc32 = ? WHERE id = ?", [crc32, id_])
    return id_


def list_audits(path: Path) -> list[StoredAudit]:
    """List the audits of an index, the newest first.

    Raises:
        UsageError: there is no index.
        IncompatibleError: made by a newer version.
        CorruptError: the database or an audit is damaged.
    """
    with _reading(path) as (conn, number):
        rows = _rows(conn, number, "ORDER BY id DESC")
        audits = [_checked(row, path) for row in rows]
    return [StoredAudit(row.id, row.created, row.seq, json.loads(row.summary)) for row in audits]


def load_audit(path: Path, id: int | None = None) -> str:  # noqa: A002
    """Read the JSON text of an audit, the newest when ``id`` is None.

    Raises:
        UsageError: there is no index, or no such audit in it.
        IncompatibleError: made by a newer version.
        CorruptError: the database or this audit is damaged.
    """
    with _reading(path) as (conn, number):
        if id is None:
            row = next(_rows(conn, number, "ORDER BY id DESC LIMIT 1"), None)
        else:
            row = next(_rows(conn, number, "WHERE id = ?", id), None)
    if row is None and id is None:
        raise UsageError(f"{path}: no audit is kept here", "make one with `interlingua audit`")
    if row is None:
        raise UsageError(f"{path}: no audit {id}", "list them with `interlingua audits`")
    return zlib.decompress(_checked(row, path).document).decode()


def delete_audits(path: Path, ids: Sequence[int]) -> list[int]:
    """Remove audits, in one transaction; damaged ones, too.

    Returns:
        The ids that the index does not hold, in the order given.

    Raises:
        UsageError: there is no index.
        LockedError: another process writes to the index.
        IncompatibleError: the index was made by a newer version.
        InterlinguaError: the disk is full or fails; nothing is removed.
    """
    wanted = list(dict.fromkeys(ids))
    with _changing(path) as conn:
        return [
            id_
            for id_ in wanted
            if not conn.execute("DELETE FROM audits WHERE id = ?", [id_]).rowcount
        ]


def redact_audits(conn: sqlite3.Connection, path: Path) -> int:
    """Blank what audits quote of documents that are gone, see :mod:`indexer.redaction`.

    Args:
        conn: the writer's connection, inside a transaction.
        path: the index directory, for messages.

    Returns:
        How many audits have changed.

    Raises:
        CorruptError: an audit is damaged.
    """
    changed = 0
    for (id_,) in conn.execute("SELECT id FROM audits ORDER BY id").fetchall():
        row = _checked(next(_rows(conn, _SINCE, "WHERE id = ?", id_)), path)
        document = redact(conn, zlib.decompress(row.document).decode())
        if document is not None:
            packed = zlib.compress(document.encode())
            crc32 = _crc(id_, row.created, row.seq, row.summary, packed)
            conn.execute(
                "UPDATE audits SET document = ?, crc32 = ? WHERE id = ?", [packed, crc32, id_]
            )
            changed += 1
    return changed


def damaged_audits(conn: sqlite3.Connection, number: int) -> list[int]:
    """List the ids of audits that do not match their checksum.

    Args:
        conn: a connection inside a transaction.
        number: the format of the database.
    """
    return [row.id for row in _rows(conn, number, "ORDER BY id") if not row.intact()]


def drop_audit(id_: int) -> str:
    """Say what to do about a damaged audit."""
    return f"remove it with `interlingua audits --delete {id_}`, and audit again"


def _rows(conn: sqlite3.Connection, number: int, which: str, *values: int) -> Iterator[_Row]:
    """Read rows one by one; an older format has none."""
    if number >= _SINCE:
        yield from map(_Row._make, conn.execute(f"{_SELECT} {which}", values))


def _checked(row: _Row, path: Path) -> _Row:
    if not row.intact():
        raise CorruptError(f"{path / DATABASE}: audit {row.id} is damaged", drop_audit(row.id))
    return row


def _crc(*values: object) -> int:
    """CRC-32 over a canonical text of the values but the last, and the bytes of that."""
    *fields, last = values
    # Damage can turn bytes into anything else.
    document = last if isinstance(last, bytes) else repr(last).encode()
    return zlib.crc32(document, zlib.crc32(json.dumps(fields, default=repr).encode()))


@contextmanager
def _reading(path: Path) -> Iterator[tuple[sqlite3.Connection, int]]:
    """One read transaction, and the format of the database."""
    database = find_database(path)
    with translated(database), closing(connect_reader(database)) as conn:
        conn.execute("BEGIN")
        yield conn, check_format(conn, database)


@contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction under the writer's lock; the database is of the newest format then."""
    database = find_database(path)
    lock = WriterLock(path / LOCK)
    try:
        store = WriteStore(database)
        try:
            with store.transaction() as conn:
                yield conn
        finally:
            store.close()
    finally:
        lock.release()
