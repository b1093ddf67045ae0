"""Build and grow an index: corpus, encoder and writer put together; see ``indexer/intake.py``."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from indexer.chunking import Chunking
from indexer.corpus import Record
from indexer.detectors import DEFAULT_DETECTOR
from indexer.encoders import Encoder, EncoderSpec, open_encoder
from indexer.errors import UsageError
from indexer.index import Indexing, IndexSettings, IndexWriter, index_state
from indexer.intake import BuildReport, Intake, OnDuplicate, Progress
from indexer.records import Document, Role
from indexer.rejects import Rejects
from indexer.stages import Stages, untold


def build(  # noqa: PLR0913 - each is a choice of its own
    corpus: Iterable[Record | Document],
    path: str | Path,
    *,
    encoder: EncoderSpec | None = None,
    role: Role = "passage",
    detector: str = DEFAULT_DETECTOR,
    lexical: bool = True,
    chunking: Chunking | None = None,
    rejects: Rejects | None = None,
    progress: Progress | None = None,
    indexing: Indexing | None = None,
    stages: Stages = untold,
) -> BuildReport:
    """Create an index, or go on with the build that was interrupted.

    Args:
        corpus: the documents, in the order of an interrupted run if there was one.
        path: the index directory; made when absent.
        encoder: what encodes; the default encoder when None.
        role: what the documents are to the encoder.
        detector: name of what told the languages of documents without a label; it tells those of
            queries later.
        lexical: whether texts are kept for lexical search, too.
        chunking: where texts are cut; each document is one vector when None.
        rejects: takes duplicate ids; none are tolerated when None.
        progress: called after each commit.
        indexing: how FAISS is to search; chosen by the number of documents when None, or as an
            interrupted run was told.
        stages: told how far the writing of FAISS files is, once all documents are committed.

    Raises:
        UsageError: there is a finished index, or the directory holds something else.
        InputError: the corpus is refused, or differs from the one the build began with.
        IncompatibleError: the build began with another encoder or with other choices.
        LockedError: another process writes to the index.
    """
    path, spec = Path(path), encoder or EncoderSpec()
    load = cache(lambda: open_encoder(spec))
    state = index_state(path)
    if state == "ready":
        raise UsageError(
            f"{path}: there is a finished index", "use `interlingua add` to add documents to it"
        )
    # The lock comes first: whoever is refused is refused at once, before the encoder is loaded.
    settings = cache(
        lambda: IndexSettings.of(load(), spec, role, detector, lexical=lexical, chunking=chunking)
    )
    with (
        IndexWriter.open(path) if state == "building" else IndexWriter.begin(path, settings)
    ) as writer:
        writer.begin_again(settings)
        writer.settings.check_choices(
            path, role=role, detector=detector, lexical=lexical, chunking=chunking
        )
        if indexing is not None:
            writer.ask_for(indexing)
        writer.settings.check(load())
        rejects = rejects or Rejects()
        run = Intake(writer, load, rejects, "error", progress)
        records = run.labels.watch(_located(corpus))
        run.skip(records)
        run.consume(records)
        writer.finish(stages)
    return run.report(path)


def add(
    corpus: Iterable[Record | Document],
    path: str | Path,
    *,
    on_duplicate: OnDuplicate = "error",
    encoder: EncoderSpec | None = None,
    rejects: Rejects | None = None,
    progress: Progress | None = None,
    stages: Stages = untold,
) -> BuildReport:
    """Add documents to a finished index, in the role its documents have.

    A text that the index has already is never encoded again: an unchanged document is left as it
    is, and one with another language, group, metadata or id has the vector of its text. The encoder
    is loaded when the first text needs it.

    Args:
        corpus: the documents.
        path: the index directory.
        on_duplicate: what happens to an id that is already there.
        encoder: where the encoder is to be found now; the one the index names when None.
        rejects: takes duplicate ids under ``error``; none are tolerated when None.
        progress: called after each commit.
        stages: told how far the writing of FAISS files is, if the index has grown enough for one.

    Raises:
        UsageError: there is no index, or its build is unfinished.
        InputError: the corpus is refused; the batches before the refused one stay.
        DuplicateError: likewise, for an id that is there or comes twice.
        IncompatibleError: the encoder is not the one of the index.
        LockedError: another process writes to the index.
    """
    path = Path(path)
    with IndexWriter.open(path) as writer:
        if writer.state != "ready":
            raise UsageError(f"{path}: its build is unfinished", "run `interlingua build` again")
        load = cache(lambda: _checked_encoder(writer, encoder))
        if encoder is not None:
            load()
        run = Intake(writer, load, rejects or Rejects(), on_duplicate, progress)
        run.consume(run.labels.watch(_located(corpus)))
        writer.seal(stages)
    return run.report(path)


def _located(corpus: Iterable[Record | Document]) -> Iterator[Record]:
    """Give documents that come without a place in a file one in the sequence."""
    for position, item in enumerate(corpus, start=1):
        if isinstance(item, Record):
            yield item
        else:
            yield Record(document=item, place=f"document {position}")


def _checked_encoder(writer: IndexWriter, moved: EncoderSpec | None) -> Encoder:
    """Open the encoder of the index, and see that it is the one that it was."""
    encoder = open_encoder(writer.settings.encoder.moved(moved))
    writer.settings.check(encoder)
    return encoder
