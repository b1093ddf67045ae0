"""What an index does against language bias: kept in its database, applied to every vector."""

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from indexer import tables
from indexer.errors import CorruptError
from indexer.records import UNKNOWN_LANGUAGE, Vectors
from indexer.transforms import NONE, Transform
from indexer.vectors import Vids

_SINCE = 3
"""The first format that has the table."""

_REMEDY = "set it again with `interlingua debias`, or remove it with `--method none`"


@dataclass(frozen=True, slots=True)
class Debiasing:
    """A frozen transform of the vectors, and how the answers of languages are merged."""

    method: str = NONE
    """Name of the transform."""
    transform: Transform | None = None
    """None leaves vectors as they are."""
    merging: Mapping[str, object] = field(default_factory=dict)
    """JSON values; what they mean is the business of the layer that searches."""
    fitted_on: Mapping[str, object] = field(default_factory=dict)
    """JSON values for the record: what the transform was fitted on."""
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """ISO 8601, UTC."""
    crc32: int = 0
    """Checksum of the row that it was read from."""

    def knows(self, language: str) -> bool | None:
        """Tell whether the transform was fitted on a language; None when there is none."""
        return None if self.transform is None else language in self.transform.languages

    def apply(self, vectors: Vectors, languages: Sequence[str]) -> Vectors:
        """Make raw vectors of texts in these languages those that are searched."""
        return vectors if self.transform is None else self.transform.apply(vectors, languages)


NOTHING = Debiasing(created="")


def read_debiasing(
    conn: sqlite3.Connection, place: str, known: Debiasing | None = None
) -> Debiasing:
    """Read what the connection's transaction sees.

    Args:
        conn: a connection.
        place: the database, for messages.
        known: read earlier; returned when it is still the same.

    Raises:
        CorruptError: the row is damaged.
    """
    number = conn.execute("PRAGMA user_version").fetchone()[0]
    row = number >= _SINCE and conn.execute("SELECT crc32, created FROM debiasing").fetchone()
    if not row:
        return NOTHING
    if known is not None and (known.crc32, known.created) == tuple(row):
        return known
    values = conn.execute(
        "SELECT created, method, merging, fitted_on, transform FROM debiasing"
    ).fetchone()
    if _crc(*values) != row[0]:
        raise CorruptError(f"{place}: the debiasing transform is damaged", _REMEDY)
    created, method, merging, fitted_on, data = values
    transform = None if data is None else Transform.from_bytes(data)
    return Debiasing(
        method, transform, json.loads(merging), json.loads(fitted_on), created, int(row[0])
    )


def is_transformed(conn: sqlite3.Connection) -> bool:
    """Tell whether the FAISS files hold transformed vectors, even where the row is damaged."""
    query = "SELECT 1 FROM debiasing WHERE transform IS NOT NULL"
    return conn.execute(query).fetchone() is not None


def write_debiasing(conn: sqlite3.Connection, debiasing: Debiasing) -> None:
    """Replace the row, inside the caller's transaction."""
    conn.execute("DELETE FROM debiasing")
    if debiasing.transform is None and not debiasing.merging:
        return
    transform = debiasing.transform
    values = (
        debiasing.created,
        debiasing.method,
        json.dumps(dict(debiasing.merging)),
        json.dumps(dict(debiasing.fitted_on)),
        None if transform is None else transform.to_bytes(),
    )
    conn.execute(
        "INSERT INTO debiasing (one, created, method, merging, fitted_on, transform, crc32) "
        "VALUES (1, ?, ?, ?, ?, ?, ?)",
        [*values, _crc(*values)],
    )


def searched_between(
    conn: sqlite3.Connection,
    place: str,
    transform: Transform | None,
    dim: int,
    first: int,
    last: int,
    limit: int = -1,
) -> tuple[Vids, Vectors]:
    """Read live vectors as they are searched: transformed.

    Returns:
        vids of ``first <= vid <= last``, ascending, at most ``limit``; and (n, dim) unit rows.

    Raises:
        CorruptError: a vector is damaged.
    """
    vids, vectors = tables.vectors_between(conn, place, dim, first, last, limit)
    if transform is not None and len(vids):
        vectors = transform.apply(vectors, languages_of(conn, vids))
    return vids, vectors


def searched_at(
    conn: sqlite3.Connection, place: str, transform: Transform | None, dim: int, vids: Vids
) -> Vectors:
    """Read the vectors of ascending vids as they are searched, out of the database.

    Raises:
        CorruptError: one of them has no row or is damaged.
    """
    vectors = tables.raw_vectors(conn, vids, dim, place)
    if transform is None or not len(vids):
        return vectors
    return transform.apply(vectors, tables.languages_at(conn, vids))


def languages_of(conn: sqlite3.Connection, vids: Vids) -> list[str]:
    """Look up the languages of vectors, ascending vids; unknown where no document is left."""
    rows = conn.execute(
        "SELECT vid, lang FROM documents WHERE vid BETWEEN ? AND ?", [int(vids[0]), int(vids[-1])]
    )
    spoken = dict(rows)
    return [spoken.get(vid, UNKNOWN_LANGUAGE) for vid in vids.tolist()]


def _crc(*values: object) -> int:
    *texts, data = values
    said = json.dumps(texts, default=repr).encode()
    return zlib.crc32(data if isinstance(data, bytes) else repr(data).encode(), zlib.crc32(said))
