"""What a corpus would be read as: its first records, its languages, what would be refused."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b

from indexer.chunking import Split
from indexer.contradictions import Contradiction, LabelCheck
from indexer.corpus import Record
from indexer.errors import InputError
from indexer.rejects import Rejects


@dataclass(frozen=True, slots=True)
class Preview:
    """A corpus that was read from end to end, and not kept."""

    records: int
    """Records that were read and not refused."""
    first: tuple[Record, ...]
    languages: Mapping[str, int]
    """Records of each language, the most frequent first."""
    detected: int
    """Records whose language was detected, not given."""
    repeated: int
    """Records that came before and are not refused for it: left out, or they replace others."""
    stopped: InputError | None
    """What would end the reading, whatever is tolerated."""
    contradictions: tuple[Contradiction, ...]
    """Labels that the script of their text contradicts."""
    chunks: Mapping[str, int] | None
    """Chunks of each language, the most frequent first; None where documents stay whole."""


def preview(
    records: Iterable[Record],
    rejects: Rejects,
    *,
    first: int = 5,
    exists: Callable[[str], bool] | None = None,
    refuse_repeated: bool = True,
    split: Split | None = None,
) -> Preview:
    """Read a corpus to its end and say what is in it.

    Memory does not grow with the corpus: ids that came before are kept in a temporary file.

    Args:
        records: of ``read_corpus``, with ``rejects`` as its own.
        rejects: also takes ids that come twice.
        first: how many records to keep.
        exists: tells whether an index has an id already.
        refuse_repeated: whether an id that came before is refused; a record without an id of
            its own never is.
        split: cuts documents as the index would; they stay whole when None.
    """
    shown: list[Record] = []
    languages: Counter[str] = Counter()
    chunks: Counter[str] = Counter()
    labels = LabelCheck()
    detected = repeated = 0
    stopped = None
    with closing(_Seen()) as seen:
        try:
            for record in labels.watch(records):
                document = record.document
                pieces = _cut(record, split, rejects) if split else 1
                if not pieces:
                    continue
                there = exists is not None and exists(document.id)
                if seen.before(document.id) or there:
                    if refuse_repeated and record.named:
                        rejects.add(record.place, "duplicate id", None, document.text)
                    else:
                        repeated += 1
                    continue
                if len(shown) < first:
                    shown.append(record)
                languages[document.lang] += 1
                chunks[document.lang] += pieces
                detected += document.lang_source == "detected"
        except InputError as error:
            stopped = error
    return Preview(
        records=languages.total(),
        first=tuple(shown),
        languages=dict(languages.most_common()),
        detected=detected,
        repeated=repeated,
        stopped=stopped,
        contradictions=labels.found(),
        chunks=dict(chunks.most_common()) if split else None,
    )


def _cut(record: Record, split: Split, rejects: Rejects) -> int:
    """Count the chunks of a record; there are none of one that cannot be cut."""
    try:
        return len(split(record.document))
    except InputError as error:
        rejects.add(record.place, error.message, error.remedy or "", record.document.text)
        return 0


class _Seen:
    """Which ids came before, in a temporary file of SQLite that nobody sees."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("create table seen (id blob primary key) without rowid")
        self._database.execute("begin")

    def before(self, id_: str) -> bool:
        """Note an id, and tell whether it was noted before."""
        key = blake2b(id_.encode(), digest_size=16).digest()
        return self._database.execute("insert or ignore into seen values (?)", (key,)).rowcount == 0

    def close(self) -> None:
        """Drop the file."""
        self._database.close()
