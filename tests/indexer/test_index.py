"""What the writer promises: whole batches or nothing, and refusals that say why."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.encoders.protocol import EncoderSpec, open_encoder
from indexer.errors import DuplicateError, IncompatibleError, InputError, UsageError
from indexer.index import IndexReader, IndexSettings, IndexWriter, content_hash, index_state
from indexer.migrations import FORMAT
from indexer.records import Condition, Document, EncodedDocument, Filter
from tests.indexer.reference import DIM, SETTINGS, build, dump, embed, encoded, faiss_files


def with_vector(id_: str, vector: list[float]) -> EncodedDocument:
    """Make a document with a vector of our own."""
    return EncodedDocument(Document(id_, "text"), np.array(vector, dtype=np.float32), 1, 0)


def unit(**changes: float) -> list[float]:
    """Make the first unit vector with some coordinates changed: ``_0=float("nan")``."""
    vector = [1.0] + [0.0] * (DIM - 1)
    for name, value in changes.items():
        vector[int(name[1:])] = value
    return vector


def test_documents_come_back_as_they_went_in(tmp_path: Path) -> None:
    """Every field of a document survives, in every script."""
    document = Document(
        id="עברית/1",
        text="שלום\u200f עולם 👩‍👩‍👧 e\u0301",
        lang="he",
        group="g",
        metadata={"ключ": [1, None, {"x": "y"}], 'a"b': 1.5, "": "empty"},
        lang_source="detected",
        lang_probability=0.1 + 0.2,
    )
    vector = embed("x")
    build(tmp_path / "i", [EncodedDocument(document, vector, 7, 2)])

    with IndexReader.open(tmp_path / "i") as reader:
        assert reader.document("עברית/1") == document
        assert list(reader.documents()) == [document]
        assert reader.vectors(["עברית/1"]).tobytes() == vector.tobytes()
        assert reader.search(vector[None], 1)[0][0].document == document
        assert reader.document("absent") is None


def test_info_describes_everything(tmp_path: Path) -> None:
    """Truncation, groups, languages and files are counted."""
    path = build(
        tmp_path / "i",
        [
            encoded("a", lang="de", group="1", dropped=5),
            encoded("b", lang="de", group="1", dropped=2),
            encoded("c", lang="en", group="2"),
        ],
    )
    with IndexWriter.open(path) as writer:
        writer.add([encoded("d", lang="sw", dropped=1)])
        writer.delete(["a"])
    with IndexReader.open(path) as reader:
        info = reader.info()

    assert (info.documents, info.deleted, info.tail, info.files) == (3, 1, 1, 1)
    assert info.languages == {"de": 1, "en": 1, "sw": 1}
    assert info.language_sources == {"given": 3}
    assert info.truncated == {"de": (1, 2), "sw": (1, 1)}
    assert info.groups == 2
    assert info.bytes == faiss_files(path)[0].stat().st_size
    assert (info.state, info.role, info.dim, info.format) == ("ready", "passage", DIM, FORMAT)
    assert (info.encoder, info.fingerprint) == (SETTINGS.encoder_name, SETTINGS.fingerprint)


def test_settings_survive(tmp_path: Path) -> None:
    """What an index is fixed to is read back by reader and writer."""
    path = build(tmp_path / "i", [encoded("a")])
    with IndexReader.open(path) as reader:
        assert reader.settings == SETTINGS
    with IndexWriter.open(path) as writer:
        assert writer.settings == SETTINGS


def test_another_encoder_is_refused_and_told_apart() -> None:
    """The message names the parts that differ."""
    encoder = open_encoder(EncoderSpec(name="hashing:16"))
    ours = IndexSettings.of(open_encoder(EncoderSpec(name="hashing:8")), EncoderSpec(), "query")

    with pytest.raises(IncompatibleError, match=r"hashing:8, not by hashing:16: dim 8 is 16"):
        ours.check(encoder)
    IndexSettings.of(encoder, EncoderSpec(), "query").check(encoder)
    other = replace(IndexSettings.of(encoder, EncoderSpec(), "query"), arithmetic="cuda bfloat16")
    other.check(encoder)


@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (with_vector("bad", unit(_3=float("nan"))), "NaN or infinity"),
        (with_vector("bad", unit(_3=float("inf"))), "NaN or infinity"),
        (with_vector("bad", unit(_0=0.0)), "is zero"),
        (with_vector("bad", unit(_0=1.01)), "not of unit length"),
        (with_vector("bad", unit()[:-1]), r"shape \(7,\), the index has dimension 8"),
        (encoded("bad", metadata={"x": float("nan")}), "metadata is not JSON"),
        (encoded("bad", metadata={"x": object()}), "metadata is not JSON"),
        (encoded("bad", metadata={"x": "\ud800"}), "lone surrogate"),
        (replace(encoded("bad"), document=Document("bad", "a\udfffb")), "text holds a lone surr"),
        (replace(encoded("bad"), document=Document("bad", "")), "text is empty"),
        (replace(encoded("bad"), document=Document("bad", "a\0")), "NUL"),
        (replace(encoded("bad"), document=Document("bad" * 200, "a")), "600 bytes"),
        (replace(encoded("bad"), document=Document("bad", "x" * (1 << 20) + "y")), "1,048,577"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(
    tmp_path: Path, bad: EncodedDocument, message: str, replacing: bool
) -> None:
    """One bad document refuses its batch, and nothing of the batch is written."""
    path = build(tmp_path / "i", [encoded("a")])
    before = dump(path)
    with IndexWriter.open(path) as writer, pytest.raises(InputError, match=message) as caught:
        writer.add([encoded("b"), bad, encoded("c")], replace=replacing)

    assert "'bad" in caught.value.message
    assert caught.value.remedy
    assert dump(path) == before


def test_an_empty_id_is_refused(tmp_path: Path) -> None:
    """A document needs a name."""
    path = build(tmp_path / "i", [encoded("a")])
    nameless = replace(encoded("b"), document=Document("", "text"))
    with IndexWriter.open(path) as writer, pytest.raises(InputError, match="id is empty"):
        writer.add([nameless])


def test_duplicates_refuse_their_batch(tmp_path: Path) -> None:
    """Ids that are there and ids that come twice are both named, each once."""
    path = build(tmp_path / "i", [encoded("a"), encoded("b")])
    before = dump(path)
    batch = [encoded("n"), encoded("b"), encoded("c"), encoded("c"), encoded("c", "other")]
    with IndexWriter.open(path) as writer, pytest.raises(DuplicateError) as caught:
        writer.add(batch)

    assert caught.value.ids == ["b", "c"]
    assert dump(path) == before


def test_the_same_text_under_two_ids_is_two_documents(tmp_path: Path) -> None:
    """Nothing is merged by content."""
    path = build(tmp_path / "i", [encoded("a", "same"), encoded("b", "same")])
    with IndexReader.open(path) as reader:
        hits = reader.search(embed("same")[None], 5)[0]
        with reader.snapshot() as state:
            assert state.ids(text="same") == ["a", "b"]
    assert [h.document.id for h in hits] == ["a", "b"]
    assert hits[0].score == hits[1].score == pytest.approx(1)


def test_a_build_moves_its_cursor_with_its_documents(tmp_path: Path) -> None:
    """State and cursor are those of the last committed batch, also of an empty one."""
    path = tmp_path / "i"
    assert index_state(path) is None
    with IndexWriter.create(path, SETTINGS) as writer:
        assert (writer.state, writer.cursor) == ("building", 0)
        writer.add([encoded("a"), encoded("b")], cursor=3)
        writer.add([], cursor=5)
    assert index_state(path) == "building"
    with IndexWriter.open(path) as writer:
        assert (writer.state, writer.cursor) == ("building", 5)
        assert writer.contents.hashes(["b", "x"]) == {"b": content_hash(encoded("b").document)}
        with pytest.raises(UsageError, match="cursor 4 lies before 5"):
            writer.add([], cursor=4)
        writer.finish()
        writer.finish()
        assert writer.state == "ready"
        with pytest.raises(UsageError, match="finished"):
            writer.add([encoded("c")], cursor=6)
    assert index_state(path) == "ready"


def test_an_unfinished_build_takes_no_other_change(tmp_path: Path) -> None:
    """Additions and deletions wait until the build is finished; the remedy says so."""
    with IndexWriter.create(tmp_path / "i", SETTINGS) as writer:
        writer.add([encoded("a")], cursor=1)
        with pytest.raises(UsageError, match="interlingua build"):
            writer.add([encoded("b")])
        with pytest.raises(UsageError, match="interlingua build"):
            writer.delete(["a"])
    assert set(dump(tmp_path / "i")) == {"a"}


def test_a_build_is_readable_before_it_is_finished(tmp_path: Path) -> None:
    """Whatever is committed is found."""
    path = tmp_path / "i"
    with IndexWriter.create(path, SETTINGS) as writer, IndexReader.open(path) as reader:
        assert reader.search(embed("x")[None], 3) == [[]]
        writer.add([encoded("a")], cursor=1)
        assert len(reader.search(embed("x")[None], 3)[0]) == 1
        assert reader.info().state == "building"


def test_sealing_waits_for_a_full_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written when they are worth it, split when they would be too large."""
    monkeypatch.setattr("indexer.writer.SEAL_AT", 5)
    monkeypatch.setattr("indexer.sealing.ROWS_A_FILE", 4)
    path = build(tmp_path / "i", [encoded(f"d{n}") for n in range(4)])
    with IndexWriter.open(path) as writer:
        writer.add([encoded(f"e{n}") for n in range(4)])
        writer.seal()
        assert len(faiss_files(path)) == 1
        writer.add([encoded(f"f{n}") for n in range(2)])
        writer.seal()
        assert len(faiss_files(path)) == 3
    with IndexReader.open(path) as reader:
        assert reader.info().tail == 0
        assert len(reader.search(embed("x")[None], 99)[0]) == 10


@pytest.mark.parametrize("open_", [IndexReader.open, IndexWriter.open])
def test_a_missing_index_names_build(tmp_path: Path, open_: object) -> None:
    """Opening nothing says how to make something."""
    assert callable(open_)
    with pytest.raises(UsageError, match="interlingua build"):
        open_(tmp_path / "nothing")


def test_a_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    """An index never mixes with what is there already, and leaves it alone."""
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        IndexWriter.create(tmp_path, SETTINGS)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(UsageError, match="is a file"):
        IndexWriter.create(tmp_path / "thesis.tex", SETTINGS)


def test_an_index_is_not_made_twice(tmp_path: Path) -> None:
    """Creating over an index leaves it as it is."""
    path = build(tmp_path / "i", [encoded("a")])
    with pytest.raises(UsageError, match="there is an index already"):
        IndexWriter.create(path, SETTINGS)
    assert set(dump(path)) == {"a"}


def test_what_a_dead_writer_left_is_swept(tmp_path: Path) -> None:
    """Unfinished files and files that no transaction named go; everything else stays."""
    path = build(tmp_path / "i", [encoded("a")])
    (path / "tmp" / "0123.faiss").write_bytes(b"half")
    (path / "vectors" / f"{'0' * 64}.faiss").write_bytes(b"unnamed")
    (path / "vectors" / "README").write_text("kept")
    named = faiss_files(path)[1:]
    IndexWriter.open(path).close()

    assert faiss_files(path) == named
    assert not list((path / "tmp").iterdir())
    assert (path / "vectors" / "README").exists()


def test_a_copy_without_empty_folders_works(tmp_path: Path) -> None:
    """Version control and some copies drop empty folders."""
    path = build(tmp_path / "i", [encoded("a")])
    (path / "tmp").rmdir()
    with IndexWriter.open(path) as writer:
        writer.add([encoded("b")])
        writer.finish()
    assert set(dump(path)) == {"a", "b"}


def test_a_failed_batch_leaves_the_writer_usable(tmp_path: Path) -> None:
    """A refused batch is no reason to reopen."""
    with IndexWriter.open(build(tmp_path / "i", [encoded("a")])) as writer:
        with pytest.raises(DuplicateError):
            writer.add([encoded("a")])
        writer.add([encoded("b")])
        assert writer.delete(["b", "zzz"]) == ["zzz"]
        writer.add([])
    assert set(dump(tmp_path / "i")) == {"a"}


def test_filters_cannot_become_sql(tmp_path: Path) -> None:
    """Keys, values, ids and tags are data whatever they hold."""
    nasty = ["'", '"', "') OR 1=1 --", "$.x", "\\", "%", "]", "a\nb", "ключ"]
    path = build(tmp_path / "i", [encoded(s, metadata={s: s}, lang=s, group=s) for s in nasty])
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        for s in nasty:
            for filter_ in (Filter(where=(Condition(s, s),)), Filter(languages=frozenset({s}))):
                assert [h.document.id for h in state.search(embed("x")[None], 99, filter_)[0]] == [
                    s
                ]
            others = state.search(embed("x")[None], 99, Filter(exclude=frozenset({s})))[0]
            assert {h.document.id for h in others} == set(nasty) - {s}
            assert state.ids(group=s) == [s]
            assert reader.language_counts(group=s) == {s: 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (1, "1"),
        (True, "true"),
        ([1, "a"], '[1,"a"]'),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_metadata_is_compared_as_text(tmp_path: Path, value: object, text: str) -> None:
    """Numbers, truth values and lists are found by the text that JSON has for them."""
    path = build(tmp_path / "i", [encoded("a", metadata={"k": value}), encoded("b")])
    with IndexReader.open(path) as reader:
        assert reader.language_counts(Filter(where=(Condition("k", text),))) == {"en": 1}
        assert reader.language_counts(Filter(where=(Condition("k", text + "0"),))) == {}


def test_opening_an_index_loads_neither_torch_nor_faiss(tmp_path: Path) -> None:
    """Heavy libraries wait until they are needed."""
    path = build(tmp_path / "i", [encoded("a")])
    code = (
        "import sys; from pathlib import Path; from indexer.index import IndexReader\n"
        f"IndexReader.open(Path({str(path)!r})).info()\n"
        "print([m for m in ('torch', 'transformers', 'faiss') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.strip() == "[]"
