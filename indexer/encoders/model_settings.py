"""Reads how a sentence-transformers directory pools, prompts and limits its model."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.encoders.model_directory import read_json, read_mapping
from indexer.encoders.protocol import Pooling
from indexer.errors import InputError
from indexer.records import Role

_LOG = logging.getLogger(__name__)
_POOLINGS: Mapping[str, Pooling] = {
    "mean": "mean",
    "mean_sqrt_len_tokens": "mean",  # another length of the same direction
    "cls": "cls",
    "max": "max",
    "lasttoken": "last",
}
_OLD_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_PROMPT_NAMES: Mapping[Role, tuple[str, ...]] = {
    "query": ("query",),
    "passage": ("document", "passage", "corpus"),
}
_CHOOSE = "choose another encoder"
_CHOOSE_POOLING = "choose a pooling: mean, cls, pooler, max or last"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a model directory says about itself."""

    transformer: Path
    """Folder of the transformers model."""
    pooling: Pooling
    include_prompt: bool
    prompts: Mapping[Role, str]
    max_tokens: int | None
    lower_case: bool


def read_settings(directory: Path, pooling: Pooling | None) -> Settings:
    """Read ``modules.json`` and what it names; mean pooling where there is none.

    Args:
        directory: a checked model directory.
        pooling: the user's choice, which goes before the directory's.

    Raises:
        InputError: a chain of modules, a pooling or a value that is not understood.
    """
    if not (directory / "modules.json").is_file():
        return _plain_settings(directory, pooling)
    transformer, pooler = _read_modules(directory)
    if not (pooler / "config.json").is_file():
        raise InputError(f"{pooler / 'config.json'}: missing", "fetch the model again")
    config = read_mapping(pooler / "config.json")
    limits = _read_limits(transformer)
    limit = limits.get("max_seq_length")
    if limit is not None and not (isinstance(limit, int) and limit > 2):
        raise InputError(f"{transformer}: max_seq_length {limit!r} is not a length", _CHOOSE)
    return Settings(
        transformer,
        pooling or _read_pooling(config, pooler / "config.json"),
        config.get("include_prompt", True) is not False,
        _read_prompts(directory / "config_sentence_transformers.json"),
        limit,
        limits.get("do_lower_case") is True,
    )


def _plain_settings(directory: Path, pooling: Pooling | None) -> Settings:
    """For a directory that says nothing about itself."""
    if pooling is None:
        _LOG.warning(
            "%s has no modules.json: pooling is the mean of the last layer, without prompts",
            directory,
        )
    prompts: dict[Role, str] = {"query": "", "passage": ""}
    return Settings(directory, pooling or "mean", True, prompts, None, False)


def _read_modules(directory: Path) -> tuple[Path, Path]:
    """Folders of the transformer and the pooling.

    Raises:
        InputError: any other chain than Transformer, Pooling and at most Normalize.
    """
    file = directory / "modules.json"
    modules = read_json(file)
    kinds, paths = [], []
    for module in modules if isinstance(modules, list) else [modules]:
        kind = module.get("type") if isinstance(module, dict) else None
        path = module.get("path", "") if isinstance(module, dict) else None
        if not isinstance(kind, str) or not isinstance(path, str):
            raise InputError(f"{file}: not a list of modules", "fetch the model again")
        is_known = kind.startswith("sentence_transformers.")
        kinds.append(kind.rpartition(".")[2] if is_known else kind)
        paths.append(_inside(directory, path, file))
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise InputError(
            f"{file}: the modules {' > '.join(kinds)} are not supported, "
            "only Transformer > Pooling > Normalize",
            _CHOOSE,
        )
    return paths[0], paths[1]


def _inside(directory: Path, path: str, file: Path) -> Path:
    folder = directory / path
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise InputError(f"{file}: {path!r} leads out of the model", _CHOOSE)
    return folder


def _read_pooling(config: Mapping[str, object], file: Path) -> Pooling:
    mode = config.get("pooling_mode")
    if isinstance(mode, list) and len(mode) == 1:
        mode = mode[0]
    if mode is None:
        active = [name for key, name in _OLD_KEYS.items() if config.get(key)]
        mode = active[0] if len(active) == 1 else (active or "mean")
    if isinstance(mode, str) and mode in _POOLINGS:
        return _POOLINGS[mode]
    raise InputError(f"{file}: pooling {mode!r} is not supported", _CHOOSE_POOLING)


def _read_prompts(file: Path) -> dict[Role, str]:
    config = read_mapping(file)
    prompts = config.get("prompts") or {}
    default = config.get("default_prompt_name")
    if not isinstance(prompts, dict) or not isinstance(default, str | None):
        raise InputError(f"{file}: its prompts are not a JSON object", "fetch the model again")
    chosen: dict[Role, str] = {}
    for role, names in _PROMPT_NAMES.items():
        found = [prompts[name] for name in (*names, default) if prompts.get(name) is not None]
        chosen[role] = str(found[0]) if found else ""
    return chosen


def _read_limits(transformer: Path) -> dict[str, object]:
    """``sentence_bert_config.json``, or its siblings for other architectures."""
    files = sorted(transformer.glob("sentence_*_config.json"))
    return read_mapping(files[0]) if files else {}
