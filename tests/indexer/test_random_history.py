"""However an index came to hold its documents, it answers like a fresh one of the same documents.

Thousands of operations in random order, all that can be done to an index, each with its own
connections as a command has them; beside it a dictionary. What is compared at the end is compared
exactly: documents, vectors to the bit, scores to the bit, the order of ties.
"""

import random
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import interlingua
from indexer import sealing
from indexer import writer as writer_module
from indexer.backup import backup
from indexer.build import add, build
from indexer.compaction import compact
from indexer.corpus import read_corpus
from indexer.debiasing import NOTHING, Debiasing
from indexer.encoders import EncoderSpec, open_encoder
from indexer.errors import InputError
from indexer.exports.export import export
from indexer.index import IndexReader, IndexWriter
from indexer.intake import OnDuplicate
from indexer.purge import purge
from indexer.records import Condition, Document, Filter
from indexer.removal import delete, delete_where
from indexer.repair import repair
from indexer.restore import restore
from indexer.transforms import Statistics, fit_transform
from indexer.verify import verify
from search.options import Mode
from tests.indexer.reference import allowed, dump, faiss_files, flip_bit

HASHING = EncoderSpec("hashing:16")
IDS = [f"d{n}" for n in range(400)]
LANGUAGES = ("de", "en", "he", "zh", "und")
TOPICS: list[object] = ["food", "travel", 1, 2, 2.5, "10", True, None]
FILTERS = (
    Filter(),
    Filter(languages=frozenset({"he", "zh"})),
    Filter(where=(Condition("topic", "food"),)),
    Filter(where=(Condition("topic", "2", ">="),), exclude=frozenset(IDS[:50])),
    Filter(languages=frozenset({"de"}), where=(Condition("topic", "t", "^="),)),
)


class History:
    """An index beside a dictionary, and all that can be done to both."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.folder, self.path = folder, folder / "i0"
        self.model: dict[str, Document] = {}
        self.moves = 0
        first = [self.document() for _ in range(30)]
        self.model = {d.id: d for d in first}
        build(list(self.model.values()), self.path, encoder=HASHING)
        often: list[tuple[Callable[[], None], int]] = [
            (self.add, 30), (self.delete, 15), (self.delete_where, 3), (self.seal, 6),
            (self.compact, 3), (self.purge, 2), (self.move, 1), (self.damage, 1),
            (self.debias, 1), (self.export, 1), (self.search, 10),
        ]  # fmt: skip
        self.doings, self.weights = zip(*often, strict=True)

    def step(self) -> None:
        """Do one thing."""
        self.rng.choices(self.doings, self.weights)[0]()

    def document(self) -> Document:
        """Make a document; few ids and few texts, so that both meet again."""
        topic = self.rng.choice(TOPICS)
        return Document(
            self.rng.choice(IDS),
            f"sentence {self.rng.randrange(150)} of {self.rng.randrange(3)}",
            self.rng.choice(LANGUAGES),
            self.rng.choice([None, "g1", "g2"]),
            {} if topic is None else {"topic": topic},
        )

    def add(self) -> None:
        """Add under each policy; what is refused leaves what came before it."""
        batch = [self.document() for _ in range(self.rng.choice([1, 1, 2, 5, 20]))]
        policy: OnDuplicate = self.rng.choice(["error", "skip", "replace", "replace"])
        known = [d for d in batch if d.id in self.model]
        if policy == "error" and (known or len({d.id for d in batch}) < len(batch)):
            with pytest.raises(InputError, match="duplicate id"):
                add(batch, self.path, on_duplicate=policy)
            return
        add(batch, self.path, on_duplicate=policy)
        for document in batch:
            if policy == "replace":
                self.model[document.id] = document
            else:
                self.model.setdefault(document.id, document)

    def delete(self) -> None:
        """Delete some that are there and some that are not."""
        ids = self.rng.sample(IDS, self.rng.choice([1, 2, 10, 40]))
        missing = delete(ids, self.path)
        assert missing == [id_ for id_ in ids if id_ not in self.model]
        for id_ in ids:
            self.model.pop(id_, None)

    def delete_where(self) -> None:
        """Delete what a filter lets pass, some of it kept by id."""
        kept = frozenset(self.rng.sample(IDS, 350))
        filter_ = self.rng.choice(FILTERS[1:])
        filter_ = Filter(filter_.languages, filter_.where, kept)
        gone = [d.id for d in self.model.values() if allowed(d, filter_)]
        assert sum(delete_where(filter_, self.path).values()) == len(gone)
        for id_ in gone:
            del self.model[id_]

    def seal(self) -> None:
        """Put the tail into a file."""
        with IndexWriter.open(self.path) as writer:
            writer.finish()

    def compact(self) -> None:
        """Few files, without the dead."""
        assert compact(self.path).documents == len(self.model)

    def purge(self) -> None:
        """No byte of the dead."""
        assert purge(self.path).documents == len(self.model)

    def move(self) -> None:
        """Back up, restore, and go on with the restored one."""
        self.moves += 1
        old, kept, new = (self.folder / f"{n}{self.moves}" for n in ("o", "b", "i"))
        backup(self.path, kept, copy=self.rng.random() < 0.5)
        self.path.rename(old)
        restore(kept, new, copy=self.rng.random() < 0.5)
        self.path = new
        shutil.rmtree(old)
        shutil.rmtree(kept)

    def damage(self) -> None:
        """Lose FAISS files and repair."""
        for file in faiss_files(self.path):
            if self.rng.random() < 0.5:
                flip_bit(file, self.rng.randrange(file.stat().st_size))
        repair(self.path)
        assert verify(self.path) == []

    def debias(self) -> None:
        """Transform, and take the transform back or leave it for a while."""
        statistics = Statistics(16)
        with IndexReader.open(self.path) as reader:
            for page in reader.pages():
                statistics.add(page.vectors, page.languages, page.groups)
        if len(statistics.moments.languages) < 2:
            return
        with IndexWriter.open(self.path) as writer:
            writer.debias(Debiasing("centring", fit_transform("centring", statistics)))

    def export(self) -> None:
        """What is written out is what is there."""
        target = self.folder / "out.jsonl"
        with target.open("wb") as file:
            export(self.path, file)
        found = [record.document for record in read_corpus([str(target)])] if self.model else []
        assert {d.id: d for d in found} == self.model

    def search(self) -> None:
        """A query finds as many as there are."""
        query = open_encoder(HASHING).encode(["sentence 7 of 1"], "query").vectors
        filter_ = self.rng.choice(FILTERS)
        passing = sum(allowed(d, filter_) for d in self.model.values())
        with IndexReader.open(self.path) as reader:
            assert len(reader.search(query, 10, filter_)[0]) == min(10, passing)

    def check(self) -> None:
        """Hold content and answers against a fresh build."""
        assert verify(self.path) == []
        with IndexWriter.open(self.path) as writer:
            writer.debias(NOTHING)
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        build(list(self.model.values()), fresh, encoder=HASHING)
        assert dump(self.path) == dump(fresh)
        texts = [f"sentence {n} of {n % 3}" for n in range(0, 150, 5)] + ["", "something else"]
        queries = open_encoder(HASHING).encode([t or "x" for t in texts], "query").vectors
        with IndexReader.open(self.path) as one, IndexReader.open(fresh) as other:
            for filter_ in FILTERS:
                for k in (1, 10, 500):
                    found, expected = (r.search(queries, k, filter_) for r in (one, other))
                    assert found == expected
                assert one.language_counts(filter_) == other.language_counts(filter_)
            ids = sorted(self.model)
            assert np.array_equal(one.vectors(ids), other.vectors(ids))
        with interlingua.open(self.path) as mine, interlingua.open(fresh) as its:
            modes: tuple[Mode, ...] = ("lexical", "hybrid")
            for mode, text in product(modes, texts[:12]):
                answer, meant = (i.search(text or "x", mode=mode) for i in (mine, its))
                assert (answer.hits, answer.report) == (meant.hits, meant.report)


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int, steps: int, every: int) -> None:
    """Do ``steps`` random operations, and check after every ``every``."""
    monkeypatch.setattr(writer_module, "SEAL_AT", 60)
    monkeypatch.setattr(sealing, "ROWS_A_FILE", 80)
    history = History(folder, seed)
    for number in range(1, steps + 1):
        history.step()
        if number % every == 0 or number == steps:
            history.check()


def test_some_hundred_operations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short history, in which everything happens at least once or twice."""
    run(tmp_path, monkeypatch, seed=1, steps=200, every=100)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [2])
def test_ten_thousand_operations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """A long one."""
    run(tmp_path, monkeypatch, seed, steps=10_000, every=1000)
