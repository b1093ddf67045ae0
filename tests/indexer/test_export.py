"""What is exported and built again is the same; memory does not grow with the index."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.build import build
from indexer.corpus import read_corpus
from indexer.debiasing import Debiasing
from indexer.encoders import EncoderSpec
from indexer.errors import CorruptError, InputError, UsageError
from indexer.exports.export import Format, export
from indexer.exports.jsonl import shortest
from indexer.fields import Fields
from indexer.index import IndexReader, IndexWriter
from indexer.records import Condition, Document, EncodedDocument, Filter
from indexer.staging import new_file
from indexer.transforms import Statistics, fit_transform
from tests.indexer.reference import SETTINGS, embed, encoded, random_units
from tests.indexer.reference import build as build_encoded

HASHING = EncoderSpec("hashing:8")
FORMATS: tuple[Format, ...] = ("jsonl", "parquet")
NASTY = [
    Document("plain", "A cat leapt off the roof.", "en", "1", {"topic": "animals", "year": 1999}),
    Document("none", "Ohne alles.", "de"),
    Document("found", "Une phrase.", "fr", "1", {"year": 2005.5}, "detected", 0.99609375),
    Document("unsure", "zzz", "und", None, {}, "detected", 0.1),
    Document("bare", "zz", "und", None, {}, "detected", None),
    Document(
        "007", "Zeile\u2028eins\nzwei\ttab \"q\" \\ 'x' \U0001f600 שלום", "he", "01", {"t": ""}
    ),
    Document("mixed", "a", "zh", "g g", {"topic": 1, "flag": True, "big": 2**63 - 1}),
    Document("nested", "b", "en", None, {"topic": None, "a": {"b": [1, {"c": None}]}, "l": []}),
    Document("numbers", "c", "en", None, {"x": 1.0, "y": -0.0, "big": 1, "flag": False}),
    Document("names", "d", "en", None, {"": "empty", "a.b": 1, "ключ": "x", "lang_source": "hand"}),
    Document("y", "e", "en", None, {"y": 1e22, "z": 2**53 + 1, "lone": 1, "lang_probability": 2}),
]


def written(path: Path, format_: Format, **options: Any) -> bytes:
    """Export to memory."""
    file = io.BytesIO()
    export(path, file, format=format_, **options)
    return file.getvalue()


def rebuilt(content: bytes, folder: Path, format_: Format, fields: Fields | None = None) -> Any:
    """Build an index of what was exported; return its documents in their order."""
    source, path = folder / f"out.{format_}", folder / "again"
    source.write_bytes(content)
    build(read_corpus([str(source)], fields=fields or Fields()), path, encoder=HASHING)
    with IndexReader.open(path) as reader:
        return list(reader.documents())


def same(one: list[Document], other: list[Document]) -> None:
    """Compare documents, with the types of their numbers, which are equal to Python."""
    assert one == other
    texts = [[json.dumps(d.metadata, sort_keys=True) for d in each] for each in (one, other)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_build_of_an_export_is_the_same(tmp_path: Path, format_: Format) -> None:
    """Ids, texts, languages and how they are known, groups, and metadata of any kind."""
    documents = NASTY if format_ == "jsonl" else [d for d in NASTY if d.id not in {"names", "y"}]
    build(documents, tmp_path / "i", encoder=HASHING)
    content = written(tmp_path / "i", format_)
    same(rebuilt(content, tmp_path, format_), documents)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["", "a", "1", "null"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=3,
)  # fmt: skip
METADATA = st.dictionaries(st.sampled_from(["k", "l", "m"]), JSON, max_size=3)


@settings(max_examples=40)
@given(metadata=st.lists(METADATA, min_size=1, max_size=5))
@pytest.mark.parametrize("format_", FORMATS)
def test_metadata_of_any_kind_comes_back(
    format_: Format, metadata: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in one column with whatever else."""
    folder = tmp_path_factory.mktemp("kinds")
    documents = [Document(str(n), "t", "en", None, m) for n, m in enumerate(metadata)]
    build_encoded(folder / "i", [encoded(d.id, "t", metadata=d.metadata) for d in documents])
    source = folder / f"c.{format_}"
    source.write_bytes(written(folder / "i", format_))
    same([r.document for r in read_corpus([str(source)])], documents)


def test_parquet_has_plain_columns(tmp_path: Path) -> None:
    """Other programs see types, not JSON, wherever a field has one type."""
    build(NASTY[:4], tmp_path / "i", encoder=HASHING)
    table = pq.read_table(io.BytesIO(written(tmp_path / "i", "parquet", vectors="raw")))
    types = {field.name: field.type for field in table.schema}
    assert types == {
        "id": pa.string(), "text": pa.string(), "lang": pa.string(), "lang_source": pa.string(),
        "lang_probability": pa.float64(), "group": pa.string(), "topic": pa.string(),
        "year": pa.float64(), "vector": pa.list_(pa.float32(), 8),
    }  # fmt: skip
    assert table["year"].to_pylist() == [1999, None, 2005.5, None]
    assert table["group"].to_pylist() == ["1", None, "1", None]
    vectors = np.array(table["vector"].to_pylist(), np.float32)
    with IndexReader.open(tmp_path / "i") as reader:
        assert np.array_equal(vectors, reader.vectors([d.id for d in NASTY[:4]]))


def test_jsonl_is_read_line_by_line(tmp_path: Path) -> None:
    """One object a line; a label that was given says nothing more, one that was found does."""
    build(NASTY[:3], tmp_path / "i", encoder=HASHING)
    lines = written(tmp_path / "i", "jsonl", vectors="raw").decode().split("\n")
    first, second, third, last = lines
    assert last == ""
    vector = json.loads(first).pop("vector")
    with IndexReader.open(tmp_path / "i") as reader:
        assert np.array_equal(np.array(vector, np.float32), reader.vectors(["plain"])[0])
    assert json.loads(second).keys() == {"id", "text", "lang", "vector"}
    assert json.loads(third)["lang_source"] == "detected"
    assert json.loads(third)["lang_probability"] == 0.99609375


@given(bits=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_few_digits_tell_a_float32(bits: list[int]) -> None:
    """Read as a double and rounded, every number is the one that was written."""
    numbers = np.array(bits, np.uint32).view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    text = json.dumps(shortest(numbers))
    assert np.array(json.loads(text), np.float32).tobytes() == numbers.tobytes()


@pytest.mark.parametrize("format_", FORMATS)
def test_searched_vectors_are_those_after_the_transform(tmp_path: Path, format_: Format) -> None:
    """As the FAISS files hold them; raw ones are what was encoded."""
    batch = [encoded(f"d{n}", lang=("de", "en")[n % 2]) for n in range(30)]
    path = build_encoded(tmp_path / "i", batch)
    statistics = Statistics(8)
    with IndexReader.open(path) as reader:
        for page in reader.pages():
            statistics.add(page.vectors, page.languages, page.groups)
    with IndexWriter.open(path) as writer:
        writer.debias(Debiasing("centring", fit_transform("centring", statistics)))
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        searched = state.searched_vectors(state.allowed())
        raw = state.vectors([e.document.id for e in batch])
    which: Literal["raw", "searched"]
    for which, expected in (("raw", raw), ("searched", searched)):
        content = written(path, format_, vectors=which)
        if format_ == "jsonl":
            found = [json.loads(line)["vector"] for line in content.splitlines()]
        else:
            found = pq.read_table(io.BytesIO(content))["vector"].to_pylist()
        assert np.array_equal(np.array(found, np.float32), expected)
    assert not np.allclose(raw, searched)


def test_a_filter_is_heeded_and_fields_are_renamed(tmp_path: Path) -> None:
    """Part of an index, in the names of the corpus it came from."""
    build(NASTY, tmp_path / "i", encoder=HASHING)
    allowed = Filter(frozenset({"en", "fr"}), (Condition("year", "0", ">"),))
    fields = Fields("nr", "sentence", "language", "meaning")
    file = io.BytesIO()
    report = export(tmp_path / "i", file, allowed=allowed, fields=fields)
    assert (report.documents, report.languages) == (2, {"en": 1, "fr": 1})
    first = json.loads(file.getvalue().splitlines()[0])
    assert first == {
        "nr": "plain", "sentence": "A cat leapt off the roof.", "language": "en",
        "meaning": "1", "topic": "animals", "year": 1999,
    }  # fmt: skip
    same(rebuilt(file.getvalue(), tmp_path, "jsonl", fields), [NASTY[0], NASTY[2]])


@pytest.mark.parametrize("format_", FORMATS)
def test_a_name_that_is_taken_is_refused(tmp_path: Path, format_: Format) -> None:
    """A field of metadata would overwrite one of ours: the remedy is to call ours otherwise."""
    path = build_encoded(tmp_path / "i", [encoded("a", metadata={"text": "x", "vector": 1})])
    with pytest.raises(InputError, match=r"'a'.*'text'") as refused:
        written(path, format_)
    assert "--text-field" in str(refused.value.remedy)
    fields = Fields(text="body")
    with pytest.raises(InputError, match="'vector'"):
        written(path, format_, fields=fields, vectors="raw")
    assert written(path, format_, fields=fields)


def test_more_columns_than_a_table_has(tmp_path: Path) -> None:
    """Fields without end are for JSONL."""
    many = [encoded(str(n), metadata={f"{n}-{i}": i for i in range(100)}) for n in range(11)]
    path = build_encoded(tmp_path / "i", many)
    with pytest.raises(InputError, match="JSONL"):
        written(path, "parquet")
    assert written(path, "jsonl").count(b"\n") == 11


@pytest.mark.parametrize("format_", FORMATS)
def test_an_index_without_documents(tmp_path: Path, format_: Format) -> None:
    """Nothing is exported, and that is a file."""
    path = build_encoded(tmp_path / "i", [encoded("a")])
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
    content = written(path, format_)
    if format_ == "jsonl":
        assert content == b""
    else:
        assert pq.read_table(io.BytesIO(content)).num_rows == 0


def test_what_is_exported_is_one_state(tmp_path: Path) -> None:
    """What is committed meanwhile is not in it."""
    path = build_encoded(tmp_path / "i", [encoded(str(n)) for n in range(600)])
    file = io.BytesIO()

    def change(done: int) -> None:
        with IndexWriter.open(path) as writer:
            writer.add([encoded(f"new{done}")])
            writer.delete([str(n) for n in range(300, 600)])

    assert export(path, file, progress=change).documents == 600
    assert [json.loads(line)["id"] for line in file.getvalue().splitlines()] == [
        str(n) for n in range(600)
    ]


def test_damage_is_named_and_no_file_appears(tmp_path: Path) -> None:
    """A document that is not what was written stops the export."""
    path = build_encoded(tmp_path / "i", [encoded("a"), encoded("b")])
    with IndexWriter.open(path) as writer, writer.store.transaction() as conn:
        conn.execute("UPDATE documents SET text = 'x' WHERE id = 'b'")
    target = tmp_path / "out.jsonl"
    with pytest.raises(CorruptError, match="'b'"), new_file(target) as file:
        export(path, file)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["i"]
    with pytest.raises(UsageError, match="no index"):
        written(tmp_path / "none", "jsonl")


def test_files_appear_whole_and_overwrite_when_told(tmp_path: Path) -> None:
    """What stands there stays until the new one is complete."""
    target = tmp_path / "out"
    target.write_text("old")
    with pytest.raises(UsageError, match="--overwrite"), new_file(target):
        pass
    with pytest.raises(ZeroDivisionError), new_file(target, overwrite=True) as file:
        file.write(b"half" * (1 // 0))
    assert target.read_text() == "old"
    with new_file(target, overwrite=True) as file:
        file.write(b"new")
    assert target.read_text() == "new"
    for wrong in (tmp_path, tmp_path / "no" / "folder"):
        with pytest.raises(UsageError), new_file(wrong, overwrite=True):
            pass
    assert [f.name for f in tmp_path.iterdir()] == ["out"]


MEASURE = """
import sys
from pathlib import Path
import numpy, pyarrow, pyarrow.parquet
from indexer.exports.export import export
def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
before = peak()
with open(sys.argv[2], "wb") as file:
    report = export(sys.argv[1], file, format=sys.argv[3], vectors="raw")
print(report.documents, peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
def test_memory_does_not_grow_with_the_index(tmp_path: Path, format_: Format) -> None:
    """100 MB of text take the memory of a row group or two, and no more."""
    path, vectors = tmp_path / "i", random_units(40_000)
    with IndexWriter.create(path, replace(SETTINGS, lexical=False)) as writer:
        for start in range(0, 40_000, 2000):
            batch = [
                EncodedDocument(Document(str(n), f"{n} " + "wort " * 500), vectors[n], 1, 0)
                for n in range(start, start + 2000)
            ]
            writer.add(batch, cursor=start + 2000)
        writer.finish()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "out"), format_],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    documents, grown = map(int, done.stdout.split())
    assert documents == 40_000
    assert grown < 120 * 1024


def test_vectors_of_an_export_can_be_searched_by_hand(tmp_path: Path) -> None:
    """The best inner product among exported vectors is the first hit."""
    path = build_encoded(tmp_path / "i", [encoded(f"d{n}") for n in range(50)])
    rows = [json.loads(line) for line in written(path, "jsonl", vectors="searched").splitlines()]
    scores = np.array([row["vector"] for row in rows]) @ embed("d7")
    with IndexReader.open(path) as reader:
        hit = reader.search(embed("d7")[None], 1)[0][0]
    assert scores.max() == pytest.approx(hit.score, abs=1e-6)
