"""An import that is interrupted, or ends with unequal counts: nothing mixed, nothing half there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer import imported
from indexer.build import build
from indexer.corpus import Record
from indexer.encoders import EncoderSpec
from indexer.errors import (
    IncompatibleError,
    InputError,
    InterlinguaError,
    UsageError,
)
from indexer.imported import import_vectors
from indexer.index import IndexWriter
from indexer.intake import BATCH
from indexer.records import Document
from indexer.verify import repair, verify
from tests.indexer.elsewhere import DIM, StopError, drawn, dying, records, save
from tests.indexer.reference import build as build_reference
from tests.indexer.reference import dump, encoded, faiss_files


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut imports where builds are cut: several batches of a few hundred records."""
    monkeypatch.setattr(imported, "BATCH", BATCH)


@pytest.mark.parametrize("records_", [1, 2 * BATCH - 1, 2 * BATCH, 2 * BATCH + 1, 4 * BATCH])
def test_counts_that_differ_in_a_stream_leave_nothing_half_there(
    tmp_path: Path, records_: int
) -> None:
    """What was committed is taken back; the right files then make the whole index."""
    rows = 2 * BATCH + 5
    file = save(tmp_path / "v.npy", drawn(rows))
    with pytest.raises(InputError, match=f"{rows} vectors for {records_} records"):
        import_vectors(file, iter(records(records_)), tmp_path / "i")
    assert dump(tmp_path / "i") == {}
    assert verify(tmp_path / "i") == []
    report = import_vectors(file, iter(records(rows)), tmp_path / "i")
    assert (report.documents, report.resumed_at) == (rows, 0)
    assert verify(tmp_path / "i") == []
    assert str(repair(tmp_path / "i")) == "nothing to repair"


def test_an_import_that_has_kept_nothing_begins_again_with_other_vectors(tmp_path: Path) -> None:
    """Of another dimension and name, as if nothing had been there."""
    file = save(tmp_path / "v.npy", drawn(9))
    with pytest.raises(InputError, match="9 vectors for 8 records"):
        import_vectors(file, iter(records(8)), tmp_path / "i", lexical=False)
    wide = save(tmp_path / "w.npy", np.hstack([drawn(9), drawn(9)]))
    import_vectors(wide, iter(records(9)), tmp_path / "i", name="wide")
    import_vectors(wide, iter(records(9)), tmp_path / "whole", name="wide")
    assert dump(tmp_path / "i") == dump(tmp_path / "whole")
    assert verify(tmp_path / "i") == []
    with IndexWriter.open(tmp_path / "i") as one, IndexWriter.open(tmp_path / "whole") as other:
        assert one.settings == other.settings


def test_an_index_is_taken_back_only_while_it_is_built(tmp_path: Path) -> None:
    """A finished one is never emptied; sealed files do not matter."""
    path = build_reference(tmp_path / "i", [encoded("a"), encoded("b")], finish=False)
    with IndexWriter.open(path) as writer:
        writer.filing.seal_tail()
        writer.restart()
        assert (writer.cursor, list(writer.contents.all_hashes())) == (0, [])
        writer.add([encoded("c")], cursor=1)
        writer.finish()
        with pytest.raises(UsageError):
            writer.restart()
    assert set(dump(path)) == {"c"}
    assert verify(path) == []


@pytest.mark.parametrize("after", [0, BATCH, 2 * BATCH - 1, 2 * BATCH, 2 * BATCH + 5])
def test_an_interrupted_import_goes_on(tmp_path: Path, after: int) -> None:
    """The same documents and vectors as without the interruption, and the counts of both."""
    n = 2 * BATCH + 5
    file = save(tmp_path / "v.npy", drawn(n))
    with pytest.raises(StopError):
        import_vectors(file, dying(records(n), after), tmp_path / "i")
    seen: list[int] = []
    report = import_vectors(file, iter(records(n)), tmp_path / "i", progress=seen.append)
    done = after - after % BATCH
    assert (report.resumed_at, report.added, report.documents) == (done, n - done, n)
    lengths = [sum(x * x for x in row) ** 0.5 for row in drawn(n).tolist()]
    assert report.rescaled == sum(abs(length - 1) > 1e-3 for length in lengths)
    assert seen == [*range(BATCH, n, BATCH), n]
    import_vectors(file, records(n), tmp_path / "whole")
    assert dump(tmp_path / "i") == dump(tmp_path / "whole")
    assert [f.name for f in faiss_files(tmp_path / "i")] == [
        f.name for f in faiss_files(tmp_path / "whole")
    ]


def other_row(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change one committed row a little."""
    array[7, 1] += 1e-3
    return array


def test_another_corpus_or_file_is_not_mixed_in(tmp_path: Path) -> None:
    """After an interruption: refused with a remedy, and the right ones still go on."""
    n = BATCH + 5
    file = save(tmp_path / "v.npy", drawn(n))
    path = tmp_path / "i"
    with pytest.raises(StopError):
        import_vectors(file, dying(records(n), BATCH), path)
    other = save(tmp_path / "o.npy", other_row(drawn(n)))
    wide = save(tmp_path / "w.npy", drawn(n, DIM + 1))
    shorter = save(tmp_path / "s.npy", drawn(9))
    swapped = [records(n)[1], records(n)[0], *records(n)[2:]]
    calls: list[tuple[type[InterlinguaError], str, Callable[[], object]]] = [
        (
            UsageError,
            r"row 7 \(from 0\): not the vectors",
            lambda: import_vectors(other, records(n), path),
        ),
        (IncompatibleError, "6 dimensions", lambda: import_vectors(wide, records(n), path)),
        (IncompatibleError, "'mine'", lambda: import_vectors(file, records(n), path, name="mine")),
        (UsageError, "c.jsonl:2: not the corpus", lambda: import_vectors(file, swapped, path)),
        (
            UsageError,
            "c.jsonl:2: not the corpus",
            lambda: import_vectors(file, records(n)[1:], path),
        ),
        (UsageError, "not the corpus", lambda: import_vectors(shorter, records(9), path)),
        (IncompatibleError, "imported", lambda: build([], path, encoder=EncoderSpec("hashing"))),
    ]
    before = dump(path)
    for error, said, call in calls:
        with pytest.raises(error, match=said) as caught:
            call()
        assert caught.value.remedy
        assert dump(path) == before
    assert import_vectors(file, records(n), path).documents == n


def test_left_out_records_do_not_confuse_a_resumed_import(tmp_path: Path) -> None:
    """The rows stay those of their records on both sides of the interruption."""
    n = 2 * BATCH
    items = [
        Record(Document(f"d{i % 300}", "x", "en"), f"c:{i + 1}", named=False) for i in range(n)
    ]
    file = save(tmp_path / "v.npy", drawn(n))
    with pytest.raises(StopError):
        import_vectors(file, dying(items, BATCH), tmp_path / "i")
    report = import_vectors(file, items, tmp_path / "i")
    assert (report.documents, report.unchanged, report.added) == (300, n - 300, 0)
    import_vectors(file, items, tmp_path / "whole")
    assert dump(tmp_path / "i") == dump(tmp_path / "whole")
