"""Small models for the encoder tests: random weights, real formats, made in milliseconds."""

import json
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", "a", "man", "eats", "food", ":")
MODEL_FILES = {
    "modules.json": [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {
            "idx": 1,
            "name": "1",
            "path": "1_Pooling",
            "type": "sentence_transformers.models.Pooling",
        },
    ],
    "1_Pooling/config.json": {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True},
}
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 20,
    "vocab_size": len(WORDS),
    "pad_token_id": 0,
    "initializer_range": 0.5,  # far from linear, so that a mistake shows
}


def write_json(file: Path, value: object) -> None:
    """Write a JSON file, making its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value), encoding="utf-8")


def write_model(directory: Path, kind: str = "BertModel", seed: int = 0) -> Path:
    """A transformers directory with random weights and a tokenizer over `WORDS`."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    torch.manual_seed(seed)
    model_class = getattr(transformers, kind)
    config = model_class.config_class(**SIZES)
    model_class(config).save_pretrained(directory)
    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token=WORDS[1]))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=words,
        pad_token=WORDS[0],
        unk_token=WORDS[1],
        cls_token=WORDS[2],
        sep_token=WORDS[3],
        model_max_length=1000,
    ).save_pretrained(directory)
    return directory


def add_sentence_transformers(directory: Path, pooling: object = None) -> Path:
    """Turn a transformers directory into a sentence-transformers one."""
    for name, value in MODEL_FILES.items():
        write_json(directory / name, value)
    if pooling is not None:
        write_json(directory / "1_Pooling/config.json", pooling)
    return directory


def slow_dequantise(raw: bytes) -> list[float]:
    """Q4_0 weight by weight, as the format is written down."""
    weights: list[float] = []
    for start in range(0, len(raw), 18):
        (scale,) = struct.unpack_from("<e", raw, start)
        quants = raw[start + 2 : start + 18]
        weights += [((byte & 15) - 8) * scale for byte in quants]
        weights += [((byte >> 4) - 8) * scale for byte in quants]
    return weights


def e5_file(pieces: list[tuple[str, float]], character_map: dict[int, str], seed: int = 0) -> bytes:
    """A whole weights file of a one-layer model: hidden 32, 2 heads, intermediate 64."""
    rng = np.random.default_rng(seed)
    hidden, wide, positions = 32, 64, 16
    shapes = {"emb.word": (len(pieces), hidden), "emb.pos": (0, positions * hidden)}
    shapes |= {"emb.type": (0, 2 * hidden), "emb.ln.w": (0, hidden), "emb.ln.b": (0, hidden)}
    for name in ("q", "k", "v", "ao"):
        shapes |= {f"l0.{name}.w": (hidden, hidden), f"l0.{name}.b": (0, hidden)}
    shapes |= {"l0.fi.w": (wide, hidden), "l0.fi.b": (0, wide)}
    shapes |= {"l0.fo.w": (hidden, wide), "l0.fo.b": (0, hidden)}
    for name in ("aln", "oln"):
        shapes |= {f"l0.{name}.w": (0, hidden), f"l0.{name}.b": (0, hidden)}
    head = b"E5S1" + struct.pack("<i7i", 1, hidden, 1, 2, wide, len(pieces), positions, 2)
    head += struct.pack("<fi5i", 1e-12, 32, len(pieces), 0, 2, 1, 3) + _pieces(pieces)
    head += _character_map(character_map)
    directory_bytes = 4 + sum(2 + len(name) + 21 for name in shapes)
    directory, body = struct.pack("<i", len(shapes)), b""
    for name, (rows, columns) in shapes.items():
        raw = _q4_0(rng, rows * columns) if rows else _floats(rng, columns)
        place = len(head) + directory_bytes + len(body)
        directory += struct.pack("<H", len(name)) + name.encode()
        elements = (rows or 1) * columns
        directory += struct.pack("<BIQQ", int(bool(rows)), elements, place, len(raw))
        body += raw
    return head + directory + body


def _pieces(pieces: list[tuple[str, float]]) -> bytes:
    blobs = [piece.encode() for piece, _ in pieces]
    offsets = np.cumsum([0, *map(len, blobs)]).astype("<u4").tobytes()
    scores = np.array([score for _, score in pieces], "<f4").tobytes()
    return struct.pack("<Q", sum(map(len, blobs))) + offsets + scores + b"".join(blobs)


def _character_map(character_map: dict[int, str]) -> bytes:
    entries = b"".join(
        struct.pack(f"<IB{len(new)}I", old, len(new), *map(ord, new))
        for old, new in character_map.items()
    )
    return struct.pack("<iI", len(character_map), len(entries)) + entries


def _q4_0(rng: np.random.Generator, elements: int) -> bytes:
    blocks: NDArray[np.uint8] = rng.integers(0, 256, (elements // 32, 18), dtype=np.uint8)
    scales = rng.normal(0, 0.2, len(blocks)).astype("<f2")
    blocks[:, :2] = scales.view(np.uint8).reshape(-1, 2)
    return blocks.tobytes()


def _floats(rng: np.random.Generator, elements: int) -> bytes:
    return rng.normal(0, 1, elements).astype("<f4").tobytes()
