"""Options that several commands share, and how their values become ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from indexer.readers.registry import FORMATS

if TYPE_CHECKING:
    from indexer.chunking import Chunking
    from indexer.encoders.protocol import RemoteOptions

if TYPE_CHECKING:
    from indexer.kinds import Indexing, KindName, Quantisation
    from indexer.records import Filter

IndexPath = Annotated[Path, typer.Option("--index", help="The index directory.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
IndexKind = Annotated[
    Literal["auto", "flat", "hnsw", "ivf"] | None,
    typer.Option(
        "--index-kind",
        help="How FAISS searches: flat is exact; auto is flat up to 50,000 documents, ivf above.",
        show_default="auto",
    ),
]
Quantise = Annotated[
    Literal["none", "fp16", "sq8", "pq"] | None,
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
    Literal["py3langid", "lingua", "eldc"],
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
    Literal["py3langid", "lingua", "eldc"] | None,
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
ENCODER = typer.Option(
    "--encoder",
    metavar="NAME",
    help="multilingual-e5-small, use-multilingual, a Hugging Face id, a local model directory, "
    "openai:MODEL[@URL] or tei@URL for a server, or hashing.",
)
_REMOTE = "Encoders over HTTP"
Dimensions = Annotated[
    int | None,
    typer.Option(help="Numbers in a vector to ask a server for.", rich_help_panel=_REMOTE),
]
QueryPrompt = Annotated[
    str,
    typer.Option(
        metavar="TEXT", help="Put before every query that a server gets.", rich_help_panel=_REMOTE
    ),
]
PassagePrompt = Annotated[
    str,
    typer.Option(
        metavar="TEXT",
        help="Put before every document that a server gets.",
        rich_help_panel=_REMOTE,
    ),
]
InputTypes = Annotated[
    str | None,
    typer.Option(
        metavar="[FIELD=]Q,P",
        help="Tell a server queries and passages apart: query,document or "
        "task=retrieval.query,retrieval.passage.",
        rich_help_panel=_REMOTE,
    ),
]
RequestsPerMinute = Annotated[
    int | None, typer.Option(help="Calls of a server a minute at most.", rich_help_panel=_REMOTE)
]
TextsPerRequest = Annotated[
    int, typer.Option(help="Texts in one call of a server at most.", rich_help_panel=_REMOTE)
]
RequestsAtOnce = Annotated[
    int, typer.Option(help="Calls of a server under way at once.", rich_help_panel=_REMOTE)
]
MovedEncoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="Where the encoder of the index is now, if its directory or server has moved.",
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
    typer.Option("--markdown", metavar="FILE", help="Write the whole audit in Markdown."),
]


def remote_options(
    dimensions: int | None,
    query_prompt: str,
    passage_prompt: str,
    input_types: str | None,
    requests_per_minute: int | None,
    texts_per_request: int,
    requests_at_once: int,
) -> "RemoteOptions | None":
    """Make what a server is asked with, None when nothing of it is given."""
    from indexer.encoders.protocol import RemoteOptions

    given = RemoteOptions(
        dimensions,
        query_prompt,
        passage_prompt,
        input_types,
        requests_per_minute,
        texts_per_request,
        requests_at_once,
    )
    return None if given == RemoteOptions() else given


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


def indexing_of(
    kind: "KindName | None",
    quantisation: "Quantisation | None",
    memory_budget: str | None,
    known: "Indexing | None" = None,
) -> "Indexing | None":
    """Put the options together that say what kind of index it is to be.

    Returns:
        None when none of them was given and nothing is ``known``.

    Raises:
        UsageError: a size that is none.
    """
    from indexer.kinds import Indexing, read_size

    budget = None if memory_budget is None else read_size(memory_budget)
    if known is None and (kind, quantisation, budget) == (None, None, None):
        return None
    return (known or Indexing()).changed(kind, quantisation, budget)
