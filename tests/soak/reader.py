"""A reader of a soak: asks without end, and holds every answer against the state it belongs to.

``python -m tests.soak.reader INDEX SEED NUMBER``: until it is told to stop by a line on standard
input; it then says how much it has asked, as JSON. The first wrong answer ends it with a
traceback.
"""

import json
import random
import sys
import time
from pathlib import Path

from indexer.index import IndexReader, Snapshot
from indexer.records import Condition, Filter
from tests.indexer.reference import embed
from tests.soak.plan import LANGUAGES, State, pairs
from tests.soak.writer import changes_made, told_to_stop


class Asking:
    """What one thread has asked; its model of the index goes on with it."""

    def __init__(self, seed: int, rng: random.Random) -> None:
        self.rng = rng
        self.expected = State(seed)
        self.answers = 0
        self.states: set[int] = set()

    def ask(self, reader: IndexReader) -> None:
        """Hold one state and ask some questions, now and then long enough for others to pass."""
        with reader.snapshot() as state:
            self.expected.reach(changes_made(state._conn))
            seq = state.seq
            for _ in range(self.rng.randint(1, 6)):
                self.rng.choice([self._search, self._search, self._content, self._counts])(state)
                self.answers += 1
                if self.rng.random() < 0.05:
                    time.sleep(self.rng.random() * 0.3)
            assert state.seq == seq
        self.states.add(seq)

    def _search(self, state: Snapshot) -> None:
        lang, k = self.rng.choice([*LANGUAGES, "und"]), self.rng.choice([1, 5, 20, 400])
        query = embed(f"text {self.rng.randrange(120)}")
        found = state.search(query[None], k, allowed := self._filter(), languages=[lang])[0]
        wanted = self.expected.neighbours(query, lang, k, allowed)
        assert pairs(found) == wanted, (state.seq, self.expected.number)

    def _filter(self) -> Filter:
        ids = sorted(self.expected.documents)
        return self.rng.choice(
            [
                Filter(),
                Filter(languages=frozenset(self.rng.sample(LANGUAGES, 2))),
                Filter(where=(Condition("topic", self.rng.choice("abcd")),)),
                Filter(exclude=frozenset(self.rng.sample(ids, len(ids) // 3))),
            ]
        )

    def _content(self, state: Snapshot) -> None:
        """All documents and vectors, and one by its id."""
        held = self.expected.documents
        found = {d.id: d for d in state.documents()}
        assert found == {id_: e.document for id_, e in held.items()}
        ids = self.rng.sample(sorted(held), min(10, len(held)))
        for id_, vector in zip(ids, state.vectors(ids), strict=True):
            assert vector.tobytes() == held[id_].vector.tobytes()
        assert state.document(f"n{self.expected.number}-0") is None
        if ids:
            assert state.document(ids[0]) == held[ids[0]].document

    def _counts(self, state: Snapshot) -> None:
        """Numbers by language, the members of a group, the size of the index."""
        held = [e.document for e in self.expected.documents.values()]
        spoken = {lang: sum(d.lang == lang for d in held) for lang in LANGUAGES}
        assert state.language_counts() == {lang: n for lang, n in spoken.items() if n}
        group = f"g{self.rng.randrange(21)}"
        assert sorted(state.ids(group=group)) == sorted(d.id for d in held if d.group == group)
        info = state.info()
        assert info.documents == len(held)
        assert info.transform == ("centring" if self.expected.transform else "none")


def _main() -> None:
    path, seed, number = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(number)
    stop = told_to_stop()
    asking, opened, files = Asking(seed, rng), 0, 0
    while not stop.is_set():
        opened += 1
        with IndexReader.open(path) as reader:
            for _ in range(rng.randint(1, 400)):
                if not stop.is_set():
                    asking.ask(reader)
        files = max(files, len(list(Path("/proc/self/fd").iterdir()))) if opened > 1 else files
    said = {"answers": asking.answers, "states": len(asking.states), "opened": opened}
    print(json.dumps({**said, "files": files}))  # noqa: T201


if __name__ == "__main__":
    _main()
