"""Every vector is in one FAISS file or in the tail; a quick look finds what is not in a moment."""

import sqlite3
from pathlib import Path

import pytest

from indexer.index import IndexReader, IndexWriter
from indexer.quick import SAMPLE, quick_problems
from indexer.verify import repair, verify
from tests.indexer.reference import (
    DIM,
    as_pairs,
    build,
    dump,
    embed,
    encoded,
    faiss_files,
    neighbours,
    random_units,
)

DOCUMENTS = [encoded(f"d{n:03}") for n in range(60)]
LIVE = DOCUMENTS[:5] + DOCUMENTS[10:]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three files of twenty, five documents of the first deleted, and a tail of none."""
    path = build(tmp_path / "i", DOCUMENTS[:20])
    with IndexWriter.open(path) as writer:
        for start in (20, 40):
            writer.add(DOCUMENTS[start : start + 20])
            writer.finish()
        writer.delete([e.document.id for e in DOCUMENTS[5:10]])
    return path


def change(path: Path, statement: str, *values: object) -> None:
    """Change the database behind our back."""
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute(statement, values)
    conn.commit()
    conn.close()


def search(path: Path) -> list[tuple[str, float]]:
    """Ask for everything."""
    with IndexReader.open(path) as reader:
        return as_pairs(reader.search(embed("x")[None], 100)[0])


def names(path: Path) -> list[str]:
    """Name the FAISS files in the order of their rows."""
    conn = sqlite3.connect(path / "interlingua.db")
    found = [row[0] for row in conn.execute("SELECT name FROM files ORDER BY first_vid")]
    conn.close()
    return found


@pytest.mark.parametrize("which", [0, 1])
def test_vectors_that_no_file_holds_are_found_and_filed(path: Path, which: int) -> None:
    """Search would be silent about them: a row of the list of files is gone."""
    expected, content = neighbours(LIVE, embed("x"), 100), dump(path)
    assert search(path) == expected
    change(path, "DELETE FROM files WHERE name = ?", names(path)[which])
    missing = 20 if which else 15
    assert len(search(path)) == len(expected) - missing

    for quick in (True, False):
        said = [p.what for p in verify(path, quick)]
        assert any(f"rows {which * 20 + 1} to {which * 20 + 20} are in no" in what for what in said)

    assert len(repair(path).files_written) == 1
    assert verify(path) == []
    assert search(path) == expected
    assert dump(path) == content
    assert str(repair(path)) == "nothing to repair"


def test_the_tail_is_no_gap(path: Path) -> None:
    """What the last file does not reach is searched as the tail."""
    change(path, "DELETE FROM files WHERE name = ?", names(path)[2])
    assert verify(path) == verify(path, quick=True) == []
    assert search(path) == neighbours(LIVE, embed("x"), 100)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE files SET first_vid = 15 WHERE first_vid = 21",
        "UPDATE files SET last_vid = 25 WHERE first_vid = 1",
        "UPDATE files SET last_vid = 2 WHERE first_vid = 41",
    ],
)
def test_ranges_that_overlap_are_found_and_parted(path: Path, statement: str) -> None:
    """Neither a vector twice nor one that is skipped."""
    change(path, statement)
    for quick in (True, False):
        assert any("overlap" in p.what for p in verify(path, quick))

    repair(path)

    assert verify(path) == verify(path, quick=True) == []
    assert search(path) == neighbours(LIVE, embed("x"), 100)
    assert str(repair(path)) == "nothing to repair"


def test_a_tombstone_of_no_file_goes(path: Path) -> None:
    """It would count as deleted for ever."""
    change(path, "INSERT INTO tombstones (vid) VALUES (1000)")
    for quick in (True, False):
        assert any("deleted vector is in no FAISS file" in p.what for p in verify(path, quick))
    repair(path)
    assert verify(path) == []
    with IndexReader.open(path) as reader:
        assert reader.info().deleted == 5


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM commits WHERE kind = 'delete'", "55 documents, and 60 by the log of commits"),
        ("DELETE FROM tombstones WHERE vid = 6", "60 vectors, 4 of them deleted"),
        ("UPDATE files SET rows = 19 WHERE first_vid = 21", "for 55 documents"),
        ("UPDATE files SET rows = 21 WHERE first_vid = 21", "too short a range"),
        ("DELETE FROM vectors WHERE vid = 60", "the last vector row 59"),
        ("DELETE FROM vectors WHERE vid = 1", "the first vector row 2"),
        ("DELETE FROM vectors WHERE vid = 30", "'d029': the document has no vector"),
        ("UPDATE documents SET text = 'other' WHERE vid = 30", "'d029': the document is damaged"),
        ("UPDATE vectors SET vector = zeroblob(32) WHERE vid = 30", "its vector is damaged"),
        ("UPDATE vectors SET vector = x'00' WHERE vid = 30", "its vector has another dimension"),
    ],
)
def test_a_quick_look_finds(path: Path, statement: str, said: str) -> None:
    """Wrong totals, ends that differ, and damage to what is sampled: all of so small an index."""
    change(path, statement)
    found = verify(path, quick=True)

    assert any(said in f"{p.place}: {p.what}" for p in found), found
    assert all("interlingua repair" in p.remedy for p in found)
    assert verify(path) != []


def _steps(path: Path) -> int:
    """Count the steps of SQLite's machine that a quick look takes, in hundreds."""
    conn = sqlite3.connect(path / "interlingua.db")
    taken = [0]

    def count() -> None:
        taken[0] += 1

    conn.set_progress_handler(count, 100)
    assert list(quick_problems(conn, path, DIM)) == []
    conn.close()
    return taken[0]


def test_a_quick_look_takes_no_longer_at_a_large_index(tmp_path: Path) -> None:
    """Its work is that of the sample: ten times the documents are no more steps."""
    steps = []
    for n in (2 * SAMPLE, 20 * SAMPLE):
        batch = [encoded(f"d{i}", "same") for i in range(n)]
        units = random_units(n)
        path = build(
            tmp_path / str(n),
            [type(e)(e.document, units[i], 1, 0) for i, e in enumerate(batch)],
        )
        steps.append(_steps(path))

    assert steps[1] < 1.2 * steps[0]


def test_a_superseded_file_is_no_damage(path: Path) -> None:
    """A quick look at an old state does not miss the files that a newer one has replaced."""
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute("BEGIN")
    conn.execute("SELECT count(*) FROM files").fetchone()
    change(path, "UPDATE files SET name = ? WHERE first_vid = 1", f"{'0' * 64}.faiss")
    old = faiss_files(path)
    for file in old:
        if file.name == names_of(conn)[0]:
            file.unlink()
    assert [p.what for p in quick_problems(conn, path, DIM)] == []
    conn.close()
    assert [p.what for p in verify(path, quick=True)] == ["the file is missing"]


def names_of(conn: sqlite3.Connection) -> list[str]:
    """Name the FAISS files that a transaction sees."""
    return [row[0] for row in conn.execute("SELECT name FROM files ORDER BY first_vid")]
