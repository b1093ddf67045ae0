"""The tokenizer of multilingual-e5-small, built from its pieces: a SentencePiece unigram.

SentencePiece normalises with a compiled character table that `tokenizers` cannot be handed in
parts, so the text is normalised here: NFC (the file's map knows composed characters), the
character map, runs of spaces to one.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

from indexer.encoders.e5_weights import E5File

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SPACES = re.compile(" {2,}")
_UNKNOWN_ID = 3
_CONTROL_PIECES = frozenset({"<s>", "<pad>", "</s>", "<unk>", "<mask>"})


def normalise(text: str, character_map: dict[int, str]) -> str:
    """What the model was trained on: NFC, mapped, single spaces, none at either end."""
    mapped = unicodedata.normalize("NFC", text).translate(character_map)
    return _SPACES.sub(" ", mapped).strip(" ")


def build_tokenizer(file: E5File) -> "Tokenizer":
    """`tokenizers.Tokenizer` with ``<s> $A </s>`` around a text; it neither pads nor truncates."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    # A text that spells "</s>" must not end there. A piece with a space in it is never matched,
    # as Metaspace leaves no space; SentencePiece does not match control pieces either.
    pieces = [(f" {p}" if p in _CONTROL_PIECES else p, score) for p, score in file.pieces]
    tokenizer = Tokenizer(models.Unigram(pieces, _UNKNOWN_ID, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer
