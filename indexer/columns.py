"""All documents at once, column by column: what an audit looks at, without their texts."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer import tables
from indexer.errors import CorruptError, InputError
from indexer.records import Filter, Vectors
from indexer.remedies import REPAIR
from indexer.rows import read_vectors

_PAGE = 20_000


@dataclass(frozen=True, slots=True)
class Columns:
    """n documents in insertion order."""

    ids: list[str]
    languages: list[str]
    """Canonical tags, ``und`` when unknown."""
    groups: list[str | None]
    text_keys: NDArray[np.int64]
    """(n,) equal for equal texts, and different for others but for one chance in 2^64 a pair."""
    probabilities: NDArray[np.float64]
    """(n,) the detector's, in [0, 1]; NaN where the corpus gave the language."""
    tokens_dropped: NDArray[np.int64]
    """(n,) negative where nobody says."""
    vectors: Vectors
    """(n, d) raw, as encoded."""
    wholes: list[str] | None = None
    """Ids of the documents that the chunks are of; None where documents are whole."""


class Page(NamedTuple):
    """Some documents in insertion order."""

    vectors: Vectors
    """(n, d) raw, as encoded."""
    languages: list[str]
    groups: list[str | None]


def read_pages(conn: sqlite3.Connection, dim: int, place: str) -> Iterator[Page]:
    """Read all documents, a page at a time; for the arguments see :func:`read_columns`."""
    for rows in _pages(conn, tables.allowed_vids(conn, Filter())):
        vectors = read_vectors([(r[0], r[1], r[2]) for r in rows], dim, place)
        yield Page(vectors, [r[4] for r in rows], [r[5] for r in rows])


def read_columns(conn: sqlite3.Connection, allowed: Filter, dim: int, place: str) -> Columns:
    """Read the documents that a filter lets pass.

    Args:
        conn: a connection inside a transaction.
        allowed: the filter.
        dim: length of a vector.
        place: the database, for messages.

    Raises:
        CorruptError: a vector is damaged or missing.
    """
    vids = tables.allowed_vids(conn, allowed)
    ids: list[str] = []
    languages: list[str] = []
    groups: list[str | None] = []
    keys, probabilities, dropped = (
        np.empty(len(vids), np.int64),
        np.full(len(vids), np.nan),
        np.empty(len(vids), np.int64),
    )
    vectors = np.empty((len(vids), dim), np.float32)
    for rows in _pages(conn, vids):
        done = slice(len(ids), len(ids) + len(rows))
        vectors[done] = read_vectors([(r[0], r[1], r[2]) for r in rows], dim, place)
        ids.extend(r[3] for r in rows)
        languages.extend(r[4] for r in rows)
        groups.extend(r[5] for r in rows)
        keys[done] = [r[6] for r in rows]
        probabilities[done] = [np.nan if r[7] is None else r[7] for r in rows]
        dropped[done] = [r[8] for r in rows]
    if len(ids) != len(vids):
        raise CorruptError(f"{place}: a document has no vector", REPAIR)
    return Columns(ids, languages, groups, keys, probabilities, dropped, vectors)


def read_vectors_of(conn: sqlite3.Connection, ids: Sequence[str], dim: int, place: str) -> Vectors:
    """Read raw vectors, row *i* of ``ids[i]``.

    Raises:
        InputError: an id that is not there.
    """
    names, vectors = tables.candidates(conn, tables.vids_of(conn, set(ids)), dim, place)
    rows = {name: row for row, name in enumerate(names)}
    for id_ in ids:
        if id_ not in rows:
            raise InputError(f"no document {id_!r} in the index", "look at its spelling")
    return vectors[[rows[id_] for id_ in ids]]


def _pages(
    conn: sqlite3.Connection, vids: NDArray[np.int64]
) -> Iterator[list[tuple[int, bytes, int, str, str, str | None, int, float | None, int]]]:
    """Read the rows of ascending vids, a page at a time."""
    for start in range(0, len(vids), _PAGE):
        wanted = vids[start : start + _PAGE]
        rows = conn.execute(
            "SELECT d.vid, v.vector, v.crc32, d.id, d.lang, d.group_id, d.text_key, "
            "d.lang_probability, iif(d.tokens > 0, d.tokens_dropped, -1) FROM documents AS d "
            "JOIN vectors AS v ON v.vid = d.vid WHERE d.vid BETWEEN ? AND ? ORDER BY d.vid",
            [int(wanted[0]), int(wanted[-1])],
        ).fetchall()
        kept = frozenset(wanted.tolist())
        yield rows if len(rows) == len(kept) else [r for r in rows if r[0] in kept]
