"""The files that an audit is written to."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.audit.result import Audit


def report_writers(
    html: Path | None, markdown: Path | None
) -> "dict[Path, Callable[[Audit], str]]":
    """Find who writes which file, and fail before the audit rather than after it."""
    from indexer.staging import refuse_inside
    from search.reports.markdown import render_markdown

    writers: dict[Path, Callable[[Audit], str]] = {}
    if html is not None:
        from search.reports.html import render_html

        writers[html] = render_html
    if markdown is not None:
        writers[markdown] = render_markdown
    for path in writers:
        refuse_inside(path)
        path.touch()
    return writers
