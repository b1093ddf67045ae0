"""All that is looked at, in one order: the machine, the place, the index, its encoder."""

from collections.abc import Iterator
from pathlib import Path

from indexer.directory import LOCK, find_database
from indexer.doctor import holder
from indexer.doctor.contents import examine_contents, examine_log
from indexer.doctor.encoder import examine_encoder
from indexer.doctor.finding import Finding, failure, ok
from indexer.doctor.libraries import examine_libraries
from indexer.doctor.place import examine_file_system, examine_permissions
from indexer.errors import InterlinguaError


def examine(path: Path | None = None) -> Iterator[Finding]:
    """Look at the machine, and at an index when one is named; nothing is changed.

    What is damaged or missing is a finding, never an error of this function.

    Args:
        path: the index directory; None looks at the machine and the default encoder.

    Yields:
        Findings as they are made; opening the encoder takes seconds and comes last.
    """
    yield from examine_libraries()
    settings = None
    if path is not None:
        yield from examine_file_system(path)
        try:
            find_database(path)
        except InterlinguaError as error:
            yield failure("index", error)
            return
        yield from examine_permissions(path)
        locks = holder.read_locks()
        yield from _writer(path, locks)
        yield from examine_log(path, locks)
        contents = examine_contents(path, bool(holder.writers(path / LOCK, locks or "")))
        yield from contents.findings
        settings = contents.settings
        if settings is None:
            return
    yield from examine_encoder(settings)


def _writer(path: Path, locks: str | None) -> Iterator[Finding]:
    """Say who holds the writer's lock."""
    if locks is None:
        yield Finding("note", "writer", "the kernel does not say whether one is at work")
        return
    held = holder.writers(path / LOCK, locks)
    if held:
        what = f"{', '.join(map(holder.describe, held))} is writing to this index"
        yield Finding("note", "writer", what, "nothing; other writers are refused until it ends")
    else:
        yield ok("writer", "none is at work")
