"""The options that say which encoder, where it is, and how a server is asked."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from indexer.encoders import EncoderSpec, RemoteOptions

_REMOTE = "Encoders over HTTP"

EncoderName = Annotated[
    str,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="multilingual-e5-small, use-multilingual, a Hugging Face id, a local model directory, "
        "openai:MODEL[@URL] or tei@URL for a server, or hashing.",
    ),
]
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


def moved_spec(encoder: str | None) -> "EncoderSpec | None":
    """Say where the encoder of an index is now; None where it is as the index says."""
    from indexer.encoders import EncoderSpec

    return None if encoder is None else EncoderSpec(encoder)


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
    from indexer.encoders import RemoteOptions

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
