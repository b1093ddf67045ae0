"""What is done to an index in a soak, change after change: the same for whoever knows the seed.

The writer carries the changes out, each in one transaction; a reader that has counted the changes
in its snapshot knows every document, vector and score that it must be shown, and no other.
Sealing, compacting and rewriting happen between them and must change nothing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from indexer.debiasing import NOTHING, Debiasing
from indexer.records import EncodedDocument, Filter, Hit, Vectors
from indexer.transforms import Transform
from tests.indexer.reference import DIM, as_pairs, encoded, neighbours

LANGUAGES = ("de", "en", "he", "zh")
KINDS = ("add", "replace", "delete", "debias")
"""Kinds of commits that change what is answered; one commit each."""

START = 60
"""Documents of the build; the changes come after it."""

_MOST = 250


@dataclass(frozen=True)
class Change:
    """One transaction."""

    put: tuple[EncodedDocument, ...] = ()
    """Added, or put in the place of what has their ids."""
    drop: tuple[str, ...] = ()
    debiasing: Debiasing | None = None


@dataclass
class State:
    """All that an index answers after some number of changes."""

    seed: int
    number: int = 0
    """Changes made."""
    documents: dict[str, EncodedDocument] = field(default_factory=dict)
    transform: Transform | None = None

    def __post_init__(self) -> None:
        self.documents = {e.document.id: e for e in built(self.seed)}

    def next(self) -> Change:
        """Draw the next change; asked again, it is the same one."""
        rng = random.Random(f"{self.seed} {self.number}")
        ids, n = sorted(self.documents), self.number
        dice = rng.random()
        if dice < 0.05:
            return Change(debiasing=NOTHING if self.transform else _centring(rng))
        if dice < 0.3 or len(ids) > _MOST:
            return Change(drop=tuple(rng.sample(ids, rng.randint(1, 1 + len(ids) // 4))))
        fresh = [f"n{n}-{i}" for i in range(rng.randint(1, 24))]
        old = [] if dice < 0.6 else rng.sample(ids, min(len(ids), rng.randint(1, 24)))
        return Change(put=tuple(_document(id_, n, rng) for id_ in (*fresh, *old)))

    def apply(self, change: Change) -> None:
        """Make a change."""
        for id_ in change.drop:
            del self.documents[id_]
        self.documents.update((e.document.id, e) for e in change.put)
        if change.debiasing is not None:
            self.transform = change.debiasing.transform
        self.number += 1

    def reach(self, number: int) -> None:
        """Make changes until so many are made; there is no way back."""
        assert number >= self.number, f"{number} changes after {self.number}"
        while self.number < number:
            self.apply(self.next())

    def neighbours(self, query: Vectors, lang: str, k: int, allowed: Filter) -> list[object]:
        """Scan all documents, as :meth:`pairs` shows hits."""
        held = list(self.documents.values())
        if self.transform is not None:
            languages = [e.document.lang for e in held]
            moved = self.transform.apply(np.array([e.vector for e in held]), languages)
            held = [EncodedDocument(e.document, v, 0, 0) for e, v in zip(held, moved, strict=True)]
            query = self.transform.apply(query[None], [lang])[0]
        found = neighbours(held, query, k, allowed)
        return [(id_, score, self.documents[id_].document) for id_, score in found]


def pairs(hits: Sequence[Hit]) -> list[object]:
    """Show hits as :meth:`State.neighbours` does: id, score and all of the document."""
    shown = zip(as_pairs(hits), hits, strict=True)
    return [(id_, score, hit.document) for (id_, score), hit in shown]


def built(seed: int) -> list[EncodedDocument]:
    """Make the documents of the build."""
    rng = random.Random(seed)
    return [_document(f"b{i}", -1, rng) for i in range(START)]


def _document(id_: str, version: int, rng: random.Random) -> EncodedDocument:
    """Make a document that tells which change put it there; texts recur, so that scores tie."""
    text = f"text {rng.randrange(100)}"
    return encoded(
        id_,
        text,
        lang=rng.choice(LANGUAGES),
        group=f"g{rng.randrange(20)}",
        metadata={"version": version, "topic": rng.choice("abc")},
    )


def _centring(rng: random.Random) -> Debiasing:
    """Move the vectors of each language."""
    offset = np.array(
        [[rng.uniform(-0.3, 0.3) for _ in range(DIM)] for _ in range(len(LANGUAGES) + 1)],
        np.float32,
    )
    return Debiasing("centring", Transform("centring", LANGUAGES, offset), created="soak")
