"""`interlingua doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json

if TYPE_CHECKING:
    from indexer.doctor import Finding, Severity

_COLOURS: "dict[Severity, str]" = {
    "ok": "green",
    "note": "cyan",
    "warning": "yellow",
    "error": "red",
}


def doctor(
    index: Annotated[
        Path | None,
        typer.Option(
            "--index",
            help="The index directory; without it the machine alone is looked at.",
            metavar="DIR",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Look for what could keep an index from working, and say what to do; changes nothing.

    Ends with 0 unless something does not work now, else with the code that other commands would
    end with: 8 when the index is damaged.
    """
    from dataclasses import asdict

    from cli.output import print_json
    from indexer.doctor import examine, exit_code

    findings = []
    for finding in examine(index):
        findings.append(finding)
        if not json:
            _show(finding)
    code = exit_code(findings)
    if json:
        rows = [{n: v for n, v in asdict(f).items() if n != "code"} for f in findings]
        document = {"path": None if index is None else str(index), "ok": code == 0}
        print_json({"schema": "interlingua.doctor/1", **document, "findings": rows})
    if code:
        raise typer.Exit(code)


def _show(finding: "Finding") -> None:
    """Print a finding as it is made, its remedy on a line of its own."""
    from search.text import printable

    label = typer.style(f"{finding.severity:<8}", fg=_COLOURS[finding.severity])
    typer.echo(f"{label} {finding.subject:<16} {printable(finding.what)}")
    if finding.remedy:
        typer.echo(f"{'':<25} > {printable(finding.remedy)}")
