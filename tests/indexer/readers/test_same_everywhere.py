"""The same records, whatever they are written in."""

import csv
import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.corpus import read_corpus
from indexer.records import Document

Row = dict[str, str]

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(LETTERS, min_size=1, max_size=30).filter(str.strip)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)
ROWS = st.fixed_dictionaries(
    {
        "id": NAMES,
        "text": TEXTS,
        "lang": st.sampled_from(["de", "zh", "he", "und", "x-mine"]),
        "group": st.just("") | NAMES,
        "topic": st.text(LETTERS, max_size=20),
    }
)


def to_jsonl(rows: list[Row], path: Path) -> Path:
    """Write JSON Lines."""
    path = path / "c.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def to_gzip(rows: list[Row], path: Path) -> Path:
    """Write JSON Lines in gzip."""
    plain = to_jsonl(rows, path)
    packed = path / "c.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    return packed


def to_csv(rows: list[Row], path: Path) -> Path:
    """Write CSV as Python does."""
    path = path / "c.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def to_zstd(rows: list[Row], path: Path) -> Path:
    """Write CSV in Zstandard, in two frames."""
    plain = to_csv(rows, path).read_bytes()
    packed = path / "c.csv.zst"
    frames = (plain[: len(plain) // 2], plain[len(plain) // 2 :])
    packed.write_bytes(b"".join(zstandard.compress(frame) for frame in frames))
    return packed


def to_tsv(rows: list[Row], path: Path) -> Path:
    """Write tabs, quotes around all, a byte order mark and Unix line ends."""
    path = path / "c.tsv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(
            file, list(rows[0]), delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
    return path


def to_parquet(rows: list[Row], path: Path) -> Path:
    """Write Parquet."""
    path = path / "c.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    return path


def to_arrow(rows: list[Row], path: Path) -> Path:
    """Write an Arrow file, the language a dictionary."""
    path, table = path / "c.arrow", pa.Table.from_pylist(rows)
    at = table.schema.get_field_index("lang")
    table = table.set_column(at, "lang", table["lang"].dictionary_encode())
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return path


def to_datasets(rows: list[Row], path: Path) -> Path:
    """Write what ``DatasetDict.save_to_disk`` writes, as far as it is read."""
    path, table = path / "saved", pa.Table.from_pylist(rows)
    for split, part in (("train", table.slice(0, 1)), ("test", table.slice(1))):
        (path / split).mkdir(parents=True, exist_ok=True)
        name = "data-00000-of-00001.arrow"
        with pa.ipc.new_stream(path / split / name, part.schema) as writer:
            writer.write_table(part)
        state = {"_data_files": [{"filename": name}], "_split": split}
        (path / split / "state.json").write_text(json.dumps(state))
    (path / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return path


def to_llm(rows: list[Row], path: Path) -> Path:
    """Write the tables of llm, the other fields as metadata."""
    path = path / "c.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table collections (id integer primary key, name text, model text)")
        db.execute(
            "create table embeddings (collection_id integer, id text, embedding blob,"
            " content text, content_blob blob, content_hash blob, metadata text,"
            " updated integer, primary key (collection_id, id))"
        )
        db.execute("insert into collections values (1, 'all', 'm')")
        for row in rows:
            others = json.dumps({k: v for k, v in row.items() if k not in {"id", "text"}})
            db.execute(
                "insert into embeddings (collection_id, id, content, metadata) values (1, ?, ?, ?)",
                (row["id"], row["text"], others),
            )
    return path


WRITERS: list[Callable[[list[Row], Path], Path]] = [
    to_jsonl,
    to_gzip,
    to_csv,
    to_zstd,
    to_tsv,
    to_parquet,
    to_arrow,
    to_datasets,
    to_llm,
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every example overwrites."""
    return tmp_path_factory.mktemp("same")


@pytest.mark.parametrize("write", WRITERS)
@settings(max_examples=50)
@given(rows=st.lists(ROWS, min_size=1, max_size=5, unique_by=lambda row: row["id"]))
def test_the_same_records_are_the_same_documents(
    scratch: Path, write: Callable[[list[Row], Path], Path], rows: list[Row]
) -> None:
    """Any text in any format is read as the document that it is, whatever it is written in."""
    extra = {"collection": "all"} if write is to_llm else {}
    expected = [
        Document(
            id=row["id"],
            text=row["text"],
            lang=row["lang"],
            group=row["group"] or None,
            metadata={"topic": row["topic"], **extra},
        )
        for row in rows
    ]
    read = [record.document for record in read_corpus([str(write(rows, scratch))])]

    if write is to_llm:  # which is read in the order of its key
        expected.sort(key=lambda document: document.id.encode())
    assert read == expected


@pytest.mark.parametrize("write", WRITERS)
def test_hashes_and_languages_do_not_depend_on_the_format(
    tmp_path: Path, write: Callable[[list[Row], Path], Path]
) -> None:
    """A record without id or language gets the same of both, and --lang counts as a label."""
    rows = [{"id": "", "text": "Hund", "lang": "de"}, {"id": "", "text": "Kuh", "lang": ""}]
    if write is to_llm:
        rows = [{**row, "id": str(at)} for at, row in enumerate(rows)]
    read = [r.document for r in read_corpus([str(write(rows, tmp_path))], lang="nds")]
    labelled = [{"text": "Hund", "lang": "de"}, {"text": "Kuh", "lang": "nds"}]
    (tmp_path / "l.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labelled))
    expected = [r.document for r in read_corpus([str(tmp_path / "l.jsonl")])]

    assert [d.lang for d in read] == ["de", "nds"]
    assert {d.lang_source for d in read} == {"given"}
    if write is not to_llm:
        assert [d.id for d in read] == [d.id for d in expected]
