"""The index of the database that a build makes at its end."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from indexer.errors import CorruptError
from indexer.index import IndexReader, IndexWriter, index_state
from indexer.verify import verify
from tests.indexer.reference import SETTINGS, build, encoded

DOCUMENTS = [encoded(f"d{i}", f"text {i % 7}") for i in range(40)]
MAKE = "CREATE INDEX documents_text ON documents (text_key)"


def change(path: Path, statement: str) -> None:
    """Change a database behind our back."""
    with closing(sqlite3.connect(path / "interlingua.db")) as conn, conn:
        conn.execute(statement)


def plan_of_a_text(path: Path) -> str:
    """Ask SQLite how it would find the documents of a text."""
    with closing(sqlite3.connect(path / "interlingua.db")) as conn:
        query = "EXPLAIN QUERY PLAN SELECT vid FROM documents WHERE text_key = 7"
        return str(conn.execute(query).fetchall()[0][3])


def unfinished(path: Path) -> Path:
    """Break a build off after its first batch."""
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add(DOCUMENTS[:20], cursor=20)
    return path


def finished(path: Path) -> Path:
    """Go on with it to its end."""
    with IndexWriter.open(path) as writer:
        writer.add(DOCUMENTS[20:], cursor=40)
        writer.finish()
    return path


@pytest.mark.parametrize("began_with_it", [False, True], ids=["now", "an earlier version"])
def test_a_build_goes_on_without_it_and_ends_with_it(tmp_path: Path, began_with_it: bool) -> None:
    """Builds are read, broken off and finished; earlier versions began them with it."""
    path = unfinished(tmp_path / "i")
    assert plan_of_a_text(path) == "SCAN documents"
    if began_with_it:
        change(path, MAKE)
    assert (index_state(path), verify(path)) == ("building", [])
    with IndexReader.open(path) as reader:
        assert reader.info().documents == 20

    assert verify(finished(path)) == []
    assert "USING INDEX documents_text" in plan_of_a_text(path).replace("COVERING ", "")
    with closing(sqlite3.connect(path / "interlingua.db")) as conn:
        found = conn.execute("SELECT sql FROM sqlite_schema WHERE name = 'documents_text'")
        assert found.fetchall() == [(MAKE,)]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX documents_lang",
        "CREATE INDEX another ON documents (text)",
        "CREATE INDEX documents_text ON documents (text)",
        "UPDATE progress SET state = 'ready'",
        "DELETE FROM progress",
    ],
)
def test_a_build_may_lack_nothing_else(tmp_path: Path, statement: str) -> None:
    """Whatever else differs from the schema of its format is damage, or somebody's meddling."""
    path = unfinished(tmp_path / "i")
    change(path, statement)
    with pytest.raises(CorruptError, match="the schema is not the one we made"):
        IndexWriter.open(path)


def test_a_finished_index_must_have_it(tmp_path: Path) -> None:
    """Its searches for a text would read all documents."""
    path = build(tmp_path / "i", DOCUMENTS)
    change(path, "DROP INDEX documents_text")
    with pytest.raises(CorruptError, match="the schema is not the one we made"):
        IndexReader.open(path)
