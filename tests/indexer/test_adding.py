"""A batch that is committed while the next one is read: the same promises, kept a little later."""

import threading
from pathlib import Path

import pytest

from indexer.errors import DuplicateError, InputError, UsageError
from indexer.index import IndexReader, IndexWriter
from indexer.verify import verify
from tests.indexer.reference import SETTINGS, dump, encoded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name an index."""
    return tmp_path / "i"


def test_a_batch_is_on_disk_when_the_block_ends(path: Path) -> None:
    """As if it had been added, with its cursor; another thread has waited for the disk."""
    threads = threading.active_count()
    with IndexWriter.create(path, SETTINGS) as writer:
        for n in range(3):
            with writer.adding([encoded(f"d{n}"), encoded(f"e{n}")], cursor=n + 1):
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
        with pytest.raises(InputError, match="unreadable"), writer.adding([encoded("a")], cursor=1):
            raise InputError("unreadable")
        assert set(dump(path)) == {"a"}
        with writer.adding([encoded("b")], cursor=2):
            pass
    assert set(dump(path)) == {"a", "b"}
    with IndexWriter.open(path) as writer:
        assert writer.cursor == 2


@pytest.mark.parametrize("wrong", ["duplicate", "cursor", "text"])
def test_a_refused_batch_never_enters_the_block(path: Path, wrong: str) -> None:
    """Nothing of it is written, and no transaction is left open."""
    batch, cursor, error = {
        "duplicate": ([encoded("b"), encoded("a")], 2, DuplicateError),
        "cursor": ([encoded("b")], 0, UsageError),
        "text": ([encoded("b"), encoded("c", "\0")], 2, InputError),
    }[wrong]
    entered = False
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add([encoded("a")], cursor=1)
        with pytest.raises(error), writer.adding(batch, cursor):
            entered = True
        assert not entered
        assert not writer.store.conn.in_transaction
        writer.add([encoded("z")], cursor=2)
    assert set(dump(path)) == {"a", "z"}


def test_readers_see_all_of_it_or_none(path: Path) -> None:
    """Before the block ends there may be the old state, never a part of the new one."""
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add([encoded("a")], cursor=1)
        with IndexReader.open(path) as reader:
            with writer.adding([encoded(f"b{n}") for n in range(500)], cursor=2):
                assert len(list(reader.documents())) in {1, 501}
            assert len(list(reader.documents())) == 501
