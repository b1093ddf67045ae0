"""`interlingua tune`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import IndexPath, Json, Quiet, Seed

if TYPE_CHECKING:
    from search.tuning import Tuning


def tune(
    index: IndexPath,
    recall: Annotated[
        float, typer.Option(min=0.01, max=1, help="Share of the exact neighbours to find.")
    ] = 0.95,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Neighbours asked for.")] = 10,
    sample: Annotated[
        int, typer.Option(min=1, help="Documents that ask, evenly by language.")
    ] = 1000,
    seed: Seed = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Find how hard an approximate index has to try, and which languages lose what it misses."""
    from cli.output import console, print_json
    from cli.progress import progress
    from search.tuning import tune as run
    from search.tuning_render import tuning_json, tuning_table

    with progress("tuning", None, quiet) as show:
        found = run(index, recall=recall, k=k, sample=sample, seed=seed, progress=show)
    if json:
        print_json(tuning_json(found))
    else:
        console().print(tuning_table(found))
    _exit(found)


def _exit(found: "Tuning") -> None:
    """Tell a script that the recall was not reached."""
    if not found.reached:
        raise typer.Exit(5)
