"""Damage of every kind is told by name, never answered from, and mended without an encoder."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from indexer.backup import backup
from indexer.errors import CorruptError, InterlinguaError, UsageError
from indexer.index import IndexReader, IndexWriter
from indexer.store import DATABASE
from indexer.vector_files import FileRecord, load_file, write_segment
from indexer.vectors import Segment
from indexer.verify import repair, verify
from tests.indexer.reference import (
    SETTINGS,
    as_pairs,
    build,
    dump,
    embed,
    encoded,
    faiss_files,
    flip_bit,
    neighbours,
)

T = TypeVar("T")

FLIPS = 300

DOCUMENTS = [encoded(f"d{n:03}", lang=("de", "en")[n % 2], group=f"g{n // 2}") for n in range(60)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """60 documents in two files, ten of them deleted, and ten in the tail."""
    path = build(tmp_path / "i", DOCUMENTS[:20])
    with IndexWriter.open(path) as writer:
        writer.add(DOCUMENTS[20:50])
        writer.finish()
        writer.delete([e.document.id for e in DOCUMENTS[15:25]])
        writer.add(DOCUMENTS[50:])
    return path


LIVE = DOCUMENTS[:15] + DOCUMENTS[25:]


def search(path: Path) -> list[tuple[str, float]]:
    """Ask for everything."""
    with IndexReader.open(path) as reader:
        return as_pairs(reader.search(embed("x")[None], 100)[0])


def truncate(file: Path) -> None:
    """Cut a file in half."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwrite_by_another(file: Path) -> None:
    """Put a FAISS file that is whole in the place of another."""
    others = [f for f in file.parent.glob("*.faiss") if f != file]
    shutil.copy(others[0], file)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (Path.unlink, "missing"),
        (truncate, "bytes instead of"),
        (lambda f: flip_bit(f, 120), "SHA-256"),
        (lambda f: f.write_bytes(b""), "0 bytes"),
        (overwrite_by_another, "bytes instead of"),
    ],
    ids=["missing", "truncated", "flipped", "emptied", "swapped"],
)
@pytest.mark.parametrize("which", [0, 1])
def test_a_damaged_faiss_file_is_named_and_mended(
    path: Path, damage: Callable[[Path], None], said: str, which: int
) -> None:
    """Search refuses with the remedy, verify names the file, repair brings back every answer."""
    before, content = search(path), dump(path)
    file = faiss_files(path)[which]
    damage(file)
    with pytest.raises(CorruptError, match=file.name) as caught:
        search(path)
    assert "interlingua repair" in str(caught.value.remedy)
    problems = verify(path)
    assert [p.place for p in problems] == [str(file)]
    assert said in problems[0].what
    assert "interlingua repair" in problems[0].remedy

    report = repair(path)

    assert len(report.files_written) == 1
    assert (report.lost, report.vectors_restored) == ((), ())
    assert verify(path) == []
    assert search(path) == before == neighbours(LIVE, embed("x"), 100)
    assert dump(path) == content
    assert str(repair(path)) == "nothing to repair"


def test_losing_every_faiss_file_loses_nothing(path: Path) -> None:
    """The whole folder may go."""
    before = search(path)
    shutil.rmtree(path / "vectors")
    assert len(verify(path)) == 2
    assert len(verify(path, quick=True)) == 2
    repair(path)
    assert search(path) == before


def test_quick_looks_at_names_and_sizes(path: Path) -> None:
    """It finds a truncated file, and passes over a flipped bit."""
    assert verify(path, quick=True) == []
    flip_bit(faiss_files(path)[0], 120)
    assert verify(path, quick=True) == []
    truncate(faiss_files(path)[0])
    assert "bytes instead of" in verify(path, quick=True)[0].what


def change(path: Path, statement: str, *values: object) -> None:
    """Change the database behind our back."""
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute(statement, values)
    conn.commit()
    conn.close()


def flip_vector(path: Path, id_: str) -> None:
    """Flip a bit of a vector in the database."""
    conn = sqlite3.connect(path / "interlingua.db")
    (vid, blob) = conn.execute(
        "SELECT vid, vector FROM vectors JOIN documents USING (vid) WHERE id = ?", [id_]
    ).fetchone()
    conn.close()
    flipped = bytearray(blob)
    flipped[5] ^= 16
    change(path, "UPDATE vectors SET vector = ? WHERE vid = ?", bytes(flipped), vid)


def test_a_flipped_vector_is_read_back_from_its_file(path: Path) -> None:
    """SQLite does not notice; our checksum does, and the FAISS file still has the vector."""
    before, content = search(path), dump(path)
    flip_vector(path, "d003")
    assert search(path) == before
    assert [(p.place.split(": ")[1], p.what) for p in verify(path)] == [
        ("document 'd003'", "its vector is damaged")
    ]

    report = repair(path)

    assert report.vectors_restored == ("d003",)
    assert report.lost == ()
    assert verify(path) == []
    assert search(path) == before
    assert dump(path) == content


def test_a_vector_that_is_gone_is_read_back_from_its_file(path: Path) -> None:
    """The file is named by its SHA-256; of the tail there is none."""
    before, content = search(path), dump(path)
    change(path, "DELETE FROM vectors WHERE vid = (SELECT vid FROM documents WHERE id = 'd003')")
    report = repair(path)
    assert (report.vectors_restored, report.lost) == (("d003",), ())
    assert verify(path) == []
    assert search(path) == before
    assert dump(path) == content

    change(path, "DELETE FROM vectors WHERE vid = (SELECT vid FROM documents WHERE id = 'd055')")
    assert repair(path).lost == ("d055",)
    assert verify(path) == []


def test_a_log_of_commits_that_counts_too_few_is_balanced_aloud(path: Path) -> None:
    """What verify found is not said to be nothing."""
    first = "(SELECT min(seq) FROM commits WHERE added > 3)"
    change(path, f"UPDATE commits SET added = added - 3 WHERE seq = {first}")  # noqa: S608
    assert any("by the log of commits" in p.what for p in verify(path))
    report = repair(path)
    assert report.unlogged == 3
    assert str(report) == "3 documents entered in the log of commits"
    assert verify(path) == []


def test_what_cannot_be_restored_is_moved_out_by_name(path: Path) -> None:
    """A vector of the tail is nowhere else: its document goes to a corpus that can be added."""
    flip_vector(path, "d055")
    with pytest.raises(CorruptError):
        search(path)

    report = repair(path)

    assert report.lost == ("d055",)
    assert report.quarantine == str(path / "quarantine.jsonl")
    record = json.loads((path / "quarantine.jsonl").read_text())
    document = DOCUMENTS[55].document
    assert record == {
        "id": "d055",
        "text": document.text,
        "lang": document.lang,
        "group": document.group,
    }
    assert verify(path) == []
    assert search(path) == neighbours([e for e in LIVE if e is not DOCUMENTS[55]], embed("x"), 100)
    with IndexWriter.open(path) as writer:
        writer.add([DOCUMENTS[55]])
    assert search(path) == neighbours(LIVE, embed("x"), 100)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "another text"),
        ("text", b"\xff\xfe"),
        ("lang", "fr"),
        ("group_id", None),
        ("metadata", '{"x": 1}'),
        ("lang_source", "detected"),
        ("lang_probability", 0.5),
        ("tokens", 99),
        ("tokens_dropped", 1),
        ("hash", "0" * 64),
        ("text_key", 1),
        ("crc32", 1),
    ],
)
def test_a_damaged_document_is_named(path: Path, column: str, value: object) -> None:
    """Every column is covered; a search that meets the document refuses."""
    change(path, f"UPDATE documents SET {column} = ? WHERE id = 'd007'", value)  # noqa: S608
    with pytest.raises(CorruptError, match=r"document 'd007'.*damaged"):
        search(path)
    assert "document 'd007'" in verify(path)[0].place
    report = repair(path)

    assert report.lost == ("d007",)
    assert json.loads((path / "quarantine.jsonl").read_text())["damaged"] is True
    assert verify(path) == []
    assert len(search(path)) == len(LIVE) - 1


def test_text_that_is_no_unicode_any_more_is_named(path: Path) -> None:
    """A damaged byte that breaks UTF-8 ends in our error and not in SQLite's."""
    change(path, "UPDATE documents SET text = CAST(x'41ff42' AS TEXT) WHERE id = 'd007'")
    with pytest.raises(CorruptError, match=r"document 'd007'.*damaged"):
        search(path)
    assert "document 'd007'" in verify(path)[0].place
    assert repair(path).lost == ("d007",)


def test_rows_without_their_other_half_are_named(path: Path) -> None:
    """A document without a vector, and a vector without a document."""
    change(path, "DELETE FROM vectors WHERE vid = (SELECT vid FROM documents WHERE id = 'd001')")
    change(path, "DELETE FROM documents WHERE id = 'd055'")
    found = {p.what for p in verify(path)}
    assert {"the document has no vector", "the vector has no document"} <= found
    assert any("by the log of commits" in what for what in found)
    with pytest.raises(CorruptError):
        search(path)

    report = repair(path)
    assert (report.vectors_restored, report.lost) == (("d001",), ())
    assert verify(path) == []
    assert search(path) == neighbours([e for e in LIVE if e is not DOCUMENTS[55]], embed("x"), 100)


def test_an_index_of_sqlite_that_disagrees_is_made_anew(path: Path) -> None:
    """SQLite's indexes are derived as well."""
    select = "SELECT * FROM sqlite_schema WHERE name = 'documents_lang'"
    conn = sqlite3.connect(path / "interlingua.db")
    definition = conn.execute(select).fetchone()
    conn.execute("PRAGMA writable_schema = ON")
    conn.execute("DELETE FROM sqlite_schema WHERE name = 'documents_lang'")
    conn.commit()
    conn.close()
    for table in ("documents", "vectors"):  # the hidden index does not hear of it
        change(path, f"DELETE FROM {table} WHERE vid = (SELECT max(vid) FROM {table})")  # noqa: S608
    change(path, "UPDATE commits SET added = added - 1 WHERE kind = 'add' AND added = 10")
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute("PRAGMA writable_schema = ON")
    conn.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", definition)
    conn.commit()
    conn.close()
    assert "SQLite says" in verify(path)[0].what

    repair(path)

    assert verify(path) == []
    assert search(path) == neighbours(LIVE[:-1], embed("x"), 100)


def test_a_file_of_other_vectors_is_noticed(path: Path) -> None:
    """Whole and rightly named, and still not what the database says."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        before = as_pairs(state.search(embed("x")[None], 100)[0])
    conn = sqlite3.connect(path / "interlingua.db")
    old = FileRecord(*conn.execute("SELECT * FROM files ORDER BY first_vid").fetchone())
    conn.close()
    segment = load_file(path / "vectors", old, SETTINGS.dim)
    wrong = segment.matrix.copy()
    wrong[3] = -wrong[3]
    other = Segment.of(segment.vids, wrong)
    new = write_segment(path / "vectors", path / "tmp", other, SETTINGS.dim)
    change(path, "UPDATE files SET name = ? WHERE name = ?", new.name, old.name)
    assert "holds another vector for row 4" in verify(path)[0].what

    repair(path)

    assert verify(path) == []
    assert search(path) == before


def test_a_vector_of_another_size_is_named(path: Path) -> None:
    """Its document is told by name and the vector read back."""
    change(path, "UPDATE vectors SET vector = x'00' WHERE vid = 1")
    assert verify(path)[0].what == "its vector has another dimension"
    assert repair(path).vectors_restored == ("d000",)
    assert search(path) == neighbours(LIVE, embed("x"), 100)


def test_a_tombstone_too_few_is_noticed(path: Path) -> None:
    """A FAISS file must hold the live and the deleted vectors of its range, and no others."""
    change(path, "DELETE FROM tombstones WHERE vid = (SELECT min(vid) FROM tombstones)")
    with pytest.raises(CorruptError, match="no document"):
        search(path)
    assert "other vectors" in verify(path)[0].what
    repair(path)
    assert verify(path) == []
    assert search(path) == neighbours(LIVE, embed("x"), 100)


def test_damaged_settings_are_refused(path: Path) -> None:
    """What the index is fixed to has a checksum as well."""
    change(path, "UPDATE settings SET json = replace(json, '\"dim\": 8', '\"dim\": 9')")
    for attempt in (search, repair, IndexWriter.open):
        with pytest.raises(CorruptError, match="settings of the index are damaged"):
            attempt(path)
    assert "settings" in verify(path)[0].what


def test_a_schema_that_is_not_ours_is_named(path: Path) -> None:
    """A trigger that somebody added is no part of an index, and never gets to run."""
    change(path, "CREATE TRIGGER t AFTER DELETE ON documents BEGIN DELETE FROM vectors; END")
    assert "schema" in verify(path)[0].what
    for attempt in (IndexReader.open, IndexWriter.open, repair):
        with pytest.raises(CorruptError, match="schema"):
            attempt(path)


def test_verify_needs_an_index(tmp_path: Path) -> None:
    """As does repair."""
    for attempt in (verify, repair):
        with pytest.raises(UsageError, match="interlingua build"):
            attempt(tmp_path)


def test_verify_works_during_a_write(path: Path) -> None:
    """It reads one state and takes no lock."""
    with IndexWriter.open(path) as writer:
        writer.add([encoded("new")])
        assert verify(path) == []
        writer.finish()
        assert verify(path) == []


def outcome(action: Callable[[Path], T], path: Path) -> T | InterlinguaError:
    """Do something and give what comes of it, our own errors included."""
    try:
        return action(path)
    except InterlinguaError as error:
        return error


def test_flipped_bits_of_the_database_never_pass(tmp_path: Path) -> None:
    """Wherever one bit of the database flips: either no content differs, or verify says so.

    And nothing ends in anything but one of our own errors.
    """
    whole = build(tmp_path / "whole", [encoded(f"d{n:02}") for n in range(25)])
    with IndexWriter.open(whole) as writer:
        writer.delete(["d03"])
        writer.add([encoded("tail")])
    content, answers = dump(whole), search(whole)
    database = (whole / "interlingua.db").read_bytes()
    rng = random.Random(0)
    found = 0
    for _ in range(FLIPS):
        path = tmp_path / "flipped"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(whole, path, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        flip_bit(path / "interlingua.db", rng.randrange(len(database)), rng.randrange(8))
        problems = outcome(verify, path)
        same = outcome(dump, path) == content and outcome(search, path) == answers
        assert problems or same
        found += bool(problems)
    assert found > 15  # most bytes of so small a database are free


def test_repair_survives_every_flip_that_verify_finds(tmp_path: Path) -> None:
    """It mends or refuses with a remedy; what it leaves is whole, and what it lost is named."""
    whole = build(tmp_path / "whole", [encoded(f"d{n:02}") for n in range(25)])
    content = dump(whole)
    size = (whole / "interlingua.db").stat().st_size
    rng = random.Random(1)
    mended = 0
    for _ in range(FLIPS // 2):
        path = tmp_path / "flipped"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(whole, path, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        flip_bit(path / "interlingua.db", rng.randrange(size), rng.randrange(8))
        report = outcome(repair, path)
        if isinstance(report, InterlinguaError):
            assert report.remedy
            continue
        assert verify(path) == []
        left = dump(path)
        assert {i: content[i] for i in left if i in content} == left
        assert len(report.lost) >= len(content) - len(left)
        mended += report.lost != () or report.vectors_restored != ()
    assert mended > 3


def test_a_repaired_index_takes_new_documents(path: Path) -> None:
    """Numbers of lost files and rows are never used again."""
    for file in faiss_files(path):
        file.unlink()
    repair(path)
    with IndexWriter.open(path) as writer:
        writer.add([encoded("new")], replace=True)
        writer.finish()
        writer.add([DOCUMENTS[0]], replace=True)
    expected = [*LIVE, encoded("new")]
    assert search(path) == neighbours(expected, embed("x"), 100)
    assert verify(path) == []
    assert SETTINGS.dim == np.shape(expected[0].vector)[0]


@pytest.mark.parametrize(
    "ask",
    [verify, repair, IndexReader.open, IndexWriter.open, lambda path: backup(path, path / "copy")],
)
def test_files_without_their_database_are_a_damage_and_no_absence(
    path: Path, ask: Callable[[Path], object]
) -> None:
    """Somebody who lost the database must not hear that there never was an index."""
    for file in path.glob(f"{DATABASE}*"):
        file.unlink()
    with pytest.raises(CorruptError, match=r"interlingua\.db: is missing"):
        ask(path)
    shutil.rmtree(path / "vectors")
    with pytest.raises(UsageError, match="no index here"):
        ask(path)


def test_paths_may_be_strings(tmp_path: Path) -> None:
    """As everywhere else in the Python API."""
    path = build(tmp_path / "i", [encoded("a")])
    assert verify(str(path)) == []
    assert str(repair(str(path))) == "nothing to repair"


@pytest.mark.parametrize("tables", [["documents"], ["documents", "vectors"]])
def test_a_document_of_which_nothing_is_left_is_counted(path: Path, tables: list[str]) -> None:
    """It cannot be kept elsewhere, and is not dropped in silence."""
    with sqlite3.connect(path / DATABASE) as conn:
        for table in tables:
            conn.execute(f"DELETE FROM {table} WHERE vid = 5")  # noqa: S608
    conn.close()
    report = repair(path)
    assert (report.gone, report.lost, report.quarantine) == (1, (), None)
    assert "1 document gone" in str(report)
    assert not (path / "quarantine.jsonl").exists()
    assert verify(path) == []
    assert repair(path).gone == 0
