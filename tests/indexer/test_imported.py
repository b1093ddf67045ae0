"""An index over vectors made elsewhere: the right rows, unit vectors, and nothing lost."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexer import imported
from indexer.build import add, build
from indexer.corpus import read_corpus
from indexer.encoders import EncoderSpec, open_encoder
from indexer.errors import (
    IncompatibleError,
    InputError,
    LockedError,
    UsageError,
)
from indexer.imported import batch_of, count_records, import_vectors, read_query_vectors
from indexer.index import IndexReader, IndexWriter, index_state
from indexer.intake import BATCH
from indexer.readers.guess import find_readers
from indexer.records import Document, Filter
from indexer.verify import repair, verify
from tests.indexer.elsewhere import (
    DIM,
    drawn,
    query,
    records,
    save,
    stored,
    unit,
    write,
)
from tests.indexer.reference import as_pairs, dump, encoded, faiss_files, flip_bit, neighbours
from tests.indexer.reference import build as build_reference


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut imports where builds are cut: several batches of a few hundred records."""
    monkeypatch.setattr(imported, "BATCH", BATCH)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """Forty rows."""
    return save(tmp_path / "v.npy", drawn(40))


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_row_i_is_the_vector_of_record_i(tmp_path: Path, kind: str, order: str) -> None:
    """Of every number format and order, over more than one batch."""
    n = BATCH + 7
    array = np.array(drawn(n), dtype=kind, order="F" if order == "F" else "C")
    file = save(tmp_path / "v.npy", array)
    assert b"'fortran_order': " + (b"True" if order == "F" else b"False") in file.read_bytes()
    report = import_vectors(file, records(n), tmp_path / "i")
    assert (report.documents, report.added, report.resumed_at) == (n, n, 0)
    assert report.languages == {"de": (n + 1) // 2, "en": n // 2}
    found = stored(tmp_path / "i")
    assert list(found) == [f"d{i}" for i in range(n)]
    for i, row in enumerate(array.tolist()):
        np.testing.assert_allclose(found[f"d{i}"], unit(row), rtol=2**-22, atol=1e-30)
    assert verify(tmp_path / "i") == []
    with IndexReader.open(tmp_path / "i") as reader:
        assert [d.text for d in reader.documents()] == [f"text {i}" for i in range(n)]


def test_a_batch_of_long_vectors_has_fewer_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction holds 8,192 records, 16 MiB of vectors or a sixteenth, whatever is less."""
    monkeypatch.undo()

    sizes = [batch_of(dim, 10**6) for dim in (1, 384, 512, 1024, 4096, 1 << 16)]

    assert sizes == [8192, 8192, 8192, 4096, 1024, 64]
    assert [batch_of(384, rows) for rows in (1, 16_384, 100_000, 131_072)] == [
        *(1024, 1024, 6250, 8192)
    ]


def test_answers_are_those_of_a_plain_scan(tmp_path: Path) -> None:
    """Scores and order, exactly; the query vectors come from a file, too."""
    array = drawn(60)
    import_vectors(save(tmp_path / "v.npy", array), records(60), tmp_path / "i")
    asked = [query(i) for i in range(5)]
    given_ = drawn(5, seed=1)
    questions = read_query_vectors(save(tmp_path / "q.npy", given_), asked, DIM)
    model = [encoded(id_, lang="en") for id_ in stored(tmp_path / "i")]
    model = [
        type(e)(e.document, v, 0, 0)
        for e, v in zip(model, stored(tmp_path / "i").values(), strict=True)
    ]
    with IndexReader.open(tmp_path / "i") as reader:
        answers = reader.search(questions, 10)
    for row, hits in zip(questions, answers, strict=True):
        assert as_pairs(hits) == neighbours(model, row, 10)
    cosines = (given_ @ array.T) / np.outer(
        np.linalg.norm(given_, axis=1), np.linalg.norm(array, axis=1)
    )
    best = [[f"d{i}" for i in np.argsort(-row)[:10]] for row in cosines]
    assert [[hit.document.id for hit in hits] for hits in answers] == best


def test_rows_that_were_not_unit_are_counted(tmp_path: Path) -> None:
    """Rounding to float16 is not counted; unit rows in float32 stay within the last bit."""
    units = np.stack([unit(row) for row in drawn(40).tolist()])
    half = import_vectors(
        save(tmp_path / "h.npy", units.astype(np.float16)), records(40), tmp_path / "h"
    )
    units[[3, 9]] *= np.float32(1.01)
    units[5] *= 1e30
    full = import_vectors(save(tmp_path / "f.npy", units), records(40), tmp_path / "f")
    assert (half.rescaled, full.rescaled) == (0, 3)


@pytest.mark.parametrize("n", [39, 41, 1, 40 + 3 * BATCH])
def test_counts_that_differ_are_named_before_anything_is_made(
    tmp_path: Path, vectors: Path, n: int
) -> None:
    """Where the corpus can be counted."""
    with pytest.raises(InputError, match=f"40 vectors for {n} records") as caught:
        import_vectors(vectors, records(n), tmp_path / "i", expected=n)
    assert caught.value.remedy
    assert not (tmp_path / "i").exists()


def test_an_unfinished_build_is_not_imported_into(tmp_path: Path, vectors: Path) -> None:
    """It goes on as what it began."""
    path = build_reference(tmp_path / "i", [encoded("a")], finish=False)
    with pytest.raises(IncompatibleError, match="hashing:8 of 8 dimensions"):
        import_vectors(vectors, records(40), path)
    assert set(dump(path)) == {"a"}


def test_a_finished_index_or_a_writer_at_work_is_left_alone(tmp_path: Path, vectors: Path) -> None:
    """Usage error with a remedy; locked."""
    path = tmp_path / "i"
    import_vectors(vectors, records(40), path)
    with pytest.raises(UsageError, match="finished index") as caught:
        import_vectors(vectors, records(40), path)
    assert caught.value.remedy
    busy = build_reference(tmp_path / "b", [encoded("a")], finish=False)
    with IndexWriter.open(busy), pytest.raises(LockedError):
        import_vectors(vectors, records(40), busy)


def test_repeated_ids(tmp_path: Path) -> None:
    """Given ones are refused at their line; the same text without an id is left out, counted."""
    file = save(tmp_path / "v.npy", drawn(4))
    named = [{"id": i, "text": f"text {i}", "lang": "en"} for i in ("a", "b", "a", "c")]
    with pytest.raises(InputError, match="duplicate id 'a'") as caught:
        import_vectors(file, read_corpus([write(tmp_path / "n", named)]), tmp_path / "n.i")
    assert f"{tmp_path / 'n'}:3" in caught.value.message
    assert dump(tmp_path / "n.i") == {}

    texts = [{"text": t, "lang": "en"} for t in ("one", "two", "one", "three")]
    corpus = write(tmp_path / "t", texts)
    report = import_vectors(file, read_corpus([corpus]), tmp_path / "t.i", expected=4)
    assert (report.documents, report.unchanged) == (3, 1)
    by_text = {d.text: np.frombuffer(v, np.float32) for d, v in dump(tmp_path / "t.i").values()}
    for text, row in (("one", 0), ("two", 1), ("three", 3)):
        np.testing.assert_allclose(by_text[text], unit(drawn(4)[row].tolist()), rtol=2**-22)


def test_counting_without_parsing(tmp_path: Path) -> None:
    """Blank lines hold no record; standard input and pipes cannot be counted ahead."""
    corpus = tmp_path / "c.jsonl"
    corpus.write_text('{"text": "a"}\n\n  \n{"text": "b"}', encoding="utf-8")
    found = find_readers([str(corpus)])
    assert count_records(found) == len(list(read_corpus([str(corpus)]))) == 2
    assert count_records([*found, *found]) == 4
    assert count_records(find_readers(["-"])) is None
    assert count_records(find_readers([str(corpus)], format="csv")) is None


def test_what_the_index_says_of_its_encoder(tmp_path: Path, vectors: Path) -> None:
    """Name, dimension and a fingerprint over kind, name and dimension."""
    import_vectors(vectors, records(40), tmp_path / "i", name="ada: v2")
    with IndexReader.open(tmp_path / "i") as reader:
        info, fixed = reader.info(), reader.settings
    canonical = '{"dim":"6","kind":"vectors","name":"ada: v2"}'
    assert info.fingerprint == hashlib.sha256(canonical.encode()).hexdigest()
    assert (info.encoder, info.dim, info.role) == ("ada: v2", DIM, "passage")
    assert info.arithmetic == "made elsewhere, float64"
    assert (info.state, info.documents, info.groups, info.tail) == ("ready", 40, 20, 0)
    assert fixed.encoder == EncoderSpec("vectors:ada: v2")
    assert fixed.vectors_only


def test_nobody_counted_their_tokens(tmp_path: Path, vectors: Path) -> None:
    """Neither now nor by versions that wrote 0 for it; an audit leaves them out."""
    path = tmp_path / "i"
    import_vectors(vectors, records(40), path)
    for tokens in (-1, 0):
        with closing(sqlite3.connect(path / "interlingua.db")) as conn, conn:
            conn.execute("UPDATE documents SET tokens = ?, tokens_dropped = ?", [tokens] * 2)
        with IndexReader.open(path) as reader, reader.snapshot() as state:
            info = reader.info()
            assert (info.uncounted, dict(info.truncated)) == (40, {})
            assert set(state.columns(Filter()).tokens_dropped.tolist()) == {-1}


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x\x1b[2J", "n" * 201])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, vectors: Path, name: str) -> None:
    """Nothing is made."""
    with pytest.raises(UsageError, match="cannot be a name"):
        import_vectors(vectors, records(40), tmp_path / "i", name=name)
    assert not (tmp_path / "i").exists()


def test_nothing_here_encodes_like_them(tmp_path: Path, vectors: Path) -> None:
    """Opening the encoder, adding documents, another encoder: incompatible, with the remedy."""
    path = tmp_path / "i"
    import_vectors(vectors, records(40), path)
    before = dump(path)
    with IndexReader.open(path) as reader:
        spec, fixed = reader.settings.encoder, reader.settings
    new = [Document("new", "a new text", "en")]
    calls: tuple[Callable[[], object], ...] = (
        lambda: open_encoder(spec),
        lambda: fixed.check(open_encoder(EncoderSpec("hashing:8"))),
        lambda: add(new, path),
        lambda: add(new, path, encoder=EncoderSpec("hashing:8")),
        lambda: build(new, tmp_path / "b", encoder=spec),
    )
    for call in calls:
        with pytest.raises(IncompatibleError, match="imported") as caught:
            call()
        assert caught.value.exit_code == 7
        assert "--query-vectors" in str(caught.value.remedy)
        assert "interlingua import" in str(caught.value.remedy)
    assert dump(path) == before
    assert index_state(tmp_path / "b") is None


def test_it_is_verified_repaired_and_deleted_from_like_any_index(
    tmp_path: Path, vectors: Path
) -> None:
    """No encoder is needed for it."""
    path = tmp_path / "i"
    import_vectors(vectors, records(40), path)
    before = dump(path)
    flip_bit(faiss_files(path)[0], 120)
    assert "SHA-256" in verify(path)[0].what
    assert len(repair(path).files_written) == 1
    assert verify(path) == []
    shutil.rmtree(path / "vectors")
    repair(path)
    assert dump(path) == before
    with IndexWriter.open(path) as writer:
        assert writer.delete(["d3", "none"]) == ["none"]
    assert set(dump(path)) == set(before) - {"d3"}
