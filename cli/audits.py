"""`interlingua audits`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import HtmlFile, IndexPath, Json, MarkdownFile
from cli.reports import report_writers

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from indexer.audits import StoredAudit

_NOTHING = "–"


def audits(
    index: IndexPath,
    show: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Print this audit as JSON; newest is the last one."),
    ] = None,
    delete: Annotated[
        list[int] | None, typer.Option(metavar="ID", help="Remove this audit; may be repeated.")
    ] = None,
    html: HtmlFile = None,
    markdown: MarkdownFile = None,
    json: Json = False,
) -> None:
    """List the audits that are kept with an index, the newest first."""
    from cli.output import console, print_json
    from indexer.audits import list_audits, load_audit
    from indexer.errors import UsageError
    from search.audit.schema import parse_audit

    if show is not None and delete:
        raise UsageError("--show and --delete together", "give one of the two")
    if show is None and (html or markdown):
        raise UsageError("--html and --markdown write one audit", "name it with --show ID")
    if show is not None:
        document = load_audit(index, _id(show))
        writers = report_writers(html, markdown)
        for path, write in writers.items():
            path.write_text(write(parse_audit(document, str(index))), encoding="utf-8")
        if json or not writers:
            typer.echo(document)
        return
    if delete:
        _delete(index, delete)
    kept = list_audits(index)
    if json:
        listed = [
            {"id": a.id, "created": a.created, "seq": a.seq, "summary": dict(a.summary)}
            for a in kept
        ]
        print_json({"schema": "interlingua.audits/1", "path": str(index), "audits": listed})
    elif kept:
        console().print(_table(kept))
    else:
        typer.echo(f"{index}: no audit is kept here")


def _delete(index: "Path", ids: list[int]) -> None:
    """Remove audits; one that is not there is said on stderr."""
    from indexer.audits import delete_audits

    missing = delete_audits(index, ids)
    for id_ in missing:
        typer.echo(f"note: no audit {id_}", err=True)


def _id(text: str) -> int | None:
    """Read the id of an audit, None for the newest."""
    from indexer.errors import UsageError

    if text == "newest":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise UsageError(f"--show {text!r} is no audit", "give an id of the list, or newest")
    return int(text)


def _table(kept: "list[StoredAudit]") -> "Table":
    from rich import box
    from rich.table import Table

    from search.text import printable

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("id", "when (UTC)", "mode"):
        table.add_column(name, no_wrap=True)
    for name in ("docs", "asked"):
        table.add_column(name, justify="right", no_wrap=True)
    excesses = [a.summary.get("excess") for a in kept]
    measures = {str(e.get("measure")) for e in excesses if isinstance(e, dict)}
    same = len(measures) == 1
    table.add_column(printable(measures.pop() if same else "excess"), no_wrap=True)
    table.add_column("map", no_wrap=True)
    table.add_column("encoder, transform", overflow="fold")
    for a in kept:
        table.add_row(*_cells(a, same))
    return table


def _cells(audit: "StoredAudit", same: bool) -> list[str]:
    """Write one line of the table; ``same`` when its head names the measure."""
    from search.text import printable

    s = audit.summary
    made = [printable(str(s[key])) for key in ("encoder", "transform") if s.get(key)]
    cells = (
        str(audit.id),
        audit.created[:16].replace("T", " "),
        *(str(s.get(key, _NOTHING)) for key in ("mode", "documents", "queries")),
        _excess(s.get("excess"), same),
        _number(s.get("map")),
    )
    return [*map(printable, cells), "\n".join(made) or _NOTHING]


def _excess(found: object, same: bool) -> str:
    """Write ``0.683 [0.661, 0.704]``, after the measure when the table's head cannot name it."""
    if not isinstance(found, dict):
        return _NOTHING
    value, low, high = (_number(found.get(key)) for key in ("value", "low", "high"))
    return f"{'' if same else found.get('measure')} {value} [{low}, {high}]".strip()


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else _NOTHING
