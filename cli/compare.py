"""`interlingua compare`."""

from typing import Annotated, Literal

import typer

from cli.options import AuditName, Json, Seed


def compare(
    a: AuditName,
    b: Annotated[str, typer.Argument(metavar="B", help="The same, afterwards.")],
    measure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Compare this measure only; may be repeated."),
    ] = None,
    correction: Annotated[
        Literal["holm", "bh"],
        typer.Option(help="Of the p-values of the languages: Holm or Benjamini-Hochberg."),
    ] = "holm",
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Compare two audits query by query: what moved, and whether it is more than noise."""
    from cli.audit_source import load_audit
    from cli.output import console, print_json
    from search.comparison.compare import compare as run
    from search.comparison.schema import comparison_json
    from search.comparison.terminal import render_comparison
    from search.measures.measure import Measure

    wanted = [Measure.parse(name) for name in measure] if measure else None
    found = run(load_audit(a), load_audit(b), measures=wanted, correction=correction, seed=seed)
    if json:
        print_json(comparison_json(found, a, b), indent=None)
    else:
        console().print(render_comparison(found, a, b, every=wanted is not None))
