"""What goes to stdout: JSON as one document, tables through one console."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.labels import warn_of_labels
from indexer.nouns import counted

if TYPE_CHECKING:
    from rich.console import Console

    from indexer.intake import BuildReport

PLAIN_WIDTH = 100
"""Columns of a table that goes to a file or a pipe."""


def console() -> "Console":
    """Make the console of stdout: colours on a terminal only, no markup in corpus text."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def print_json(document: Mapping[str, object], indent: int | None = 2) -> None:
    """Print one JSON document in UTF-8, without NaN; on one line when ``indent`` is None."""
    typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent))


def print_build(verb: str, index: Path, report: "BuildReport", as_json: bool) -> None:
    """Print what a build or an addition did; nothing that was skipped stays unsaid."""
    if as_json:
        fields = asdict(report)
        fields["truncated"] = {
            lang: {"documents": n, "tokens_dropped": tokens}
            for lang, (n, tokens) in report.truncated.items()
        }
        print_json({"schema": f"interlingua.{verb}/1", "path": str(index), **fields})
    else:
        for line in _said(index, report):
            typer.echo(line)
    warn_of_labels(report.contradictions)


def _said(index: Path, report: "BuildReport") -> Iterator[str]:
    languages = sorted(report.languages.items(), key=lambda item: -item[1])
    held = "document" if report.wholes is None else "chunk"
    of = "" if report.wholes is None else f" of {counted(report.wholes, 'document')}"
    listed = ", ".join(f"{lang} {n}" for lang, n in languages)
    yield f"{index}: {counted(report.documents, held)}{of} ({listed})"
    details = (
        (report.resumed_at, "record", "there already, from the interrupted run"),
        (report.replaced, "document", "replaced"),
        (report.reused, "text", "there already: not encoded again"),
        (report.unchanged, "record", "left out: already there, or the same text again"),
        (report.detected, "", "with a detected language, not a given one"),
        (report.languages.get("und", 0), held, "of unknown language (und)"),
        (report.rejected, "record", f"refused, see {index / 'rejects.jsonl'}"),
    )
    for number, noun, what in details:
        if number:
            yield f"  {counted(number, noun) if noun else f'{number:,}'} {what}"
    if report.plan is not None:
        yield f"  searched by {report.plan.factory}: {report.plan.why}"
    if report.plan is not None and not report.plan.exact:
        yield "  it may miss neighbours: `interlingua tune` says how many, in every language"
    for lang, (documents, tokens) in sorted(report.truncated.items()):
        longer = f"{counted(documents, 'document')} longer than the model takes"
        yield f"  {lang}: {longer}, {counted(tokens, 'token')} cut off"
    if report.truncated:
        yield "  what is cut off cannot be found: see --chunk of `interlingua build`"
