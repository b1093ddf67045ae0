"""A batch that is committed while the next one is read: the same promises, kept a little later."""

import threading
from pathlib import Path

import numpy as np
import pytest

from indexer.corpus import Record
from indexer.drafts import Drafting, Drafts
from indexer.errors import CorruptError, InputError, InterlinguaError, UsageError
from indexer.index import IndexReader, IndexWriter
from indexer.records import Vectors
from indexer.verify import verify
from tests.indexer.reference import SETTINGS, dump, encoded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name an index."""
    return tmp_path / "i"


def batch_of(*ids: str) -> tuple[Drafts, Vectors]:
    """Make drafts, and the vectors that ``encoded`` gives these ids."""
    documents = [encoded(id_) for id_ in ids]
    records = [Record(e.document, f"c:{i}") for i, e in enumerate(documents)]
    return Drafting(records).take(len(ids)), np.stack([e.vector for e in documents])


def test_a_batch_is_on_disk_when_the_block_ends(path: Path) -> None:
    """As if it had been added, with its cursor; another thread has waited for the disk."""
    threads = threading.active_count()
    with IndexWriter.create(path, SETTINGS) as writer:
        for n in range(3):
            with writer.adding(*batch_of(f"d{n}", f"e{n}"), cursor=n + 1):
                pass
            assert set(dump(path)) == {f"{letter}{i}" for i in range(n + 1) for letter in "de"}
        assert writer.cursor == 3
        writer.add([encoded("f")], cursor=4)
        writer.finish()
    assert threading.active_count() == threads
    assert set(dump(path)) == {"d0", "e0", "d1", "e1", "d2", "e2", "f"}
    assert verify(path) == []


def test_a_block_that_raises_keeps_the_batch(path: Path) -> None:
    """The next batch could not be read; this one is committed, and the writer goes on."""
    with IndexWriter.create(path, SETTINGS) as writer:
        with pytest.raises(InputError, match="unreadable"), writer.adding(*batch_of("a"), cursor=1):
            raise InputError("unreadable")
        assert set(dump(path)) == {"a"}
        with writer.adding(*batch_of("b"), cursor=2):
            pass
    assert set(dump(path)) == {"a", "b"}
    with IndexWriter.open(path) as writer:
        assert writer.cursor == 2


@pytest.mark.parametrize(("length", "cursor", "error"), [(1, 0, UsageError), (2, 2, InputError)])
def test_a_refused_batch_never_enters_the_block(
    path: Path, length: int, cursor: int, error: type[InterlinguaError]
) -> None:
    """Nothing of it is written, and no transaction is left open."""
    drafts, vectors = batch_of("b", "c")
    vectors[1] *= length
    entered = False
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add([encoded("a")], cursor=1)
        with pytest.raises(error), writer.adding(drafts, vectors, cursor):
            entered = True
        assert not entered
        assert not writer.store.conn.in_transaction
        writer.add([encoded("z")], cursor=2)
    assert set(dump(path)) == {"a", "z"}


def test_an_id_twice_is_never_committed(path: Path) -> None:
    """The caller has seen to it; if not, the database does."""
    with IndexWriter.create(path, SETTINGS) as writer:
        with writer.adding(*batch_of("a"), cursor=1):
            pass
        with pytest.raises(CorruptError), writer.adding(*batch_of("b", "a"), cursor=2):
            pass
        assert writer.cursor == 1
    assert set(dump(path)) == {"a"}


def test_readers_see_all_of_it_or_none(path: Path) -> None:
    """Before the block ends there may be the old state, never a part of the new one."""
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add([encoded("a")], cursor=1)
        with IndexReader.open(path) as reader:
            with writer.adding(*batch_of(*(f"b{n}" for n in range(500))), cursor=2):
                assert len(list(reader.documents())) in {1, 501}
            assert len(list(reader.documents())) == 501
