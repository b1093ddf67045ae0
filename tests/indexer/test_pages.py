"""The pages of a new database fit its vectors, as SQLite's own file says."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from indexer.index import IndexSettings, IndexWriter
from indexer.pages import bytes_a_row, page_size
from tests.indexer.reference import SETTINGS


@pytest.mark.parametrize("size", [4096, 8192, 16384])
@pytest.mark.parametrize("dim", [100, 256, 384, 768, 1000, 1024, 1536, 3072, 4096])
def test_a_row_takes_what_was_worked_out(tmp_path: Path, dim: int, size: int) -> None:
    """Of a table of vectors that SQLite has written, within what headers and inner pages add."""
    conn = sqlite3.connect(tmp_path / "t.db")
    conn.execute(f"PRAGMA page_size = {size}")
    conn.execute("CREATE TABLE v (vid INTEGER PRIMARY KEY, vector BLOB, crc32 INTEGER)")
    n = max(400, 4_000_000 // (4 * dim))
    blob = np.ones(dim, np.float32).tobytes()
    conn.executemany("INSERT INTO v VALUES (?, ?, ?)", ((i, blob, 2**32 - 1) for i in range(n)))
    conn.commit()
    written = size * conn.execute("PRAGMA page_count").fetchone()[0]
    conn.close()

    assert written / n == pytest.approx(bytes_a_row(dim, size), rel=0.1)


def test_the_choice() -> None:
    """Larger pages where they save: 384 dimensions 8,192 bytes; small vectors and large, 4,096."""
    chosen = {dim: page_size(dim) for dim in (8, 384, 512, 768, 1024)}

    assert chosen == {8: 4096, 384: 8192, 512: 16384, 768: 16384, 1024: 4096}


def test_a_new_index_has_such_pages(tmp_path: Path) -> None:
    """And an old one keeps those it has."""
    fields = {f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__}
    with IndexWriter.create(tmp_path / "i", IndexSettings(**{**fields, "dim": 384})) as writer:
        assert writer.store.conn.execute("PRAGMA page_size").fetchone()[0] == 8192
        assert writer.store.conn.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
