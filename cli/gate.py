"""`interlingua gate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AuditName, Json, Seed

if TYPE_CHECKING:
    from search.audit.result import Audit
    from search.gate.thresholds import Thresholds


def gate(
    audit: AuditName,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="B", help="The audit that changes are measured from."),
    ] = None,
    thresholds: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What is allowed, in TOML; without, no headline measure may get worse by more "
            "than 0.02.",
        ),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the findings as JUnit XML.")
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Print annotations for GitHub Actions.")
    ] = False,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Gate a release on its audit; exit 4 when worse than allowed, 5 when the data cannot tell."""
    from cli.audit_source import load_audit
    from cli.output import console, print_json
    from indexer.staging import refuse_inside
    from search.gate.github import annotations
    from search.gate.judge import judge
    from search.gate.junit import junit_xml
    from search.gate.report import render_verdict, verdict_json

    if junit is not None:
        refuse_inside(junit)
    found = load_audit(audit)
    before = None if baseline is None else load_audit(baseline)
    verdict = judge(found, _thresholds(thresholds, found, before), before, seed=seed)
    if junit is not None:
        junit.write_text(junit_xml(verdict), encoding="utf-8")
    if json:
        print_json(verdict_json(verdict, audit, baseline))
    else:
        console().print(render_verdict(verdict))
    # The runner reads both streams; with --json, stdout is one document.
    for line in annotations(verdict) if github else ():
        typer.echo(line, err=json)
    if verdict.exit_code:
        raise typer.Exit(verdict.exit_code)


def _thresholds(path: Path | None, audit: "Audit", baseline: "Audit | None") -> "Thresholds":
    """Read the thresholds, or take the default ones for what was measured."""
    from indexer.errors import UsageError
    from search.gate.thresholds import default_thresholds, parse_thresholds

    measured = {*audit.overall, *(baseline.overall if baseline else ())}
    if path is None:
        return default_thresholds(measured, audit.matrix.k)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}", "name thresholds in TOML") from error
    return parse_thresholds(text, str(path), measured)
