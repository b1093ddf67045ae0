"""A compacted index answers as before, from as few and as small files as a fresh one."""

from pathlib import Path

import pytest

from indexer import sealing
from indexer import writer as writer_module
from indexer.compaction import compact
from indexer.debiasing import Debiasing
from indexer.disk import disk_errors
from indexer.errors import InterlinguaError, LockedError, UsageError
from indexer.index import IndexReader, IndexWriter
from indexer.transforms import Statistics, fit_transform
from indexer.verify import verify
from tests.indexer.reference import (
    DIM,
    SETTINGS,
    as_pairs,
    build,
    dump,
    embed,
    encoded,
    faiss_files,
    neighbours,
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of four small files with dead vectors, and a tail."""
    monkeypatch.setattr(writer_module, "SEAL_AT", 20)
    with IndexWriter.create(tmp_path / "i", SETTINGS) as writer:
        first = [encoded(f"a{n}", lang=("de", "en")[n % 2]) for n in range(20)]
        writer.add(first, cursor=20)
        writer.finish()
        for name in "bcd":
            writer.add([encoded(f"{name}{n}") for n in range(20)])
            writer.seal()
        writer.add([encoded(f"e{n}") for n in range(5)])
        writer.delete([f"b{n}" for n in range(20)])
        writer.add([encoded("a1", "again")], replace=True)
    return tmp_path / "i"


def test_compacting_leaves_content_and_answers(path: Path) -> None:
    """One file, no dead vector, no tail, an empty log; the same documents and the same answers."""
    before = dump(path)
    report = compact(path)
    assert dump(path) == before
    assert (report.documents, report.dropped) == (65, 21)
    assert (report.files_before, report.files, report.folded) == (4, 1, True)
    assert report.bytes < report.bytes_before
    assert len(faiss_files(path)) == 1
    assert (path / "interlingua.db-wal").stat().st_size == 0
    with IndexReader.open(path) as reader:
        info = reader.info()
        found = as_pairs(reader.search(embed("x")[None], 30)[0])
        model = [encoded(d.id, d.text, lang=d.lang) for d in reader.documents()]
    assert (info.deleted, info.tail, info.files) == (0, 0, 1)
    assert found == neighbours(model, embed("x"), 30)
    assert verify(path) == []
    build(path.with_name("fresh"), model)
    assert sum(f.stat().st_size for f in faiss_files(path.with_name("fresh"))) == report.bytes


def test_where_nothing_can_be_gained_nothing_is_written(path: Path) -> None:
    """A compact index stays byte for byte, and its readers load nothing anew."""
    compact(path)
    kept = [(f.name, f.stat().st_mtime_ns) for f in faiss_files(path)]
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        seq = state.seq
    report = compact(path)
    assert (report.dropped, report.files_before, report.files) == (0, 1, 1)
    assert [(f.name, f.stat().st_mtime_ns) for f in faiss_files(path)] == kept
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        assert state.seq == seq


def test_large_indexes_keep_several_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have a greatest size; as many as are needed, and no more."""
    monkeypatch.setattr(sealing, "ROWS_A_FILE", 30)
    done: list[int] = []
    assert compact(path, lambda _stage, written, _total: done.append(written)).files == 3
    assert done == [30, 60, 65]
    assert compact(path, lambda _stage, written, _total: done.append(written)).files == 3
    assert len(done) == 3


def test_an_index_without_documents_is_compacted(tmp_path: Path) -> None:
    """All files go with the last document."""
    path = build(tmp_path / "i", [encoded("a"), encoded("b")])
    with IndexWriter.open(path) as writer:
        writer.delete(["a", "b"])
    report = compact(path)
    assert (report.documents, report.dropped, report.files, report.bytes) == (0, 2, 0, 0)
    assert faiss_files(path) == []
    with IndexReader.open(path) as reader:
        assert reader.search(embed("x")[None], 3) == [[]]


def test_a_transform_stays_in_force(path: Path) -> None:
    """Files are written through the transform of the index."""
    with IndexReader.open(path) as reader:
        statistics = Statistics(DIM)
        for page in reader.pages():
            statistics.add(page.vectors, page.languages, page.groups)
    transform = fit_transform("centring", statistics)
    with IndexWriter.open(path) as writer:
        writer.debias(Debiasing("centring", transform))
        writer.delete(["a3"])
    with IndexReader.open(path) as reader:
        before = reader.search(embed("x")[None], 10)
    compact(path)
    with IndexReader.open(path) as reader:
        assert reader.search(embed("x")[None], 10) == before
        assert reader.info().transform == "centring"
    assert verify(path) == []


def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that cannot be written leave those that are there in force."""
    before, files = dump(path), faiss_files(path)

    def fail(*_: object) -> None:
        with disk_errors(path):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("indexer.vector_files.os.fsync", fail)
    with pytest.raises(InterlinguaError, match="No space"):
        compact(path)
    monkeypatch.undo()
    assert faiss_files(path) == files
    assert dump(path) == before
    assert verify(path) == []


def test_who_reads_an_earlier_state_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A held state answers from files it has loaded; the log has to stay: it is said."""
    monkeypatch.setattr("indexer.store._BUSY_SECONDS", 0.1)
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        before = state.search(embed("x")[None], 10)
        report = compact(path)
        assert state.search(embed("x")[None], 10) == before
        assert not report.folded
        with reader.snapshot() as newer:
            assert newer.search(embed("x")[None], 10) == before
            assert newer.seq > state.seq
    assert compact(path).folded


def test_who_may_not_compact(path: Path, tmp_path: Path) -> None:
    """One writer at a time; no unfinished build."""
    with IndexWriter.open(path), pytest.raises(LockedError):
        compact(path)
    with pytest.raises(UsageError, match="no index"):
        compact(tmp_path / "none")
    IndexWriter.create(tmp_path / "new", SETTINGS).close()
    with pytest.raises(UsageError, match="unfinished"):
        compact(tmp_path / "new")
