"""Any history of changes leaves an index that answers like a plain scan of what is in it."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from indexer import writer as writer_module
from indexer.compaction import compact_files
from indexer.errors import DuplicateError, UsageError
from indexer.index import IndexReader, IndexWriter, content_hash
from indexer.records import Condition, EncodedDocument, Filter
from indexer.verify import repair, verify
from tests.indexer.bm25 import bm25
from tests.indexer.reference import (
    SETTINGS,
    allowed,
    as_pairs,
    embed,
    encoded,
    faiss_files,
    flip_bit,
    neighbours,
)

LANGUAGES = ("de", "en", "he")
IDS = st.sampled_from([f"d{n}" for n in range(24)])
DOCUMENTS = st.builds(
    encoded,
    IDS,
    st.sampled_from([f"text {n}" for n in range(12)]),
    lang=st.sampled_from(LANGUAGES),
    group=st.sampled_from([None, "g1", "g2"]),
    metadata=st.sampled_from([{}, {"topic": "food"}, {"topic": 1}, {'a"b': True, "topic": "1"}]),
)
BATCHES = st.lists(DOCUMENTS, min_size=1, max_size=8)
FILTERS = st.builds(
    Filter,
    languages=st.none() | st.frozensets(st.sampled_from(LANGUAGES)),
    where=st.sampled_from(
        [
            (),
            (Condition("topic", "food"),),
            (Condition("topic", "1"),),
            (Condition('a"b', "true"), Condition("topic", "1")),
            (Condition("topic", "1", ">="),),
            (Condition("topic", "f", "^="),),
        ]
    ),
    exclude=st.frozensets(IDS, max_size=4),
)


class IndexMachine(RuleBasedStateMachine):
    """An index beside a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, EncodedDocument] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="interlingua-machine-"))
        self.path = self.folder / "index"

    @initialize(batch=BATCHES)
    def build(self, batch: list[EncodedDocument]) -> None:
        """Begin with a finished build."""
        self.writer = IndexWriter.create(self.path, SETTINGS)
        self.reader = IndexReader.open(self.path)
        self.writer.add(batch, replace=True, cursor=len(batch))
        self.writer.finish()
        self.take(batch)

    def take(self, batch: list[EncodedDocument]) -> None:
        """Do to the model what ``add`` with ``replace`` does."""
        for e in batch:
            self.model.pop(e.document.id, None)
        last = {e.document.id: e for e in batch}
        self.model.update({e.document.id: e for e in batch if last[e.document.id] is e})

    @rule(batch=BATCHES)
    def add(self, batch: list[EncodedDocument]) -> None:
        """New ids are added; a batch with any other is refused as a whole."""
        ids = [e.document.id for e in batch]
        if len(set(ids)) == len(ids) and not set(ids) & set(self.model):
            self.writer.add(batch)
            self.take(batch)
            return
        with pytest.raises(DuplicateError) as refused:
            self.writer.add(batch)
        wrong = {id_ for id_ in ids if id_ in self.model or ids.count(id_) > 1}
        assert sorted(refused.value.ids) == sorted(wrong)

    @rule(batch=BATCHES)
    def replace(self, batch: list[EncodedDocument]) -> None:
        """Replacing adds what is new and takes the place of what is there."""
        self.writer.add(batch, replace=True)
        self.take(batch)

    @rule(ids=st.lists(IDS, max_size=6))
    def delete(self, ids: list[str]) -> None:
        """Deleting names what was not there."""
        missing = self.writer.delete(ids)

        assert missing == [i for i in dict.fromkeys(ids) if i not in self.model]
        for id_ in ids:
            self.model.pop(id_, None)

    @rule(at=st.integers(1, 12))
    def seal(self, at: int) -> None:
        """Whether vectors are in a file or in the tail is nobody's business."""
        kept, writer_module.SEAL_AT = writer_module.SEAL_AT, at
        try:
            self.writer.seal()
        finally:
            writer_module.SEAL_AT = kept

    @rule(allow=FILTERS)
    def delete_where(self, allow: Filter) -> None:
        """What a filter lets pass is gone; the empty one is nobody's meaning."""
        if allow == Filter():
            with pytest.raises(UsageError):
                self.writer.delete_where(allow)
            return
        gone = [e.document for e in self.model.values() if allowed(e.document, allow)]
        assert self.writer.delete_where(allow) == Counter(d.lang for d in gone)
        for document in gone:
            del self.model[document.id]

    @rule()
    def compact(self) -> None:
        """Nothing is left of what was deleted, and no answer changes."""
        compact_files(self.writer)
        info = self.reader.info()
        assert (info.deleted, info.tail, info.files) == (0, 0, int(bool(self.model)))
        self.writer.store.erase(self.path / "tmp")

    @rule()
    def reopen(self) -> None:
        """Nothing is kept in memory alone."""
        self.writer.close()
        self.reader.close()
        self.writer = IndexWriter.open(self.path)
        self.reader = IndexReader.open(self.path)

    @rule(damage=st.sampled_from(["none", "delete", "flip"]), where=st.integers(0, 2**20))
    def rebuild(self, damage: str, where: int) -> None:
        """Repair brings back whatever is lost of the FAISS files, and every answer with it."""
        self.writer.close()
        self.reader.close()
        files = faiss_files(self.path)
        for file in files:
            if damage == "delete":
                file.unlink()
            elif damage == "flip":
                flip_bit(file, where % file.stat().st_size)
        assert len(verify(self.path)) == (0 if damage == "none" else len(files))
        repair(self.path)
        assert verify(self.path) == []
        self.writer = IndexWriter.open(self.path)
        self.reader = IndexReader.open(self.path)

    @rule(texts=st.lists(st.text(max_size=3), max_size=3), k=st.integers(1, 30), allow=FILTERS)
    def search(self, texts: list[str], k: int, allow: Filter) -> None:
        """Answers are those of a scan, to the last bit of the score and the order of ties."""
        queries = [embed(text) for text in texts]
        stacked = np.stack(queries) if queries else np.empty((0, SETTINGS.dim), np.float32)
        found = self.reader.search(stacked, k, allow)

        expected = [neighbours(self.model.values(), query, k, allow) for query in queries]
        assert [as_pairs(hits) for hits in found] == expected
        for hits in found:
            assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
            assert all(hit.document == self.model[hit.document.id].document for hit in hits)

    @rule(word=st.sampled_from(["text", "1", "text 11", "x"]), k=st.integers(1, 30), allow=FILTERS)
    def search_words(self, word: str, k: int, allow: Filter) -> None:
        """Lexical answers are those of the formula, whatever became of the texts meanwhile."""
        with self.reader.snapshot() as state:
            found = state.lexical([word], k, [allow])[0]
            hits = [(h.document.id, h.score) for h in state.hits([found])[0]]
        scores = bm25({id_: e.document.text for id_, e in self.model.items()}, word)
        passing = {i: s for i, s in scores.items() if allowed(self.model[i].document, allow)}
        assert len(hits) == min(k, len(passing))
        assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))
        assert [score for _, score in hits] == pytest.approx(
            sorted(passing.values(), reverse=True)[: len(hits)], rel=1e-6
        )

    @rule(allow=FILTERS)
    def count(self, allow: Filter) -> None:
        """Counts by language are those of a scan with the same filter."""
        passing = [e.document for e in self.model.values() if allowed(e.document, allow)]
        assert self.reader.language_counts(allow) == Counter(d.lang for d in passing)
        with self.reader.snapshot() as state:
            assert state.language_counts(allow) == Counter(d.lang for d in passing)
            for text in ("text 1", "text 2"):
                same = [i for i, e in self.model.items() if e.document.text == text]
                assert state.ids(text=text) == same

    @invariant()
    def content(self) -> None:
        """Documents, hashes and order are those of the model at every step."""
        if not hasattr(self, "writer"):
            return
        documents = [e.document for e in self.model.values()]
        assert list(self.reader.documents()) == documents
        assert list(self.writer.contents.all_hashes()) == [
            (d.id, content_hash(d)) for d in documents
        ]
        info = self.reader.info()
        assert info.documents == len(documents)
        assert info.groups == len({d.group for d in documents} - {None})

    def teardown(self) -> None:
        """Check the index once more and remove it."""
        if hasattr(self, "writer"):
            self.writer.close()
            self.reader.close()
            assert verify(self.path) == []
        shutil.rmtree(self.folder)


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(
    max_examples=80,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
