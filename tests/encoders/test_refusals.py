"""Directories that could run code, or that are not understood, are refused before loading."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer.encoders import EncoderSpec, open_encoder
from indexer.errors import InputError, UsageError
from tests.encoders.models import write_json


class Canary:
    """Unpickling it creates a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.file,)


def plant_code(folder: Path, canary: Path) -> None:
    """A Python module that creates the canary when it is imported."""
    source = f"import pathlib\npathlib.Path({str(canary)!r}).touch()\nclass Model: ...\n"
    (folder / "modeling_canary.py").write_text(source)


def plant_pickle(name: str) -> Callable[[Path, Path], None]:
    """A pickle under some name, in place of the safetensors."""

    def plant(folder: Path, canary: Path) -> None:
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(pickle.dumps(Canary(canary)))

    return plant


def plant_key(name: str, code: bool = False) -> Callable[[Path, Path], None]:
    """An ``auto_map`` in a JSON file, with or without the code it names."""

    def plant(folder: Path, canary: Path) -> None:
        file = folder / name
        value: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
        names = {"AutoModel": "modeling_canary.Model", "AutoTokenizer": ["modeling_canary.Model"]}
        write_json(file, {**value, "auto_map": names})
        if code:
            plant_code(folder, canary)

    return plant


def plant_module(folder: Path, canary: Path) -> None:
    """A sentence-transformers module of the directory's own."""
    plant_code(folder, canary)
    module = {"idx": 2, "name": "2", "path": "", "type": "modeling_canary.Model"}
    modules = json.loads((folder / "modules.json").read_text())
    write_json(folder / "modules.json", [*modules, module])


CANARIES: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "bin": (plant_pickle("pytorch_model.bin"), r"pytorch_model\.bin: a pickle"),
    "pt": (plant_pickle("model.pt"), r"model\.pt: a pickle"),
    "pth": (plant_pickle("weights.pth"), r"weights\.pth: a pickle"),
    "pkl": (plant_pickle("vocab.pkl"), r"vocab\.pkl: a pickle"),
    "ckpt": (plant_pickle("last.ckpt"), r"last\.ckpt: a pickle"),
    "upper case": (plant_pickle("MODEL.BIN"), r"MODEL\.BIN: a pickle"),
    "in a folder": (plant_pickle("2_Dense/pytorch_model.bin"), r"2_Dense/pytorch_model\.bin"),
    "python": (plant_code, r"modeling_canary\.py: a model directory with code"),
    "auto_map in config": (plant_key("config.json"), r"config\.json: auto_map"),
    "auto_map in tokenizer": (plant_key("tokenizer_config.json"), "auto_map"),
    "auto_map with code": (plant_key("config.json", code=True), r"modeling_canary\.py"),
    "module": (plant_module, r"modeling_canary\.py"),
    "pickled safetensors": (plant_pickle("model.safetensors"), "cannot be loaded"),
}


@pytest.mark.parametrize("name", CANARIES)
def test_canaries_stay_asleep(tiny: Path, tmp_path: Path, name: str) -> None:
    """The error names the file and the remedy, and no planted code has run."""
    canary = tmp_path / "canary"
    plant, message = CANARIES[name]
    plant(tiny, canary)
    with pytest.raises(InputError, match=message) as caught:
        open_encoder(EncoderSpec(str(tiny)), "cpu float32")
    assert caught.value.remedy
    assert not canary.exists()


def test_the_canary_works(tmp_path: Path) -> None:
    """Loaded carelessly, the pickle does create the file: the tests above prove something."""
    plant_pickle("model.bin")(tmp_path, tmp_path / "canary")
    pickle.loads((tmp_path / "model.bin").read_bytes())  # noqa: S301
    assert (tmp_path / "canary").exists()


def modules(*names: str, path: str = "") -> list[dict[str, object]]:
    """A ``modules.json`` of sentence-transformers modules."""
    kinds = [f"sentence_transformers.models.{name}" for name in names]
    return [{"idx": i, "path": path, "type": kind} for i, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("file", "value", "message"),
    [
        ("modules.json", modules("Transformer", "Pooling", "Dense"), "Dense are not supported"),
        ("modules.json", modules("Pooling", "Transformer"), "not supported"),
        ("modules.json", modules("Transformer"), "not supported"),
        ("modules.json", [{"type": "os.system", "path": ""}], r"os\.system are not supported"),
        ("modules.json", modules("Transformer", "Pooling", path="../.."), "leads out"),
        ("modules.json", modules("Transformer", "Pooling", path="/etc"), "leads out"),
        ("modules.json", {"no": "list"}, "not a list of modules"),
        ("modules.json", [3], "not a list of modules"),
        ("1_Pooling/config.json", {"pooling_mode": "weightedmean"}, "'weightedmean' is not"),
        ("1_Pooling/config.json", {"pooling_mode": ["cls", "max"]}, "is not supported"),
        (
            "1_Pooling/config.json",
            {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
            "is not supported",
        ),
        ("1_Pooling/config.json", [], "not a JSON object"),
        ("sentence_bert_config.json", {"max_seq_length": "long"}, "not a length"),
        ("config_sentence_transformers.json", {"prompts": ["query: "]}, "prompts"),
        ("config.json", {"model_type": "no-such-architecture"}, "cannot be loaded"),
        ("config.json", {"model_type": "t5"}, "encoder-decoder"),
    ],
)
def test_what_is_not_understood(tiny: Path, file: str, value: object, message: str) -> None:
    """A chain, a pooling or a value we do not know ends in an error, not in other vectors."""
    write_json(tiny / file, value)
    with pytest.raises(InputError, match=message) as caught:
        open_encoder(EncoderSpec(str(tiny)), "cpu float32")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("config.json", r"has no model \(config\.json\)"),
        ("model.safetensors", "has no safetensors weights"),
        ("1_Pooling/config.json", "missing"),
    ],
)
def test_incomplete_directories(tiny: Path, file: str, message: str) -> None:
    """What is missing is named."""
    (tiny / file).unlink()
    if file == "config.json":
        (tiny / "1_Pooling/config.json").rename(tiny / "pooling.json")
    with pytest.raises(InputError, match=message):
        open_encoder(EncoderSpec(str(tiny)), "cpu float32")


def test_damaged_json_and_weights(tiny: Path) -> None:
    """Truncated files are named, not traced back."""
    weights = (tiny / "model.safetensors").read_bytes()
    (tiny / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(InputError, match="cannot be loaded"):
        open_encoder(EncoderSpec(str(tiny)), "cpu float32")
    (tiny / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json: not readable as JSON"):
        open_encoder(EncoderSpec(str(tiny)), "cpu float32")


def test_weights_that_would_be_random(tiny: Path) -> None:
    """A checkpoint of another or a smaller model is refused; transformers only logs it."""
    from safetensors.torch import load_file, save_file

    weights = load_file(tiny / "model.safetensors")
    without_pooler = {k: v for k, v in weights.items() if not k.startswith("pooler")}
    save_file(without_pooler, tiny / "model.safetensors", {"format": "pt"})
    open_encoder(EncoderSpec(str(tiny)), "cpu float32")
    with pytest.raises(InputError, match="hold no pooler"):
        open_encoder(EncoderSpec(str(tiny), pooling="pooler"), "cpu float32")
    del without_pooler["encoder.layer.1.output.dense.weight"]
    save_file(without_pooler, tiny / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"lack encoder\.layer\.1\.output\.dense\.weight"):
        open_encoder(EncoderSpec(str(tiny)), "cpu float32")


def test_a_vocabulary_may_hold_the_word(tiny: Path) -> None:
    """``auto_map`` as a token is a token."""
    write_json(tiny / "vocab.json", {"auto_map": 7})
    open_encoder(EncoderSpec(str(tiny)), "cpu float32")


def test_layers_and_poolings_that_are_not_there(tiny: Path) -> None:
    """The range is named."""
    for layer in (4, -5):
        with pytest.raises(UsageError, match=f"no layer {layer}") as caught:
            open_encoder(EncoderSpec(str(tiny), layer=layer), "cpu float32")
        assert caught.value.remedy == "choose 0..3 or -1"
    with pytest.raises(UsageError, match="last layer only"):
        open_encoder(EncoderSpec(str(tiny), pooling="pooler", layer=1), "cpu float32")
