"""The corpus of `build`, `add`, `import` and `detect`: found, counted, read, or only looked at."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import typer

from cli.labels import warn_of_labels
from cli.output import print_json

if TYPE_CHECKING:
    from indexer.chunking import Split
    from indexer.corpus import Record
    from indexer.fields import Fields
    from indexer.languages import Detector
    from indexer.readers.guess import Found
    from indexer.readers.preview import Preview
    from indexer.rejects import Rejects

_TEXT_SHOWN = 100


@dataclass(frozen=True)
class CorpusSource:
    """Named sources and how they are read."""

    names: list[str]
    fields: "Fields"
    format: str | None
    lang: str | None
    detector: "Detector"
    quiet: bool
    without: frozenset[str] = frozenset()
    """Columns of tables that are no metadata."""
    found: "list[Found]" = field(init=False)
    """The sources with their readers; the formats guessed are said on stderr."""

    def __post_init__(self) -> None:
        from indexer.corpus import checked_tag
        from indexer.readers.guess import find_readers
        from indexer.readers.reader import unheard

        found = find_readers(
            self.names,
            format=self.format,
            fields=self.fields,
            lang=checked_tag(self.lang),
            without=self.without,
            note=_say,
            guessed=unheard if self.quiet else _say,
        )
        object.__setattr__(self, "found", found)

    def count(self) -> int | None:
        """Count the records ahead, None where that would mean to read them."""
        from cli.progress import count_found

        return count_found(self.found, self.quiet)

    def records(self, rejects: "Rejects") -> "Iterator[Record]":
        """Read the records."""
        from indexer.corpus import read_found

        return read_found(
            self.found,
            fields=self.fields,
            lang=self.lang,
            detector=self.detector,
            rejects=rejects,
        )

    def dry_run(
        self,
        as_json: bool,
        max_rejects: int,
        exists: Callable[[str], bool] | None = None,
        refuse_repeated: bool = True,
        *,
        split: "Split | None" = None,
    ) -> "Preview":
        """Read everything, print what was found and write nothing.

        Args:
            as_json: print one JSON document.
            max_rejects: records that may be refused.
            exists: tells whether an index has an id already.
            refuse_repeated: whether an id that came before is refused.
            split: cuts documents as the index would.

        Raises:
            InputError: after printing: the corpus would be refused.
        """
        from indexer.errors import InputError
        from indexer.nouns import are, counted
        from indexer.readers.preview import preview
        from indexer.rejects import Rejects

        rejects = Rejects(sys.maxsize)
        seen = preview(
            self.records(rejects),
            rejects,
            exists=exists,
            refuse_repeated=refuse_repeated,
            split=split,
        )
        if as_json:
            print_json(_as_json(self.found, seen, rejects))
        else:
            _print(seen, rejects)
        warn_of_labels(seen.contradictions)
        if seen.stopped is not None:
            raise seen.stopped
        if rejects.count > max_rejects:
            many = counted(rejects.count, "record")
            reason = f"{many} would be refused, {max_rejects:,} {are(max_rejects)} allowed"
            raise InputError(reason, "mend them, or tolerate them with --max-rejects")
        return seen


def _say(said: str) -> None:
    from search.text import printable

    typer.echo(printable(said), err=True)


def _print(seen: "Preview", rejects: "Rejects") -> None:
    from indexer.nouns import are, counted
    from search.text import printable

    for record in seen.first:
        document = record.document
        about = [f"id {document.id}" if record.named else "no id", _language(record)]
        about += [f"group {document.group}"] if document.group is not None else []
        about += [f"{name}={value}" for name, value in document.metadata.items()]
        typer.echo(printable(f"{record.place}: {_cut(document.text)}"))
        typer.echo(printable(f"  {_cut(', '.join(about))}"))
    typer.echo(f"{counted(seen.records, 'record')} ({_counted(seen.languages)})")
    if seen.chunks is not None:
        chunks = counted(sum(seen.chunks.values()), "chunk")
        typer.echo(f"  {chunks} of them ({_counted(seen.chunks)})")
    if seen.detected:
        typer.echo(f"  {seen.detected} with a detected language, not a given one")
    if seen.repeated:
        repeated = f"{seen.repeated} that {are(seen.repeated)} there already"
        typer.echo(f"  {repeated}, or the same text again")
    if rejects.count:
        typer.echo(f"  {rejects.count} would be refused:")
    for reason, tally in rejects.reasons.items():
        more = ", …" if tally.count > len(tally.places) else ""
        typer.echo(printable(f"    {tally.count} {reason}: {', '.join(tally.places)}{more}"))


def _counted(languages: "Mapping[str, int]") -> str:
    return ", ".join(f"{lang} {n}" for lang, n in languages.items()) or "none"


def _language(record: "Record") -> str:
    document = record.document
    if document.lang_probability is None:
        return document.lang
    return f"{document.lang} (detected, {document.lang_probability:.2f})"


def _cut(text: str) -> str:
    shown = " ".join(text[: _TEXT_SHOWN * 2].split())
    return shown if len(shown) <= _TEXT_SHOWN else shown[: _TEXT_SHOWN - 1] + "…"


def _as_json(found: "list[Found]", seen: "Preview", rejects: "Rejects") -> dict[str, object]:
    return {
        "schema": "interlingua.dry-run/1",
        "sources": [
            {"path": path, "format": one.reader.name if one.reader else None}
            for one in found
            for path in one.source.paths
        ],
        "records": seen.records,
        "languages": dict(seen.languages),
        "chunks": None if seen.chunks is None else dict(seen.chunks),
        "detected": seen.detected,
        "repeated": seen.repeated,
        "rejected": {
            "total": rejects.count,
            "reasons": [
                {"reason": reason, "count": tally.count, "places": tally.places}
                for reason, tally in rejects.reasons.items()
            ],
        },
        "stopped": None if seen.stopped is None else str(seen.stopped),
        "contradictions": [asdict(pair) for pair in seen.contradictions],
        "first": [_record_json(record) for record in seen.first],
    }


def _record_json(record: "Record") -> dict[str, object]:
    document = record.document
    return {
        "place": record.place,
        "id": document.id,
        "id_given": record.named,
        "text": document.text,
        "lang": document.lang,
        "lang_source": document.lang_source,
        "lang_probability": document.lang_probability,
        "group": document.group,
        "metadata": dict(document.metadata),
    }
