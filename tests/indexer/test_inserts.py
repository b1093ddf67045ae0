"""Many rows with one statement are the rows that were given."""

import hashlib
import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.inserts import insert_many
from indexer.records import Document
from indexer.rows import content_hash


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1203])
@pytest.mark.parametrize("variables", [3, 7, 32_766])
def test_all_rows_go_in_however_few_variables_sqlite_takes(rows: int, variables: int) -> None:
    """One statement takes 500 rows, or as many as the build of SQLite allows."""
    given_rows = [(n, f"text {n}", None if n % 3 else n / 7) for n in range(rows)]
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, variables)
        conn.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL)")
        insert_many(conn, "t (a, b, c)", given_rows)
        assert conn.execute("SELECT a, b, c FROM t ORDER BY a").fetchall() == given_rows


@given(
    st.text(min_size=1),
    st.text(),
    st.none() | st.text(),
    st.dictionaries(st.text(), st.text() | st.integers(0, 2**62), max_size=3),
)
def test_a_content_hash_is_that_of_the_canonical_json(
    id_: str, text: str, group: str | None, metadata: dict[str, str | int]
) -> None:
    """Written by hand for speed; every index that was ever made holds hashes of this form."""
    document = Document(id=id_, text=text, lang="en", group=group, metadata=metadata)
    fields = [id_, text, "en", group, metadata]
    canonical = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert content_hash(document) == hashlib.sha256(canonical.encode()).hexdigest()
