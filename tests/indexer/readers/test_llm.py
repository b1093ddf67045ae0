"""Embeddings databases of llm."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from indexer.errors import InputError
from indexer.fields import Fields
from tests.indexer.readers.conftest import Reading

# The schema of llm 0.36, as its own migrations write it.
SCHEMA = """
CREATE TABLE "collections" ("id" INTEGER PRIMARY KEY, "name" TEXT, "model" TEXT);
CREATE TABLE "embeddings" (
   "collection_id" INTEGER REFERENCES "collections"("id"),
   "id" TEXT,
   "embedding" BLOB,
   "content" TEXT,
   "content_blob" BLOB,
   "content_hash" BLOB,
   "metadata" TEXT,
   "updated" INTEGER,
   PRIMARY KEY ("collection_id", "id")
);
"""
Row = tuple[int, object, object, object]


def write(path: Path, rows: list[Row], journal: str = "delete") -> Path:
    """Write a database of two collections."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"pragma journal_mode = {journal}")
        db.executescript(SCHEMA)
        db.execute("insert into collections values (1, 'docs', 'm'), (2, 'notes', 'm')")
        db.executemany(
            "insert into embeddings (collection_id, id, content, metadata, embedding)"
            " values (?, ?, ?, ?, zeroblob(16))",
            rows,
        )
    return path


def test_texts_and_metadata_are_read_and_vectors_are_not(tmp_path: Path) -> None:
    """The id is llm's; metadata may bring language and group."""
    path = write(
        tmp_path / "c.db",
        [(2, "b", "Hund", None), (1, "a", "dog", '{"lang": "en", "group": 7, "x": [1]}')],
    )
    read = Reading(path, lang="de")

    assert [(d.id, d.text, d.lang, d.group, dict(d.metadata)) for d in read.documents] == [
        ("a", "dog", "en", "7", {"collection": "docs", "x": [1]}),
        ("b", "Hund", "de", None, {"collection": "notes"}),
    ]
    assert read.places == ["c.db:docs/a".rpartition("/")[2], "b"]
    assert read.notes == [f"reading {path} as llm"]
    assert Reading(path, lang="de", fields=Fields(text="t", id="i")).texts == ["dog", "Hund"]


def test_what_was_not_stored_is_refused_with_a_count(tmp_path: Path) -> None:
    """Llm keeps the texts only on --store: the first refusal says how many lack."""
    rows: list[Row] = [(1, str(i), None if i % 3 else "text", None) for i in range(9)]
    path = write(tmp_path / "c.db", rows)
    read = Reading(path, lang="en")

    assert len(read.texts) == 3
    assert set(read.refused.values()) == {"its text was not stored, as of 6 of 9 embeddings"}
    with pytest.raises(InputError, match=r"c\.db:docs/1: its text was not stored") as caught:
        Reading(path, lang="en", tolerated=0)
    assert "--store" in str(caught.value.remedy)


ROWS: dict[str, tuple[Row, str]] = {
    "not UTF-8": ((1, "x", b"\xff", None), "not UTF-8 at byte 1"),
    "NUL": ((1, "x", "a\0b", None), "holds a NUL character"),
    "blank": ((1, "x", " ", None), "field 'text' is blank"),
    "metadata that is no JSON": ((1, "x", "a", "{"), "not JSON"),
    "metadata that is no object": ((1, "x", "a", "[1]"), "an array instead of an object"),
    "a line break in the id": ((1, "x\ny", "a", None), "field 'id' holds a control character"),
}


@pytest.mark.parametrize(("row", "reason"), ROWS.values(), ids=list(ROWS))
def test_a_bad_row_is_refused_where_it_stands(tmp_path: Path, row: Row, reason: str) -> None:
    """The rows around it are read."""
    path = write(tmp_path / "c.db", [(1, "a", "a", None), row, (2, "b", "b", None)])
    read = Reading(path, lang="en")

    assert read.texts == ["a", "b"]
    ((place, said),) = read.refused.items()
    assert said.startswith(reason)
    assert place.isprintable()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_nothing_is_written(tmp_path: Path, journal: str) -> None:
    """Not even the files that SQLite makes to read a database in WAL mode."""
    folder = tmp_path / "in a #folder?"
    folder.mkdir()
    path = write(folder / "c.db", [(1, "a", "a", None)], journal)
    before = path.read_bytes()

    assert Reading(path, lang="en").texts == ["a"]
    assert [file.name for file in folder.iterdir()] == ["c.db"]
    assert path.read_bytes() == before


def test_what_is_not_yet_checkpointed_is_read(tmp_path: Path) -> None:
    """A writer may have the database open."""
    path = write(tmp_path / "c.db", [(1, "a", "a", None)], "wal")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("insert into embeddings (collection_id, id, content) values (1, 'b', 'b')")
        writer.commit()
        assert Reading(path, lang="en").texts == ["a", "b"]


def test_another_database_is_refused(tmp_path: Path) -> None:
    """No database, one of something else, a cut one, one without a row."""
    path = tmp_path / "c.db"
    path.write_bytes(b"text, but not a database" * 99)
    with pytest.raises(InputError, match=r"c\.db: no embeddings of llm: file is not a database"):
        Reading(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table t (x)")
    with pytest.raises(InputError, match="no embeddings of llm: no such table: embeddings"):
        Reading(path)
    path.unlink()
    write(path, [])
    with pytest.raises(InputError, match="holds no record"):
        Reading(path)
    path.unlink()
    write(path, [(1, str(i), "a" * 500, None) for i in range(200)])
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(InputError, match="no embeddings of llm: "):
        Reading(path, lang="en")


def test_a_huge_value_is_refused(tmp_path: Path) -> None:
    """Before it is in memory."""
    path = write(tmp_path / "c.db", [(1, "a", "a" * (17 << 20), None)])
    with pytest.raises(InputError, match="too big"):
        Reading(path, lang="en")
