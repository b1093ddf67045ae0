"""Options that several commands share, and how their values become ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from indexer.readers.registry import FORMATS

if TYPE_CHECKING:
    from indexer.chunking import Chunking
    from indexer.records import Filter

_Detector = Literal["py3langid", "lingua", "eldc"]

IndexPath = Annotated[Path, typer.Option("--index", help="The index directory.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the resampling.")]
SampleSeed = Annotated[int, typer.Option(min=0, help="Of the sample and the resampling.")]
AuditName = Annotated[
    str,
    typer.Argument(metavar="A", help="Audit in JSON, an index (its newest audit), or INDEX@ID."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Corpora = Annotated[
    list[str],
    typer.Argument(
        metavar="CORPUS…",
        help="JSONL, CSV, TSV, Parquet, Arrow, … (--format), also .gz and .zst; - is standard "
        "input.",
    ),
]
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
    _Detector,
    typer.Option("--detector", help="What tells the language of a text without a label."),
]
QueryVectors = Annotated[
    str | None,
    typer.Option(
        "--query-vectors",
        metavar="FILE",
        help="Vectors of the queries, row i of record i of --queries: npy, Parquet, .fvecs or "
        ".bvecs.",
    ),
]
VectorField = Annotated[
    str | None,
    typer.Option(
        "--vector-field",
        metavar="NAME",
        help="Column of a Parquet file that holds the vectors; vector, embedding or the only one "
        "of numbers when left out.",
    ),
]
SameDetector = Annotated[
    _Detector | None,
    typer.Option(
        "--detector",
        help="What tells the language of a text without a label; as the index was built when left "
        "out.",
    ),
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
Languages = Annotated[
    str | None, typer.Option("--in", metavar="L1,L2", help="Only documents in these languages.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Only documents with this metadata; in quotes also 'KEY>=VALUE', >, <, <=, != and ^= "
        "(begins with). May be repeated: all must hold.",
    ),
]
CopyFiles = Annotated[
    bool,
    typer.Option("--copy", help="Copy the FAISS files, too, which are linked where that works."),
]
Chunk = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT[:N]",
        help="Cut texts into chunks: sentences, sentences:N, or tokens:N (at most N tokens).",
    ),
]
Overlap = Annotated[
    int | None,
    typer.Option(
        min=0, help="Sentences or tokens that a chunk shares with the one before.  [default: 0]"
    ),
]
Lexical = Annotated[
    bool,
    typer.Option(
        "--lexical/--no-lexical", help="Keep the texts for search by words and characters, too."
    ),
]
HtmlFile = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots.")
]
MarkdownFile = Annotated[
    Path | None,
    typer.Option("--markdown", metavar="FILE", help="Write the whole of it in Markdown."),
]


def filter_of(languages: str | None, where: list[str] | None) -> "Filter":
    """Make the filter of --in and --where.

    Raises:
        InputError: an unknown language tag.
        UsageError: no condition, or two that cannot both hold.
    """
    from indexer.conditions import make_filter, parse_condition

    return make_filter(
        None if languages is None else languages.split(","),
        [parse_condition(text) for text in where or []],
    )


def chunking_of(chunk: str | None, overlap: int | None) -> "Chunking | None":
    """Make the chunking of the options; None when texts are not cut.

    Raises:
        UsageError: a chunk that is none, or an overlap without chunks.
    """
    from indexer.chunking import Chunking
    from indexer.errors import UsageError

    if chunk is not None:
        return Chunking.parse(chunk, overlap or 0)
    if overlap is not None:
        raise UsageError("--overlap without --chunk", "say what overlaps: --chunk sentences:3")
    return None
