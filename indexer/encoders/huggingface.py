"""Any encoder of transformers, from a Hugging Face id or a local directory.

Safetensors only, and no code of the model's own: see `model_directory`.
"""

import json
from typing import TYPE_CHECKING

from indexer.encoders.arithmetic import Arithmetic
from indexer.encoders.model_directory import find_directory, hash_files, read_mapping
from indexer.encoders.model_settings import Settings, read_settings
from indexer.encoders.protocol import EncoderSpec
from indexer.encoders.quiet import quiet_transformers
from indexer.encoders.tokens import TextTokenizer
from indexer.encoders.transformer import Recipe, TransformerEncoder
from indexer.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_TOKENIZER_FILES = (
    "added_tokens.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
_VOLATILE = {"_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache"}
"""Keys of config.json that say nothing about the vectors."""
_DEFAULT_MAX_TOKENS = 512
_FETCH_AGAIN = "fetch the model again, or choose another encoder"


def open_huggingface(spec: EncoderSpec, arithmetic: Arithmetic) -> TransformerEncoder:
    """Load the encoder of a directory or Hub id.

    Raises:
        UsageError: no such directory or id, or an option that the model does not have.
        InputError: unsafe, incomplete or not understood.
    """
    from safetensors import SafetensorError

    quiet_transformers()
    directory = find_directory(spec.name, spec.revision)
    settings = read_settings(directory, spec.pooling)
    try:
        model = _load_model(settings, arithmetic)
        tokenizer = _load_tokenizer(settings, model)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        SafetensorError,
    ) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"{settings.transformer}: cannot be loaded: {reason}", _FETCH_AGAIN) from (
            error
        )
    recipe = Recipe(settings.pooling, spec.layer, settings.prompts, settings.include_prompt)
    return TransformerEncoder(spec.name, model, tokenizer, recipe, arithmetic, _parts(settings))


def _load_model(settings: Settings, arithmetic: Arithmetic) -> "PreTrainedModel":
    from transformers import AutoConfig, AutoModel

    folder = settings.transformer
    safe = {"trust_remote_code": False, "local_files_only": True}
    config = AutoConfig.from_pretrained(folder, **safe)
    if getattr(config, "is_encoder_decoder", False):
        raise ValueError("an encoder-decoder model has no single hidden state of a text")
    if getattr(config, "quantization_config", None) is not None:
        raise ValueError("quantised weights are not supported")
    model, report = AutoModel.from_pretrained(
        folder,
        config=config,
        dtype=arithmetic.dtype,
        use_safetensors=True,
        output_loading_info=True,
        **safe,
    )
    _refuse_random_weights(model, report["missing_keys"], settings)
    prepared: PreTrainedModel = model.requires_grad_(False).eval().to(arithmetic.device)
    return prepared


def _refuse_random_weights(
    model: "PreTrainedModel", missing: "set[str] | list[str]", settings: Settings
) -> None:
    """Transformers fills what a checkpoint lacks at random, and only logs it.

    Raises:
        ValueError: a missing weight that the vectors depend on.
    """
    pooler = {key for key in missing if key.startswith("pooler.")}
    others = sorted(set(missing) - pooler)
    if others:
        raise ValueError(f"the weights lack {others[0]} of {type(model).__name__}")
    if pooler and settings.pooling == "pooler":
        raise ValueError("the weights hold no pooler; choose another pooling")


def _load_tokenizer(settings: Settings, model: "PreTrainedModel") -> TextTokenizer:
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(
        settings.transformer, trust_remote_code=False, local_files_only=True
    )
    backend = getattr(loaded, "backend_tokenizer", None)
    if backend is None:
        raise ValueError("it has no fast tokenizer; save one as tokenizer.json")
    return TextTokenizer(
        backend,
        _max_tokens(settings, loaded, model),
        str.lower if settings.lower_case else None,
        loaded.truncation_side == "left",
    )


def _max_tokens(
    settings: Settings, tokenizer: "PreTrainedTokenizerBase", model: "PreTrainedModel"
) -> int:
    """The tightest of what the directory, the tokenizer and the model's positions allow."""
    limits = [settings.max_tokens or tokenizer.model_max_length]
    positions = getattr(model.config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > 0:
        is_roberta = "roberta" in model.config.model_type
        limits.append(positions - model.config.pad_token_id - 1 if is_roberta else positions)
    limit = int(min(limits))
    return limit if limit < 1_000_000 else _DEFAULT_MAX_TOKENS


def _parts(settings: Settings) -> dict[str, str]:
    folder = settings.transformer
    config = read_mapping(folder / "config.json")
    lasting = {key: value for key, value in config.items() if key not in _VOLATILE}
    tokenizer = [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()]
    return {
        "weights": hash_files(folder.glob("*.safetensors")),
        "weight quantisation": "none",
        "tokenizer": hash_files(tokenizer),
        "lower case": "yes" if settings.lower_case else "no",
        "config": json.dumps(lasting, sort_keys=True),
    }
