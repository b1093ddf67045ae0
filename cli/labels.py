"""The warning about labels that the script of their text contradicts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from indexer.contradictions import Contradiction

_PAIRS_SHOWN = 5
_EXAMPLES_SHOWN = 3


def warn_of_labels(found: Sequence["Contradiction"]) -> None:
    """Print one warning on stderr with counts and three examples; nothing when nothing is found."""
    from search.text import printable

    if not found:
        return
    records = sum(c.records for c in found)
    pairs = ", ".join(f"{c.lang} in {c.script} {c.records}" for c in found[:_PAIRS_SHOWN])
    more = f", and {len(found) - _PAIRS_SHOWN} more pairs" if len(found) > _PAIRS_SHOWN else ""
    noun = "record is" if records == 1 else "records are"
    typer.echo(
        f"warning: {records} {noun} in a script that the label is not written in "
        f"({pairs}{more}); a wrong label looks like language bias: see `interlingua detect`",
        err=True,
    )
    # The first of each pair before the second of any.
    examples = [(c, c.examples[i]) for i in range(_EXAMPLES_SHOWN) for c in found if c.examples[i:]]
    for pair, example in examples[:_EXAMPLES_SHOWN]:
        line = f"  {example.place}: labelled {pair.lang}, written in {pair.script}: {example.text}"
        typer.echo(printable(line), err=True)
