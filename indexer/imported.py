"""An index over vectors made elsewhere: row *i* of them belongs to record *i* of a corpus.

Batches, commits and resuming are those of a build; see ``indexer/intake.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.apart import drafted
from indexer.corpus import Query, Record
from indexer.detectors import DEFAULT_DETECTOR
from indexer.drafts import Drafts, DraftSource
from indexer.encoders.vectors_only import VectorsOnly
from indexer.errors import IncompatibleError, InputError, UsageError
from indexer.index import (
    Indexing,
    IndexReader,
    IndexSettings,
    IndexWriter,
    index_state,
)
from indexer.intake import BuildReport, Progress
from indexer.readers.guess import Found
from indexer.records import Vectors
from indexer.stages import Stages, untold
from indexer.vectorfiles import Units, VectorFiles, open_vectors

DEFAULT_NAME = "imported"

BATCH = 8192
"""Corpus records a transaction at most: losing one costs little, and each waits for the disk."""

_BATCH_BYTES = 16 << 20
_PARTS, _FEWEST = 16, 1024
"""A transaction takes at most one part in so many, and not fewer records than these for that."""


@dataclass(frozen=True, slots=True)
class ImportReport(BuildReport):
    """What an import did."""

    rescaled: int
    """Rows that were not of unit length; every row is divided by its length."""


def import_vectors(  # noqa: PLR0913 - each is a choice of its own
    vectors: str | Path | VectorFiles,
    records: Iterable[Record],
    path: str | Path,
    *,
    name: str = DEFAULT_NAME,
    detector: str = DEFAULT_DETECTOR,
    expected: int | None = None,
    lexical: bool = True,
    progress: Progress | None = None,
    indexing: Indexing | None = None,
    stages: Stages = untold,
) -> ImportReport:
    """Make an index of vectors and their records, or go on with an import that was interrupted.

    Every record must be accepted, since the rows behind a refused one would belong to others. A
    record without an id that says the same as an earlier one is left out with its row, and
    counted as ``unchanged``, like in a build.

    Args:
        vectors: opened files, or what :func:`open_vectors` opens; every row is made a unit vector.
        records: the documents, record *i* of row *i*; read as they are needed.
        path: the index directory; made when absent.
        name: what people call the encoder; part of the fingerprint.
        detector: name of what told the languages of documents without a label.
        expected: the number of records, when it is known; held against the rows before anything
            is written. When it is not known and the counts differ, what was committed is taken
            back, and the index stays unfinished and empty.
        lexical: whether texts are kept for lexical search, too.
        progress: called after each commit with the number of records dealt with.
        indexing: how FAISS is to search; chosen by the number of documents when None, or as an
            interrupted run was told.
        stages: told how far the writing of FAISS files is, once all records are committed.

    Raises:
        UsageError: there is a finished index, the directory holds something else, or the corpus
            or the vectors differ from those the import began with.
        InputError: a file, a row or a record is refused, or the counts differ.
        IncompatibleError: the build there began with another encoder.
        LockedError: another process writes to the index.
    """
    path = Path(path)
    file = vectors if isinstance(vectors, VectorFiles) else open_vectors(vectors)
    if expected is not None and expected != file.rows:
        raise _unequal(file, expected)
    encoder = VectorsOnly(name, file.dim, f"made elsewhere, {file.dtype}")
    settings = IndexSettings.of(encoder, encoder.spec, "passage", detector, lexical=lexical)
    state = index_state(path)
    if state == "ready":
        raise UsageError(
            f"{path}: there is a finished index", "name another directory for the vectors"
        )
    building = state == "building"
    with (
        drafted(records, expected, batch_of(file.dim, file.rows)) as source,
        IndexWriter.open(path) if building else IndexWriter.create(path, settings) as writer,
    ):
        writer.begin_again(lambda: settings)
        _check_same(writer, settings)
        writer.settings.check_choices(path, role="passage", detector=detector, lexical=lexical)
        if indexing is not None:
            writer.ask_for(indexing)
        run = _Import(writer, file, source, progress)
        run.resume()
        run.consume()
        writer.finish(stages)
    return run.report(path)


def read_query_vectors(
    vectors: str | Path, queries: Sequence[Query], dim: int, column: str | None = None
) -> Vectors:
    """Read the vectors of queries, row *i* of query *i*.

    Args:
        vectors: what :func:`open_vectors` opens.
        queries: n queries.
        dim: the dimension of the index.
        column: that holds them in a Parquet file.

    Returns:
        (n, dim) float32 unit rows.

    Raises:
        InputError: a file or a row is refused, or its shape is not (n, dim).
    """
    file = open_vectors(vectors, column)
    if file.dim != dim:
        raise InputError(
            f"{file.name}: its vectors have {file.dim} dimensions, those of the index {dim}",
            "encode the queries with the encoder that made the vectors of the index",
        )
    if file.rows != len(queries):
        raise InputError(
            f"{file.name}: {file.rows} vectors for {len(queries)} queries",
            "give one row a query, in the order of the queries",
        )
    return file.units(0, file.rows, lambda i: queries[i].place).vectors


def count_records(found: Sequence[Found]) -> int | None:
    """Count the records of sources, parsing as little of them as can be.

    Returns:
        The count; None for standard input and pipes, which can be read only once, and for formats
        whose records only reading can count.

    Raises:
        InputError: a source cannot be read.
    """
    counts = [_count(one) for one in found]
    return None if None in counts else sum(count or 0 for count in counts)


def _count(found: Found) -> int | None:
    reader, source = found.reader, found.source
    files = [Path(path) for path in source.paths]
    if reader is None or not all(file.exists() and not file.is_fifo() for file in files):
        return None
    return reader.count(source) if reader.exact and reader.count else None


class _Import:
    """One pass over a corpus and its vectors, with its counts."""

    def __init__(
        self,
        writer: IndexWriter,
        file: VectorFiles,
        source: DraftSource,
        progress: Progress | None,
    ) -> None:
        self._writer = writer
        self._file = file
        self._source = source
        self._progress: Progress = progress or (lambda _done: None)
        self._batch = batch_of(file.dim, file.rows)
        self._resumed_at = writer.cursor
        self._done = self._added = self._unchanged = self._rescaled = 0

    def resume(self) -> None:
        """Pass over what an interrupted import has committed, and see that it is the same."""
        committed = self._writer.contents.all_hashes()
        expected = next(committed, None)
        while ids := (batch := self._take(self._resumed_at - self._done)).ids:
            units = self._units(batch, self._done)
            self._rescaled += units.rescaled
            kept: list[int] = []
            for offset, (id_, hash_) in enumerate(zip(ids, batch.hashes, strict=True)):
                if expected == (id_, hash_):
                    kept.append(offset)
                    expected = next(committed, None)
                elif batch.named[offset] or not self._writer.contents.hashes([id_]):
                    raise _another(batch.places[offset], "corpus")
                else:
                    self._unchanged += 1
            self._compare(ids, units, kept)
            self._done += len(ids)
            self._progress(self._done)
        if expected is not None or self._done < self._resumed_at:
            raise _another(str(self._writer.path), "corpus")

    def consume(self) -> None:
        """Commit all records, a batch a transaction.

        Raises:
            InputError: a row or a record is refused, or there are not as many of both.
        """
        batch, units = self._read(self._done)
        while size := len(batch.values):
            if self._done + size > self._file.rows:
                self._take_back(self._done + size)
            accepted = self._choose(batch)
            self._done += size
            self._rescaled += units.rescaled
            chosen = units.vectors if len(accepted) == size else units.vectors[accepted]
            # The next batch is read while the disk takes this one.
            with self._writer.adding(batch.choose(accepted), chosen, self._done):
                batch, units = self._read(self._done)
            self._added += len(accepted)
            self._progress(self._done)
        if self._done < self._file.rows:
            self._take_back(self._done)

    def _read(self, start: int) -> tuple[Drafts, Units]:
        """Read a batch of records and their rows; past the last row there are none."""
        batch = self._take(self._batch)
        return batch, self._units(batch, start)

    def _take(self, most: int) -> Drafts:
        return self._source.take(min(self._batch, most))

    def report(self, path: Path) -> ImportReport:
        """Sum up, with the index as it is now."""
        with IndexReader.open(path) as reader:
            info = reader.info()
        return ImportReport(
            documents=info.documents,
            added=self._added,
            replaced=0,
            unchanged=self._unchanged,
            resumed_at=self._resumed_at,
            rejected=0,
            languages=dict(info.languages),
            detected=info.language_sources.get("detected", 0),
            truncated={},
            rescaled=self._rescaled,
            plan=info.plan,
            contradictions=self._source.contradictions(),
        )

    def _units(self, batch: Drafts, start: int) -> Units:
        """Read the rows of a batch, as many as there are."""
        stop = min(start + len(batch.values), self._file.rows)
        return self._file.units(start, stop, lambda i: batch.places[i])

    def _choose(self, batch: Drafts) -> list[int]:
        """Find the records of a batch that are new, by their position in it."""
        ids = batch.ids
        known = self._writer.contents.hashes(ids)
        accepted: dict[str, int] = {}
        for i, id_ in enumerate(ids):
            if id_ not in known and id_ not in accepted:
                accepted[id_] = i
            elif batch.named[i]:
                raise InputError(
                    f"{batch.places[i]}: duplicate id {id_!r}",
                    "give every document an id of its own",
                )
            else:
                self._unchanged += 1
        return list(accepted.values())

    def _compare(self, ids: Sequence[str], units: Units, kept: Sequence[int]) -> None:
        """Refuse to go on with other vectors than those that are committed."""
        committed = self._writer.contents.vectors([ids[i] for i in kept])
        given = units.vectors[list(kept)] if kept else units.vectors[:0]
        differ = np.flatnonzero((committed != given).any(axis=1))
        if len(differ):
            row = self._done + kept[int(differ[0])]
            raise _another(self._file.row(row), "vectors")

    def _take_back(self, records: int) -> None:
        """Empty the index, then refuse, naming both counts."""
        self._writer.restart()
        while more := len(self._take(self._batch).values):
            records += more
        raise _unequal(self._file, records)


def batch_of(dim: int, rows: int) -> int:
    """Choose the records a transaction: what lies in memory meanwhile is small beside the vectors.

    Args:
        dim: of the vectors; there are fewer long ones.
        rows: how many there are in all.
    """
    return max(1, min(BATCH, _BATCH_BYTES // (4 * dim), max(_FEWEST, rows // _PARTS)))


def _check_same(writer: IndexWriter, settings: IndexSettings) -> None:
    ours = writer.settings
    if (ours.fingerprint, ours.dim) == (settings.fingerprint, settings.dim):
        return
    raise IncompatibleError(
        f"{writer.path}: its build began with {ours.encoder_name} of {ours.dim} dimensions, "
        f"not with vectors {settings.encoder_name!r} of {settings.dim}",
        "go on with what it began with, or start in another directory",
    )


def _unequal(file: VectorFiles, records: int) -> InputError:
    return InputError(
        f"{file.name}: {file.rows} vectors for {records} records; nothing was kept",
        "give one row a record, in the order of the corpus",
    )


def _another(place: str, what: str) -> UsageError:
    return UsageError(
        f"{place}: not the {what} that the interrupted import began with",
        "give the same files in the same order, or start in another directory",
    )
