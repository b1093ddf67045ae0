"""One pass over a corpus: read, encode, commit, batch by batch.

Every batch is cut at the same place of the corpus, whatever was interrupted, and each is one
transaction. A build that was killed goes on behind its last committed batch and ends with the
same documents and the same vectors as one that ran through.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from indexer.chunking import joint_hash, splitter
from indexer.contradictions import Contradiction, LabelCheck
from indexer.corpus import Record
from indexer.encoders import Encoder
from indexer.errors import DuplicateError, InputError, UsageError
from indexer.index import IndexReader, IndexWriter, Plan, content_hash
from indexer.records import Document, EncodedDocument, Role
from indexer.rejects import Rejects

BATCH = 512
"""Corpus records a transaction: what an interruption can cost at most."""

OnDuplicate = Literal["error", "skip", "replace"]

Progress = Callable[[int], None]
"""Called with the number of corpus records dealt with so far, after each commit."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build or an addition did."""

    documents: int
    """Documents in the index now."""
    added: int
    """Documents committed by this run, replaced ones included."""
    replaced: int
    unchanged: int
    """Records left out: skipped, already there with the same content, or the same text again."""
    resumed_at: int
    """Corpus records that an earlier, interrupted run had dealt with."""
    rejected: int
    languages: dict[str, int]
    detected: int
    """Documents whose language was detected, not given."""
    truncated: dict[str, tuple[int, int]]
    """By language: documents longer than the model takes, and the tokens it never saw."""
    contradictions: tuple[Contradiction, ...] = field(default=(), kw_only=True)
    """Labels of the corpus that the script of their text contradicts."""
    reused: int = field(default=0, kw_only=True)
    """Of the added documents, those whose text the index had, under any id: not encoded again."""
    wholes: int | None = field(default=None, kw_only=True)
    """Documents of the corpus that are in the index, where they are cut: ``documents``, ``added``,
    ``reused``, ``languages`` and ``truncated`` count their chunks then, the rest documents."""
    plan: Plan | None = field(default=None, kw_only=True)
    """How FAISS searches, and why."""


class _Cut(NamedTuple):
    """A record and what is encoded of it: itself, or its chunks."""

    record: Record
    pieces: list[Document]

    @property
    def hash(self) -> str:
        """Content hash of the whole."""
        return joint_hash([content_hash(piece) for piece in self.pieces])


class Intake:
    """One pass over a corpus: batches in, transactions out, with its counts.

    Args:
        writer: of the index.
        load: opens the encoder; called when a text needs it.
        rejects: takes refused records.
        on_duplicate: what happens to an id that is already there.
        progress: called after each commit.
    """

    def __init__(
        self,
        writer: IndexWriter,
        load: Callable[[], Encoder],
        rejects: Rejects,
        on_duplicate: OnDuplicate,
        progress: Progress | None,
    ) -> None:
        self._writer = writer
        self._load = load
        self._split = splitter(writer.settings.chunking, load, writer.settings.role)
        self._rejects = rejects
        self._on_duplicate = on_duplicate
        self._progress = progress or _silent
        self._resumed_at = writer.cursor if writer.state == "building" else 0
        self._done = 0
        self._added = self._replaced = self._unchanged = self._reused = 0
        self.labels = LabelCheck()

    def skip(self, records: Iterator[Record]) -> None:
        """Pass over the records of an interrupted build, and see that they are the same."""
        held = self._writer.contents
        committed = held.all_hashes()
        expected = next(committed, None)
        for record in islice(records, self._resumed_at):
            self._done += 1
            pieces = self._cut(record)
            if not pieces:
                continue  # refused, then as now
            if expected == (pieces[0].id, content_hash(pieces[0])):
                for piece in pieces:
                    if expected != (piece.id, content_hash(piece)):
                        raise _another_corpus(record.place)
                    expected = next(committed, None)
            elif held.inserted_before(pieces[0].id, expected[0] if expected else None):
                self._repeated(record)  # its id had come before, then as now
            else:
                raise _another_corpus(record.place)
        if expected is not None or self._done < self._resumed_at:
            raise _another_corpus(str(self._writer.path))
        if self._done:
            self._progress(self._done)

    def consume(self, records: Iterator[Record]) -> None:
        """Encode and commit all records, a batch a transaction."""
        building = self._writer.state == "building"
        while batch := self._batch(records):
            accepted, replaced = self._choose(batch)
            encoded = self._encoded(accepted)
            if encoded or building:
                self._writer.add(
                    encoded,
                    replace=self._on_duplicate == "replace",
                    cursor=self._done if building else None,
                )
            self._added += len(encoded)
            self._replaced += replaced
            self._progress(self._done)

    def _batch(self, records: Iterator[Record]) -> list[_Cut]:
        """Take records with their pieces, until there are :data:`BATCH` of either."""
        batch: list[_Cut] = []
        taken = pieces = 0
        for record in islice(records, BATCH):
            taken += 1
            batch.append(_Cut(record, self._cut(record)))
            pieces += len(batch[-1].pieces)
            if pieces >= BATCH:
                break
        self._done += taken
        return batch

    def _cut(self, record: Record) -> list[Document]:
        """Cut a record; nothing is left of one that is refused."""
        try:
            return self._split(record.document)
        except InputError as error:
            self._rejects.add(record.place, error.message, error.remedy or "", record.document.text)
            return []

    def _choose(self, batch: Sequence[_Cut]) -> tuple[list[Document], int]:
        """Decide what of a batch is encoded, and how many documents of it replace others."""
        existing = self._writer.contents.whole_hashes([cut.record.document.id for cut in batch])
        accepted: dict[str, _Cut] = {}
        for cut in batch:
            if not cut.pieces:
                continue
            id_ = cut.record.document.id
            twin = accepted.get(id_)
            known = twin.hash if twin is not None else existing.get(id_)
            if known is None:
                accepted[id_] = cut
            elif self._on_duplicate == "error":
                self._repeated(cut.record)
            elif self._on_duplicate == "skip" or known == cut.hash:
                self._unchanged += 1
            else:
                accepted[id_] = cut
        pieces = [piece for cut in accepted.values() for piece in cut.pieces]
        return pieces, len(existing.keys() & accepted.keys())

    def _encoded(self, documents: Sequence[Document]) -> list[EncodedDocument]:
        """Encode documents, but for those whose very text a finished index has already."""
        kept = {}
        if self._writer.state == "ready":
            kept = {e.document.id: e for e in self._writer.contents.encoded_before(documents)}
            self._reused += len(kept)
        fresh = [d for d in documents if d.id not in kept]
        if fresh:
            encoded = _encode(self._load(), fresh, self._writer.settings.role)
            kept.update({e.document.id: e for e in encoded})
        return [kept[d.id] for d in documents]

    def _repeated(self, record: Record) -> None:
        """Refuse a repeated id; a record without one says the same again, and is left out."""
        if not record.named:
            self._unchanged += 1
            return
        id_, place = record.document.id, record.place
        policy = "tolerate it with --max-rejects"
        if self._writer.state == "ready":
            policy = "choose --on-duplicate skip or replace"
        remedy = f"give every document an id of its own, or {policy}"
        try:
            self._rejects.add(place, f"duplicate id {id_!r}", remedy, record.document.text)
        except InputError as refused:
            raise DuplicateError([id_], refused.remedy, place) from None

    def report(self, path: Path) -> BuildReport:
        """Sum up, with the index as it is now."""
        with IndexReader.open(path) as reader:
            info = reader.info()
        return BuildReport(
            documents=info.documents,
            added=self._added,
            replaced=self._replaced,
            unchanged=self._unchanged,
            resumed_at=self._resumed_at,
            rejected=self._rejects.count,
            languages=dict(info.languages),
            detected=info.language_sources.get("detected", 0),
            truncated=dict(info.truncated),
            contradictions=self.labels.found(),
            reused=self._reused,
            wholes=info.wholes,
            plan=info.plan,
        )


def _encode(encoder: Encoder, documents: Sequence[Document], role: Role) -> list[EncodedDocument]:
    """Encode the texts of documents, in their order."""
    encoding = encoder.encode([d.text for d in documents], role)
    return [
        EncodedDocument(document, vector, int(tokens), int(dropped))
        for document, vector, tokens, dropped in zip(documents, *encoding, strict=True)
    ]


def _another_corpus(place: str) -> UsageError:
    return UsageError(
        f"{place}: not the corpus that the interrupted build began with",
        "give the same files in the same order and the same options (--lang, fields, format), or "
        "start in another directory",
    )


def _silent(_done: int) -> None:
    """Report no progress."""
