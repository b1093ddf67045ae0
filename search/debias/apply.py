"""Fit a method and put an index through it; or take it off again."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from indexer.corpus import Record
from indexer.encoders import Encoder
from indexer.errors import IncompatibleError
from indexer.index import NOTHING, Debiasing, IndexReader, IndexWriter
from indexer.records import Role
from indexer.stages import Stages, untold
from indexer.transforms import METHODS, NONE, Statistics, fit_transform
from search.debias.candidates import Candidate
from search.merging import NO_MERGING

_BATCH = 1024


def statistics_of_index(
    reader: IndexReader, progress: Callable[[int], None] = lambda _done: None
) -> Statistics:
    """Gather from the raw vectors of an index, in one pass, a page at a time."""
    found, done = Statistics(reader.settings.dim), 0
    for page in reader.pages():
        found.add(page.vectors, page.languages, page.groups)
        done += len(page.languages)
        progress(done)
    return found


def statistics_of_corpus(
    records: Iterable[Record],
    encoder: Encoder,
    role: Role,
    progress: Callable[[int], None] = lambda _done: None,
) -> Statistics:
    """Gather from texts, encoded here as the documents of the index were; nothing is stored."""
    found, done, records = Statistics(encoder.dim), 0, iter(records)
    while batch := [record.document for record in islice(records, _BATCH)]:
        vectors = encoder.encode([document.text for document in batch], role).vectors
        found.add(vectors, [d.lang for d in batch], [d.group for d in batch])
        done += len(batch)
        progress(done)
    return found


def check_same_encoder(reader: IndexReader, other: IndexReader) -> None:
    """Refuse to fit on vectors that another encoder made.

    Raises:
        IncompatibleError: the fingerprints differ.
    """
    ours, theirs = reader.settings, other.settings
    if (ours.fingerprint, ours.dim) != (theirs.fingerprint, theirs.dim):
        raise IncompatibleError(
            f"{other.path}: made by {theirs.encoder_name}, and {reader.path} by "
            f"{ours.encoder_name}",
            "fit on an index of the same encoder, or on a corpus",
        )


def debiasing_of(candidate: Candidate, statistics: Statistics, source: str) -> Debiasing:
    """Fit the transform of a candidate.

    Args:
        candidate: what to do.
        statistics: what to fit on; not looked at where nothing is fitted.
        source: where they come from, for the record.

    Raises:
        InputError: too little to fit the method on.
    """
    if candidate.method == NONE and candidate.merging == NO_MERGING:
        return NOTHING
    merging = candidate.merging.to_json()
    if candidate.method == NONE:
        return Debiasing(merging=merging)
    moments = statistics.moments
    used: dict[str, object] = {
        "source": source,
        "documents": moments.total,
        "languages": dict(zip(moments.languages, (int(n) for n in moments.count()), strict=True)),
    }
    if METHODS[candidate.method].groups:
        used["translations"] = len(statistics.parallel.rows().languages)
    transform = fit_transform(candidate.method, statistics)
    return Debiasing(candidate.method, transform, merging, used)


def apply_debiasing(path: Path, debiasing: Debiasing, stages: Stages = untold) -> None:
    """Write the FAISS files of an index anew, through a transform; nothing is encoded.

    Args:
        path: the index directory.
        debiasing: what to do.
        stages: told how far the writing is.

    Raises:
        LockedError: another process writes to the index.
        InterlinguaError: the disk is full or fails; nothing has changed.
    """
    with IndexWriter.open(path) as writer:
        writer.debias(debiasing, stages)
