"""`interlingua origin`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.encoders import EncoderName, Layer, Pooling, Revision
from cli.options import Json


def origin(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="Sentences and published distances; our own when left out."
        ),
    ] = None,
    encoder: EncoderName = "multilingual-e5-small",
    revision: Revision = None,
    pooling: Pooling = None,
    layer: Layer = None,
    json: Json = False,
) -> None:
    """Ask an encoder the question behind interlingua: is a translation nearer than a stranger?"""
    from cli.output import console, print_json
    from indexer.encoders import EncoderSpec, open_encoder
    from search.origin import cosine_distances, origin_report
    from search.origin_question import own_question, read_question
    from search.origin_render import origin_json, render_origin

    question = own_question() if file is None else read_question(file)
    # Six sentences need no speed, and float32 gives the same digits on every machine.
    opened = open_encoder(EncoderSpec(encoder, revision, pooling, layer), "cpu float32")
    encoding = opened.encode([s.text for s in question.sentences], "query")
    distances = cosine_distances(encoding.vectors)
    report = origin_report(question.sentences, distances, question.published)
    dropped = int(encoding.tokens_dropped.clip(0).sum())
    if json:
        print_json(origin_json(question, report, opened, dropped))
    else:
        console().print(render_origin(question, report, opened, dropped))
