"""Vectors in Parquet, fvecs and bvecs, and in several files: the right rows, or a refusal."""

import sqlite3
import struct
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.corpus import read_corpus
from indexer.errors import InputError, UsageError
from indexer.imported import import_vectors, read_query_vectors
from indexer.vectorfiles import open_vectors
from tests.indexer.elsewhere import DIM, drawn, query, records, save, stored, unit

# The schema of llm 0.36, as its own migrations write it.
LLM = """
create table collections (id integer primary key, name text, model text);
create table embeddings (
    collection_id integer, id text, embedding blob, content text, content_blob blob,
    content_hash blob, metadata text, updated integer, primary key (collection_id, id)
);
insert into collections values (1, 'docs', 'm'), (2, 'notes', 'm');
"""

TYPES = {"f2": pa.float16(), "f4": pa.float32(), "f8": pa.float64()}
LISTS: dict[str, Callable[[Any], Any]] = {
    "list": pa.list_,
    "large": pa.large_list,
    "fixed": lambda kind: pa.list_(kind, DIM),
}


def parquet(path: Path, rows: Sequence[Any], kind: Any, name: str = "v", group: int = 7) -> Path:
    """Write a Parquet file of one column of lists, ``group`` rows a row group."""
    pq.write_table(pa.table({name: pa.array(rows, kind)}), path, row_group_size=group)
    return path


def vecs(path: Path, rows: Sequence[Sequence[float]], number: str = "f") -> Path:
    """Write rows as dimension and numbers, byte by byte."""
    path.write_bytes(b"".join(struct.pack(f"<i{len(row)}{number}", len(row), *row) for row in rows))
    return path


def check(path: str | Path, rows: Sequence[Sequence[float]], column: str | None = None) -> None:
    """Compare all rows with those divided number by number, forwards, in parts and again."""
    file = open_vectors(path, column)
    assert (file.rows, file.dim) == (len(rows), len(rows[0]))
    wanted = np.stack([unit(row) for row in rows])
    for start, stop in ((0, len(rows)), (0, 3), (3, len(rows)), (5, 6), (2, 4)):
        made = file.units(start, stop, str).vectors
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, wanted[start:stop], rtol=2**-22, atol=1e-30)


@pytest.mark.parametrize("number", TYPES)
@pytest.mark.parametrize("lists", LISTS)
def test_a_parquet_column_of_lists(tmp_path: Path, number: str, lists: str) -> None:
    """Of every kind of list and number, over several row groups and blocks."""
    array = drawn(1100).astype(number)
    kind = LISTS[lists](TYPES[number])
    path = parquet(tmp_path / "v.parquet", list(array), kind, group=300)
    check(path, array.tolist())
    assert open_vectors(path).dtype == array.dtype.name


def test_a_tensor_column(tmp_path: Path) -> None:
    """Arrow's own type for vectors of one length."""
    flat = pa.array(drawn(20).astype("f4").ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, DIM)
    column = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [DIM]), lists)
    pq.write_table(pa.table({"t": column}), tmp_path / "v.parquet")
    check(tmp_path / "v.parquet", drawn(20).astype("f4").tolist())


@pytest.mark.parametrize(
    ("columns", "asked", "chosen"),
    [
        (["v"], None, "v"),
        (["embedding", "other"], None, "embedding"),
        (["embedding", "vector"], None, "vector"),
        (["a", "b"], "b", "b"),
        (["a.b", "vector"], "a.b", "a.b"),
    ],
)
def test_which_column(tmp_path: Path, columns: list[str], asked: str | None, chosen: str) -> None:
    """The one that is asked for, a usual name, or the only one."""
    arrays = {name: drawn(9, seed=i) for i, name in enumerate(columns)}
    table = {name: pa.array(list(rows), pa.list_(pa.float64())) for name, rows in arrays.items()}
    table |= {"text": pa.array(["x"] * 9), "counts": pa.array([[1, 2]] * 9)}
    pq.write_table(pa.table(table), tmp_path / "v.parquet")
    check(tmp_path / "v.parquet", arrays[chosen].tolist(), asked)
    assert open_vectors(tmp_path / "v.parquet", asked).columns == {chosen}


def test_parquet_is_read_in_small_parts(tmp_path: Path) -> None:
    """A fraction of the 20 MB that the vectors take is in Arrow's memory at any time."""
    flat = np.random.default_rng(0).standard_normal(20_000 * 256).astype("f4")
    lists = pa.FixedSizeListArray.from_arrays(pa.array(flat), 256)
    pq.write_table(pa.table({"v": lists}), tmp_path / "v.parquet", row_group_size=20_000)
    del lists
    file, before, most = open_vectors(tmp_path / "v.parquet"), pa.total_allocated_bytes(), 0
    for start in range(0, file.rows, 500):
        file.units(start, start + 500, str)
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 8e6


@pytest.mark.parametrize("kind", ["npy", "fvecs"])
def test_mapped_files_are_let_go(tmp_path: Path, kind: str) -> None:
    """A fraction of the 40 MB of a file is in memory at any time, and going back still works."""
    rows = np.random.default_rng(0).standard_normal((20_000, 512)).astype("<f4")
    path = tmp_path / f"v.{kind}"
    if kind == "npy":
        save(path, rows)
    else:
        counts = np.full((len(rows), 1), 512, "<i4").view("<f4")
        path.write_bytes(np.hstack([counts, rows]).tobytes())
    file, before, most = open_vectors(path), mapped_bytes(), 0
    for start in (*range(0, file.rows, 500), 0):
        last = file.units(start, start + 500, str).vectors
        most = max(most, mapped_bytes() - before)
    assert most < 8e6
    np.testing.assert_array_equal(last, file.units(0, 500, str).vectors)


def mapped_bytes() -> int:
    """Bytes of files in this process's memory."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("RssFile:")[1].split()[0])


def test_fvecs_and_bvecs(tmp_path: Path) -> None:
    """Row by row as they were packed."""
    rows = drawn(1100).astype("f4").tolist()
    check(vecs(tmp_path / "v.fvecs", rows), rows)
    numbers = np.random.default_rng(0).integers(1, 256, (30, 5)).tolist()
    check(vecs(tmp_path / "v.BVECS", numbers, "B"), numbers)
    assert open_vectors(tmp_path / "v.fvecs").dtype == "float32"
    assert open_vectors(tmp_path / "v.BVECS").dtype == "uint8"


def embeddings(path: Path, rows: Sequence[tuple[int, str, object]]) -> Path:
    """Write an embeddings database of llm: collection, id and vector."""
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(LLM)
        db.executemany(
            "insert into embeddings (collection_id, id, embedding, content) values (?, ?, ?, ?)",
            [(collection, id_, vector, f"text of {id_}") for collection, id_, vector in rows],
        )
    return path


def test_a_database_of_llm(tmp_path: Path) -> None:
    """Vectors in the order of the texts, whatever that of the insertions; both of one file."""
    array = drawn(1100).astype("<f4")
    ids = [f"{i:04}" for i in range(1100)]
    rows = [(1 + i // 700, ids[i], array[i].tobytes()) for i in range(1100)]
    path = embeddings(tmp_path / "e.db", rows[::-1])
    check(path, array.tolist())
    file = open_vectors(path)
    assert file.with_records
    import_vectors(file, read_corpus([str(path)], lang="en"), tmp_path / "i", expected=1100)
    found = stored(tmp_path / "i")
    assert sorted(found) == ids
    for id_, row in zip(ids, array.tolist(), strict=True):
        np.testing.assert_allclose(found[id_], unit(row), rtol=2**-22)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ([b"\0\0\x80?" * 2, b"\0\0\x80?"], r"row 1 \(from 0\): 4 bytes are no vector like"),
        ([b"\0\0\x80?" * 2, None], r"row 1 \(from 0\): 0 bytes"),
        ([None, b"\0\0\x80?"], r"row 0 \(from 0\): 0 bytes"),
        ([b"abc", b"abc"], r"row 0 \(from 0\): 3 bytes"),
        ([], "holds no vector"),
    ],
)
def test_what_is_no_vector_of_llm(tmp_path: Path, vectors: list[object], said: str) -> None:
    """The row is named."""
    rows = [(1, f"{i}", vector) for i, vector in enumerate(vectors)]
    with pytest.raises(InputError, match=said) as caught:
        open_vectors(embeddings(tmp_path / "e.db", rows))
    assert caught.value.remedy


def test_several_files_are_one(tmp_path: Path) -> None:
    """In sorted order, formats mixed; a row is named in its own file."""
    rows = drawn(40).astype("f4")
    save(tmp_path / "v-1.npy", rows[:11])
    parquet(tmp_path / "v-2.parquet", list(rows[11:30]), pa.list_(pa.float32()))
    vecs(tmp_path / "v-3.fvecs", rows[30:].tolist())
    check(str(tmp_path / "v-*"), rows.tolist())
    file = open_vectors(str(tmp_path / "v-*"))
    assert file.row(10) == f"{tmp_path / 'v-1.npy'}: row 10 (from 0)"
    assert file.row(11) == f"{tmp_path / 'v-2.parquet'}: row 0 (from 0)"
    assert file.row(39) == f"{tmp_path / 'v-3.fvecs'}: row 9 (from 0)"
    save(tmp_path / "v-4.npy", drawn(3, DIM + 1))
    with pytest.raises(InputError, match=r"v-4\.npy: its vectors have 7 dimensions, those of .* 6"):
        open_vectors(str(tmp_path / "v-*"))


def test_an_import_goes_through_them(tmp_path: Path) -> None:
    """Row *i* is record *i*; queries likewise."""
    rows = drawn(1030).astype("f4")
    path = parquet(tmp_path / "v.parquet", list(rows), pa.list_(pa.float32()), group=200)
    report = import_vectors(path, records(1030), tmp_path / "i", expected=1030)
    assert (report.documents, report.rescaled) == (1030, 1030)
    found = stored(tmp_path / "i")
    for i, row in enumerate(rows.tolist()):
        np.testing.assert_allclose(found[f"d{i}"], unit(row), rtol=2**-22)
    asked = [query(i) for i in range(1030)]
    np.testing.assert_array_equal(
        read_query_vectors(path, asked, DIM), np.stack(list(found.values()))
    )


F4 = pa.list_(pa.float32())
GOOD = drawn(9).tolist()


def replaced(row: int, value: object) -> list[Any]:
    """Nine rows, one of them another."""
    return [*GOOD[:row], value, *GOOD[row + 1 :]]


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "short": (lambda p: parquet(p, replaced(4, [1, 2]), F4), r"row 4 .*2 numbers, the first one 6"),
    "null": (lambda p: parquet(p, replaced(8, None), F4), r"row 8 \(from 0\): its vector is null"),
    "null fixed": (
        lambda p: parquet(p, replaced(8, None), pa.list_(pa.float32(), DIM)),
        r"row 8 \(from 0\): its vector is null",
    ),
    "null number": (lambda p: parquet(p, replaced(3, [None] * 6), F4), r"row 3 .*NaN"),
    "nan": (lambda p: parquet(p, replaced(2, [float("nan")] * 6), F4), r"row 2 .*NaN"),
    "zero": (lambda p: parquet(p, replaced(2, [0] * 6), F4), r"row 2 .*is zero"),
    "first empty": (lambda p: parquet(p, replaced(0, []), F4), "0 numbers, 1 to"),
    "no rows": (lambda p: parquet(p, [], F4), "holds no vector"),
    "whole numbers": (lambda p: parquet(p, [[1]] * 9, pa.list_(pa.int8())), "no column holds"),
    "text": (lambda p: parquet(p, ["x"] * 9, pa.string()), "no column holds"),
    "damaged": (
        lambda p: (p.write_bytes(b"PAR1" + b"x" * 90), p)[1],
        "no Parquet file, or a damaged one",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_vector_in_parquet(tmp_path: Path, case: str) -> None:
    """One line with file, row and remedy."""
    make, said = WRONG[case]
    path = make(tmp_path / "v.parquet")
    with pytest.raises(InputError, match=said) as caught:
        import_vectors(path, records(9), tmp_path / "i")
    assert caught.value.message.startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("v.fvecs", struct.pack("<i2f", 2, 1, 2)[:-1], "cut short"),
        ("v.fvecs", struct.pack("<i2fi2f", 2, 1, 2, 3, 1, 2), r"row 1 \(from 0\).*3 dim.*row 2"),
        ("v.fvecs", struct.pack("<i", 0), "has 0 dimensions"),
        ("v.fvecs", struct.pack("<if", -1, 1), "has -1 dimensions"),
        ("v.fvecs", b"\xff\xff\xff\x7f" + b"x" * 9, "has 2,147,483,647 dimensions"),
        ("v.fvecs", b"xy", "dimensions"),
        ("v.bvecs", struct.pack("<i3B", 3, 0, 0, 0) * 2, "row 0.*is zero"),
        ("v.fvecs", b"", "is empty"),
    ],
)
def test_what_is_no_fvecs(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """One line with the file and a remedy."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        import_vectors(tmp_path / name, records(2), tmp_path / "i")
    assert caught.value.message.startswith(f"{tmp_path / name}: ")
    assert caught.value.remedy


def test_columns_that_cannot_be_meant(tmp_path: Path) -> None:
    """All columns of vectors are named."""
    both = {n: pa.array(GOOD, F4) for n in ("a", "b")} | {"text": pa.array(["x"] * 9)}
    pq.write_table(pa.table(both), tmp_path / "v.parquet")
    for column, said in (
        (None, "which column holds the vectors"),
        ("c", "'c' is not there"),
        ("text", "'text' is no list of numbers"),
    ):
        with pytest.raises(InputError, match=f"{said}.*'a', 'b'") as caught:
            open_vectors(tmp_path / "v.parquet", column)
        assert "--vector-field" in str(caught.value.remedy)
    save(tmp_path / "v.npy", drawn(3))
    with pytest.raises(UsageError, match="has no columns"):
        open_vectors(tmp_path / "v.npy", "a")
    with pytest.raises(UsageError, match="standard input"):
        open_vectors("-")
    with pytest.raises(InputError, match="is a folder"):
        open_vectors(tmp_path)
