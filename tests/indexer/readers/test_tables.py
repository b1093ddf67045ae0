"""Parquet, Arrow and folders saved by datasets."""

import datetime as dt
import json
import math
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import InputError, UsageError
from indexer.fields import Fields
from tests.indexer.readers.conftest import Reading

ROWS = [{"id": str(i), "text": f"t{i}", "lang": "en"} for i in range(700)]


def parquet(path: Path, table: "pa.Table") -> Path:
    """Write Parquet."""
    pq.write_table(table, path)
    return path


def arrow_file(path: Path, table: "pa.Table") -> Path:
    """Write an Arrow file of one batch."""
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    return path


def arrow_stream(path: Path, table: "pa.Table") -> Path:
    """Write an Arrow stream."""
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)
    return path


WRITERS = [(parquet, "c.parquet"), (arrow_file, "c.arrow"), (arrow_stream, "c.ipc")]
Write = Callable[[Path, "pa.Table"], Path]


@pytest.fixture(params=WRITERS, ids=["parquet", "file", "stream"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[["pa.Table"], Path]:
    """Write a table in one of the formats."""
    writer, name = request.param
    return lambda table: writer(tmp_path / name, table)


def test_rows_are_read_in_order_with_their_number(
    write: Callable[["pa.Table"], Path],
) -> None:
    """Also across the batches that are Python objects at one time."""
    path = write(pa.Table.from_pylist(ROWS))
    read = Reading(path)

    assert read.texts == [row["text"] for row in ROWS]
    assert (read.places[0], read.places[-1]) == (f"{path.name}:1", f"{path.name}:700")


def test_the_content_tells_what_the_name_does_not(tmp_path: Path) -> None:
    """Magic bytes are enough."""
    for number, (writer, _) in enumerate(WRITERS):
        path = writer(tmp_path / f"no-suffix-{number}", pa.Table.from_pylist(ROWS[:1]))
        read = Reading(path)
        assert read.texts == ["t0"]
        assert read.notes[0].endswith("as parquet" if writer is parquet else "as arrow")


def test_nested_columns_and_their_types(write: Callable[["pa.Table"], Path]) -> None:
    """Structs, lists, maps and dictionaries are JSON; dates and decimals become strings."""
    day = dt.datetime(2026, 11, 24, 12, 30, tzinfo=dt.UTC)
    columns: dict[str, tuple[object, object, object]] = {
        "text": ("a", pa.string(), None),
        "lang": ("en", pa.dictionary(pa.int8(), pa.string()), None),
        "struct": ({"a": [1, None]}, pa.struct([("a", pa.list_(pa.int64()))]), {"a": [1, None]}),
        "map": ([("k", 1.5)], pa.map_(pa.string(), pa.float64()), {"k": 1.5}),
        "none": (None, pa.null(), None),
        "yes": (True, pa.bool_(), True),
        "small": (7, pa.uint8(), 7),
        "nan": (math.nan, pa.float32(), None),
        "at": (day, pa.timestamp("ms", "UTC"), "2026-11-24 12:30:00.000Z"),
        "date": (day.date(), pa.date32(), "2026-11-24"),
        "price": (Decimal("1.50"), pa.decimal128(9, 2), "1.50"),
        "large": ("x", pa.large_string(), "x"),
    }
    table = pa.table({name: pa.array([value], kind) for name, (value, kind, _) in columns.items()})
    (document,) = Reading(write(table)).documents

    assert document.lang == "en"
    assert document.metadata == {
        name: wanted for name, (_, _, wanted) in columns.items() if name not in {"text", "lang"}
    }
    json.dumps(dict(document.metadata), allow_nan=False)


def test_columns_that_are_no_json_are_left_out_and_said(
    write: Callable[["pa.Table"], Path],
) -> None:
    """Bytes, durations and what holds them."""
    table = pa.table(
        {
            "text": ["a"],
            "lang": ["en"],
            "blob": pa.array([b"\xff"]),
            "took": pa.array([dt.timedelta(1)]),
            "inner": pa.array([[b"x"]]),
        }
    )
    path = write(table)
    read = Reading(path)

    assert read.documents[0].metadata == {}
    assert [note.partition(": ")[2] for note in read.notes[1:]] == [
        "column 'blob' left out: binary is no JSON",
        "column 'took' left out: duration[us] is no JSON",
        "column 'inner' left out: list<item: binary> is no JSON"
        if path.suffix != ".parquet"
        else "column 'inner' left out: list<element: binary> is no JSON",
    ]


def test_rows_that_are_no_records_are_refused(write: Callable[["pa.Table"], Path]) -> None:
    """Each by its number; the others are read."""
    table = pa.table(
        {
            "text": ["a", None, " ", "b\0", "c", "d", "e"],
            "lang": ["en", "en", "en", "en", "xx", "en", "en"],
            "x": pa.array([0.0, 0, 0, 0, 0, math.inf, 0]),
            "n": pa.array([0, 0, 0, 0, 0, 0, 2**63], pa.uint64()),
        }
    )
    path = write(table)
    read = Reading(path)

    assert read.texts == ["a"]
    assert read.refused == {
        f"{path.name}:2": "field 'text' is null, not a string",
        f"{path.name}:3": "field 'text' is blank",
        f"{path.name}:4": "holds a NUL character (\\u0000)",
        f"{path.name}:5": "unknown language tag 'xx'",
        f"{path.name}:6": "inf is no JSON number",
        f"{path.name}:7": "an integer beyond signed 64 bits",
    }


def test_text_that_is_not_utf8_is_refused_by_its_row(
    write: Callable[["pa.Table"], Path],
) -> None:
    """Arrow takes bytes for text on trust; we look."""
    raw = pa.array([b"a", b"\xff", b"b"])
    text = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    path = write(pa.table({"text": text, "lang": ["en"] * 3}))
    read = Reading(path)

    assert read.texts == ["a", "b"]
    assert list(read.refused) == [f"{path.name}:2"]


def test_a_table_without_the_text_names_its_columns(
    write: Callable[["pa.Table"], Path],
) -> None:
    """A missing, doubled or binary text column ends the run at once; a renamed one is read."""
    path = write(pa.table({"sentence": ["a"], "lang": ["en"]}))
    with pytest.raises(InputError, match="no column 'text'; the columns are 'sentence', 'lang'"):
        Reading(path)
    assert Reading(path, fields=Fields(text="sentence")).texts == ["a"]

    write(pa.table({"text": pa.array([b"a"])}))
    with pytest.raises(InputError, match="column 'text' is binary"):
        Reading(path)
    write(pa.table([["a"], ["b"]], names=["text", "text"]))
    with pytest.raises(InputError, match="column 'text' comes twice"):
        Reading(path)
    write(pa.table({"text": pa.array([], pa.string())}))
    with pytest.raises(InputError, match="holds no record"):
        Reading(path)


def test_arrow_offsets_are_not_trusted(tmp_path: Path) -> None:
    """Offsets beyond the text, which would read other memory, refuse the rows."""
    offsets = b"".join(n.to_bytes(4, "little") for n in (0, 1, 2**31 - 1, 3))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"abc")]
    bad = pa.Array.from_buffers(pa.string(), 3, buffers)
    path = arrow_file(tmp_path / "c.arrow", pa.table({"text": bad, "lang": ["en"] * 3}))
    read = Reading(path)

    assert read.texts == ["a"]
    assert list(read.refused) == ["c.arrow:2", "c.arrow:3"]


def test_a_cut_file_is_damaged(write: Callable[["pa.Table"], Path]) -> None:
    """Wherever it is cut, it is an error with its name, or the rows before the cut."""
    path = write(pa.Table.from_pylist(ROWS))
    whole = path.read_bytes()
    for share in (0.01, 0.3, 0.6, 0.95, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError, match=f"{path.name}: ") as caught:
            Reading(path)
        assert caught.value.remedy
        assert str(caught.value).isprintable()


def test_a_parquet_bomb_is_refused(tmp_path: Path) -> None:
    """A text of one letter, compressed: hundreds of megabytes in a file of kilobytes."""
    text = "a" * (1 << 20)
    table = pa.table({"text": [text] * 200})
    path = tmp_path / "c.parquet"
    pq.write_table(table, path, compression="zstd", use_dictionary=False)

    assert path.stat().st_size < 200_000
    with pytest.raises(InputError, match="swells beyond 100 to 1"):
        Reading(path)


def test_tables_need_a_file(tmp_path: Path) -> None:
    """A packed table, and one on a pipe, are refused with what to do."""
    import gzip

    plain = parquet(tmp_path / "c.parquet", pa.Table.from_pylist(ROWS))
    packed = tmp_path / "c.parquet.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    with pytest.raises(InputError, match="Parquet cannot be read packed"):
        Reading(packed)

    program = "from indexer.corpus import read_corpus\nlist(read_corpus(['-']))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=plain.read_bytes(),
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert b"InputError: stdin: Parquet cannot be read from a pipe" in done.stderr


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else needs it."""
    path = parquet(tmp_path / "c.parquet", pa.Table.from_pylist(ROWS))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"needs the package pyarrow .*interlingua\[parquet\]"):
        Reading(path)


def saved(folder: Path, rows: list[dict[str, str]], **state: object) -> Path:
    """Write a folder as ``Dataset.save_to_disk`` does."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "data-00000-of-00001.arrow"
    arrow_stream(folder / name, pa.Table.from_pylist(rows))
    (folder / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": name}], "_indices_data_files": None, **state})
    )
    return folder


def test_a_saved_dataset_is_read(tmp_path: Path) -> None:
    """One split, told by its content, with the place of each row."""
    read = Reading(saved(tmp_path / "d", ROWS[:2]))

    assert read.texts == ["t0", "t1"]
    assert read.places == ["data-00000-of-00001.arrow:1", "data-00000-of-00001.arrow:2"]
    assert read.notes == [f"reading {tmp_path}/d as datasets"]


STATES: dict[str, tuple[object, str]] = {
    "no JSON": ("{", "is no JSON"),
    "deep": ("[" * 100_000, "is no JSON"),
    "array": ([], "is no JSON object"),
    "no files": ({}, "does not name the files beside it"),
    "elsewhere": ({"_data_files": [{"filename": "../x"}]}, "does not name the files"),
    "absolute": ({"_data_files": [{"filename": "/etc/passwd"}]}, "does not name the files"),
    "NUL": ({"_data_files": [{"filename": "a\0"}]}, "does not name the files"),
    "a number": ({"_data_files": [{"filename": 5}]}, "does not name the files"),
    "gone": ({"_data_files": [{"filename": "gone.arrow"}]}, "no Arrow file, or a damaged one"),
    "index": (
        {"_data_files": [{"filename": "x"}], "_indices_data_files": ["i"]},
        "rows are chosen by an index",
    ),
}


@pytest.mark.parametrize(("state", "reason"), STATES.values(), ids=list(STATES))
def test_a_broken_dataset_is_refused(tmp_path: Path, state: object, reason: str) -> None:
    """Its own files are named; nothing outside the folder is read."""
    folder = saved(tmp_path / "d", ROWS[:1])
    (folder / "state.json").write_text(state if isinstance(state, str) else json.dumps(state))

    with pytest.raises(InputError, match=reason) as caught:
        Reading(folder)
    assert str(tmp_path) in caught.value.message


def test_another_folder_is_no_corpus(tmp_path: Path) -> None:
    """A directory that datasets did not save is refused, also when it is asked for as one."""
    for format_ in (None, "datasets"):
        with pytest.raises(InputError, match="is a directory, not a file"):
            Reading(tmp_path, format=format_)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every example overwrites."""
    return tmp_path_factory.mktemp("fuzz")


@settings(max_examples=150)
@given(
    kind=st.sampled_from(WRITERS),
    at=st.floats(0, 1, exclude_max=True),
    byte=st.integers(1, 255),
)
def test_a_flipped_byte_is_read_or_refused(
    scratch: Path, kind: tuple[Write, str], at: float, byte: int
) -> None:
    """Whatever byte changes, it is rows or an InputError, never another exception or a crash."""
    writer, name = kind
    path = writer(scratch / name, pa.Table.from_pylist(ROWS[:20]))
    data = bytearray(path.read_bytes())
    data[int(at * len(data))] ^= byte
    path.write_bytes(data)
    try:
        Reading(path)
    except InputError as error:
        assert str(error).isprintable()  # noqa: PT017
