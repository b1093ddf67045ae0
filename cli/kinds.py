"""The options that say what kind of index FAISS makes."""

from typing import Annotated

import typer

from indexer.kinds import Indexing, KindName, Quantisation, read_size

IndexKind = Annotated[
    KindName | None,
    typer.Option(
        "--index-kind",
        help="How FAISS searches: flat is exact; auto is flat up to 50,000 documents, ivf above.",
        show_default="auto",
    ),
]
Quantise = Annotated[
    Quantisation | None,
    typer.Option(
        "--quantise",
        help="Keep vectors in a half (fp16), a quarter (sq8) or a sixteenth (pq) of the memory.",
        show_default="none, or what --memory-budget asks for",
    ),
]
MemoryBudget = Annotated[
    str | None,
    typer.Option(
        "--memory-budget",
        metavar="SIZE",
        help="What the FAISS files may take, like 800MB or 1.5GB; quantises as far as it must.",
        show_default=False,
    ),
]


def indexing_of(
    kind: KindName | None,
    quantisation: Quantisation | None,
    memory_budget: str | None,
    known: Indexing | None = None,
) -> Indexing | None:
    """Put the options together that say what kind of index it is to be.

    Returns:
        None when none of them was given and nothing is ``known``.

    Raises:
        UsageError: a size that is none.
    """
    budget = None if memory_budget is None else read_size(memory_budget)
    if known is None and (kind, quantisation, budget) == (None, None, None):
        return None
    return (known or Indexing()).changed(kind, quantisation, budget)
