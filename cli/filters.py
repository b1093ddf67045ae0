"""The note about a filter that lets nothing pass."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from indexer.records import Filter


def note_unmet(index: Path, allowed: "Filter") -> None:
    """Say on stderr what keeps every document from passing; nothing where one passes."""
    from indexer.unmet import unmet
    from search.text import printable

    if why := unmet(index, allowed):
        typer.echo(printable(f"note: nothing passes the filter: {', and '.join(why)}"), err=True)
