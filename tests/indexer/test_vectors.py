"""FAISS files: whole and checked on the way out, checked again on the way in."""

import errno
import hashlib
import os
import resource
import tracemalloc
from pathlib import Path

import faiss
import numpy as np
import pytest

from indexer import vector_files
from indexer.errors import CorruptError, InterlinguaError
from indexer.records import Vectors
from indexer.vector_files import FileRecord, load_file, write_segment
from indexer.vectors import Mask, Segment
from tests.indexer.reference import flip_bit, random_units

NONE = np.empty(0, np.int64)
VIDS = np.array([3, 4, 8, 20, 21, 300], dtype=np.int64)
VECTORS = random_units(6)
SEGMENT = Segment.of(VIDS, VECTORS)


@pytest.fixture
def record(tmp_path: Path) -> FileRecord:
    """A file of six vectors."""
    (tmp_path / "tmp").mkdir()
    return write_segment(tmp_path, tmp_path / "tmp", SEGMENT, 8)


def test_a_file_holds_what_it_was_given(tmp_path: Path, record: FileRecord) -> None:
    """Numbers and vectors come back bit by bit; the name is the hash; nothing is left over."""
    segment = load_file(tmp_path, record, 8)

    assert np.array_equal(segment.vids, VIDS)
    assert segment.matrix.tobytes() == VECTORS.tobytes()
    assert (record.rows, record.first_vid, record.last_vid) == (6, 3, 300)
    assert not list((tmp_path / "tmp").iterdir())
    again = write_segment(tmp_path, tmp_path / "tmp", SEGMENT, 8)
    assert again[:6] == record[:6]


def write_all(path: Path, vectors: Vectors) -> FileRecord:
    """Write vectors as one file, numbered from 1."""
    (path / "tmp").mkdir()
    segment = Segment.of(np.arange(1, len(vectors) + 1), vectors)
    return write_segment(path, path / "tmp", segment, vectors.shape[1])


def test_a_few_vectors_of_a_mapped_file_are_read_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers lie askew in a file, and numpy copies such a matrix whole for much it does."""
    monkeypatch.setattr(vector_files, "MAPPED_FROM", 1)
    vectors = random_units(30_000, 64)
    segment = load_file(tmp_path, write_all(tmp_path, vectors), 64)
    queries, scores = vectors[:3], np.empty((3, len(vectors)), np.float32)
    tracemalloc.start()
    try:
        few = segment.vectors(np.array([7, 29_999, 7]))
        assert tracemalloc.get_traced_memory()[1] < 100_000
        segment.scores(queries, out=scores)
        assert tracemalloc.get_traced_memory()[1] < vectors.nbytes * 0.75
    finally:
        tracemalloc.stop()
    assert (few == vectors[[7, 29_999, 7]]).all()
    np.testing.assert_allclose(scores, queries @ vectors.T, atol=1e-6)


def test_a_mapped_file_is_not_waited_for_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file that is not in memory yet; where a folder is in memory itself, nothing is shown."""
    monkeypatch.setattr(vector_files, "MAPPED_FROM", 1)
    vectors = random_units(20_000, 512)
    record = write_all(tmp_path, vectors)
    fd = os.open(tmp_path / record.name, os.O_RDONLY)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_majflt
    segment = load_file(tmp_path, record, 512)
    segment.scores(vectors[:1], out=np.empty((1, len(vectors)), np.float32))
    waited = resource.getrusage(resource.RUSAGE_SELF).ru_majflt - before
    assert waited < vectors.nbytes / resource.getpagesize() / 4


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (Mask(None, NONE), {3, 4, 8, 20, 21, 300}),
        (Mask(None, np.array([1, 4, 301])), {3, 8, 20, 21, 300}),
        (Mask(np.array([4, 5, 300, 900]), NONE), {4, 300}),
        (Mask(np.array([4, 5, 300, 900]), np.array([3, 300])), {4}),
        (Mask(NONE, NONE), set()),
        (Mask(None, VIDS), set()),
    ],
)
def test_masks_let_pass_what_they_say(
    tmp_path: Path, record: FileRecord, mask: Mask, expected: set[int]
) -> None:
    """As many are found as are said to pass, the best first."""
    for segment in (load_file(tmp_path, record, 8), Segment.of(VIDS, VECTORS)):
        passing = segment.passing(mask)
        assert passing.rows == len(expected)
        if not expected:
            continue
        scores, rows = segment.search(VECTORS[:2], len(expected), passing)
        for row in range(2):
            assert set(segment.vids[rows[row]].tolist()) == expected
            assert np.all(np.diff(scores[row]) <= 0)


def test_a_missing_file_is_told_apart_from_a_damaged_one(
    tmp_path: Path, record: FileRecord
) -> None:
    """A reader asks again when a file was superseded."""
    (tmp_path / record.name).unlink()
    with pytest.raises(FileNotFoundError):
        load_file(tmp_path, record, 8)


def test_every_flipped_bit_is_noticed(tmp_path: Path, record: FileRecord) -> None:
    """No byte of a file is left to trust."""
    path = tmp_path / record.name
    for position in range(0, record.bytes, 3):
        flip_bit(path, position, position % 8)
        with pytest.raises(CorruptError, match=record.name):
            load_file(tmp_path, record, 8)
        flip_bit(path, position, position % 8)
    load_file(tmp_path, record, 8)


@pytest.mark.parametrize("size", [0, 1, 40, 90, 313])
def test_a_truncated_file_is_noticed(tmp_path: Path, record: FileRecord, size: int) -> None:
    """The message gives both sizes."""
    os.truncate(tmp_path / record.name, size)
    with pytest.raises(CorruptError, match=f"has {size} bytes instead of {record.bytes}"):
        load_file(tmp_path, record, 8)


def forge(folder: Path, index: faiss.Index) -> FileRecord:
    """Write any FAISS index under its right name, as somebody with bad intentions could."""
    data = faiss.serialize_index(index).tobytes()
    name = f"{hashlib.sha256(data).hexdigest()}.faiss"
    (folder / name).write_bytes(data)
    return FileRecord(name, len(data), 6, 3, 300)


def test_only_our_kind_of_file_reaches_faiss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other classes are refused by their header, before FAISS may act on what they say."""
    flat = faiss.IndexFlatIP(8)
    hnsw = faiss.IndexIDMap(faiss.IndexHNSWFlat(8, 4))
    hnsw.add_with_ids(VECTORS, VIDS)
    euclid = faiss.IndexIDMap(faiss.IndexFlatL2(8))
    euclid.add_with_ids(VECTORS, VIDS)
    monkeypatch.setattr(vector_files, "_deserialize", None)
    for index in (flat, hnsw, euclid, faiss.IndexFlatL2(8)):
        with pytest.raises(CorruptError, match="not a vector file"):
            load_file(tmp_path, forge(tmp_path, index), 8)


def test_a_file_of_other_numbers_is_refused(tmp_path: Path) -> None:
    """Rows that the database does not expect, or out of order, are no index of ours."""
    for vids in ([3, 4, 8, 20, 21, 301], [3, 8, 4, 20, 21, 300], [3, 3, 8, 20, 21, 300]):
        index = faiss.IndexIDMap(faiss.IndexFlatIP(8))
        index.add_with_ids(VECTORS, np.array(vids))
        with pytest.raises(CorruptError, match="other vectors"):
            load_file(tmp_path, forge(tmp_path, index), 8)


def test_a_forged_size_cannot_claim_memory(tmp_path: Path, record: FileRecord) -> None:
    """FAISS reads no more than the file has."""
    data = bytearray((tmp_path / record.name).read_bytes())
    data[74:82] = (1 << 40).to_bytes(8, "little")
    with pytest.raises(CorruptError, match="FAISS cannot read it"):
        vector_files._deserialize(tmp_path, bytes(data))


def test_a_link_is_not_followed(tmp_path: Path, record: FileRecord) -> None:
    """A file of an index lies in the index."""
    path = tmp_path / record.name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CorruptError, match="cannot be read"):
        load_file(tmp_path, record, 8)


def test_a_file_that_may_not_be_opened_is_not_called_damaged(
    tmp_path: Path, record: FileRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To mend it would not help."""

    def refuse(path: Path, *_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InterlinguaError, match=r"cannot be read: Permission denied") as caught:
        load_file(tmp_path, record, 8)
    assert (caught.value.exit_code, "permissions" in str(caught.value.remedy)) == (1, True)


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_failing_disk_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Neither under its name nor half-made; the error says what to do."""

    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(InterlinguaError, match="No space left") as caught:
        write_segment(tmp_path, tmp_path / "tmp", SEGMENT, 8)
    assert caught.value.remedy
    assert caught.value.exit_code == 1
    assert [p.name for p in tmp_path.rglob("*")] == ["tmp"]


def test_a_disk_that_takes_little_at_a_time_gets_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: FileRecord
) -> None:
    """A short write is no error, and no byte is lost by it."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    again = write_segment(tmp_path, tmp_path / "tmp", SEGMENT, 8)
    assert again[:6] == record[:6]


def test_a_disk_that_lies_is_caught_before_the_file_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read back is compared with what was meant."""
    write = os.write
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(len(data))))
    with pytest.raises(CorruptError, match="SHA-256"):
        write_segment(tmp_path, tmp_path / "tmp", SEGMENT, 8)
    assert [p.name for p in tmp_path.rglob("*")] == ["tmp"]


def test_a_file_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Synced, renamed, and the folder synced after: a power cut leaves all of it or none."""
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def record_fsync(fd: int) -> None:
        done.append(f"fsync {Path(f'/proc/self/fd/{fd}').readlink().parent.name}")
        fsync(fd)

    def record_replace(self: Path, target: Path) -> Path:
        done.append(f"rename from {self.parent.name} to {target.parent.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(Path, "replace", record_replace)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "vectors").mkdir()
    write_segment(tmp_path / "vectors", tmp_path / "tmp", SEGMENT, 8)

    folder = tmp_path.name
    assert done == ["fsync tmp", "rename from tmp to vectors", f"fsync {folder}"]
