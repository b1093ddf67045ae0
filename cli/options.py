"""Options that several commands share, and how their values become ours."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from indexer.readers.registry import FORMATS

IndexPath = Annotated[Path, typer.Option("--index", help="The index directory.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Corpora = Annotated[
    list[str],
    typer.Argument(
        metavar="CORPUS…",
        help="JSONL, CSV, TSV, Parquet, Arrow, … (--format), also .gz and .zst; - is standard "
        "input.",
    ),
]
Format = Annotated[Literal["jsonl"], typer.Option("--format", help="Format of the corpus.")]
CorpusFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help=f"Format of the corpus: {', '.join(FORMATS)}. Told by name and content when left out.",
    ),
]
GivenLang = Annotated[
    str | None,
    typer.Option("--lang", metavar="L", help="Language of records that bring none."),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show the first records, the languages and what would be refused; write nothing.",
    ),
]
DetectorName = Annotated[
    Literal["py3langid", "lingua", "eldc"],
    typer.Option("--detector", help="What tells the language of a text without a label."),
]
MaxRejects = Annotated[
    int,
    typer.Option(
        min=0, help="Refused records to tolerate; they are written to rejects.jsonl in the index."
    ),
]
IdField = Annotated[str, typer.Option(metavar="NAME", help="Field that holds the id.")]
TextField = Annotated[str, typer.Option(metavar="NAME", help="Field that holds the text.")]
LangField = Annotated[str, typer.Option(metavar="NAME", help="Field that holds the language.")]
GroupField = Annotated[
    str, typer.Option(metavar="NAME", help="Field that joins texts that mean the same.")
]
ENCODER = typer.Option(
    "--encoder",
    metavar="NAME",
    help="multilingual-e5-small, use-multilingual, a Hugging Face id, a local model directory, or "
    "hashing.",
)
MovedEncoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="Where the encoder of the index is now, if its directory has moved.",
    ),
]
Revision = Annotated[
    str | None, typer.Option(metavar="REV", help="Commit, tag or branch of a Hugging Face id.")
]
Pooling = Annotated[
    Literal["mean", "cls", "pooler", "max", "last"] | None,
    typer.Option(help="How token vectors become one; the model's own way when left out."),
]
Layer = Annotated[
    int | None, typer.Option(help="Hidden layer to pool: 0 the embeddings, -1 the last.")
]
HtmlFile = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots.")
]
MarkdownFile = Annotated[
    Path | None,
    typer.Option("--markdown", metavar="FILE", help="Write the whole audit in Markdown."),
]
REJECTS = "rejects.jsonl"
"""Where refused records go, inside the index directory."""


def pairs(where: list[str] | None) -> dict[str, str]:
    """Split KEY=VALUE at the first equals sign."""
    from indexer.errors import UsageError

    pairs: dict[str, str] = {}
    for pair in where or []:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--where {pair!r} is no KEY=VALUE", "write --where topic=food")
        if key in pairs:
            raise UsageError(f"--where names {key!r} twice", "a field has one value; name it once")
        pairs[key] = value
    return pairs
