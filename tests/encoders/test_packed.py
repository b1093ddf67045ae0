"""The packed pass computes what the model's own forward pass computes."""

from pathlib import Path

import pytest

from indexer.encoders.attention import Aligned, EqualLengths
from indexer.encoders.packed import PackedBert, supports
from indexer.encoders.padded import PaddedForward
from tests.encoders.models import SIZES

ROWS = [[2, 4, 5, 6, 7, 8, 3], [2, 9, 9, 9, 9, 9, 3], [2, 6, 7, 3], [2, 3], [3]]


def make(kind: str, activation: str = "gelu") -> object:
    """A model with random weights."""
    import torch
    import transformers

    torch.manual_seed(1)
    model_class = getattr(transformers, kind)
    config = model_class.config_class(**SIZES, hidden_act=activation)
    return model_class(config).requires_grad_(False).eval()


@pytest.mark.parametrize("layer", [0, 1, 3])
@pytest.mark.parametrize("kind", ["BertModel", "RobertaModel", "XLMRobertaModel"])
def test_equals_the_models_own_pass(kind: str, layer: int) -> None:
    """Token for token, at every layer, one text at a time and therefore without any padding."""
    import torch

    model = make(kind)
    assert supports(model)  # type: ignore[arg-type]
    with torch.inference_mode():
        packed = PackedBert(model, layer)(ROWS)  # type: ignore[arg-type]
        alone = [
            model(torch.tensor([row]), output_hidden_states=True).hidden_states[layer][0]  # type: ignore[operator]
            for row in ROWS
        ]
    torch.testing.assert_close(packed, torch.cat(alone), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["BertModel", "XLMRobertaModel", "DistilBertModel"])
def test_padded_pass_agrees_with_single_texts(kind: str) -> None:
    """Padding is masked and cut away."""
    import torch

    model = make(kind) if kind != "DistilBertModel" else make_distilbert()
    with torch.inference_mode():
        padded = PaddedForward(model, None, 0)(ROWS)  # type: ignore[arg-type]
        alone = [model(torch.tensor([row])).last_hidden_state[0] for row in ROWS]  # type: ignore[operator]
    torch.testing.assert_close(padded, torch.cat(alone), rtol=1e-4, atol=1e-4)


def make_distilbert() -> object:
    """An architecture that is not packed; its config has other names for the sizes."""
    import torch
    import transformers

    torch.manual_seed(1)
    config = transformers.DistilBertConfig(
        dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=20, vocab_size=11
    )
    return transformers.DistilBertModel(config).requires_grad_(False).train(False)


def test_other_architectures_are_not_packed() -> None:
    """Another activation or architecture falls back to the model's own pass."""
    assert not supports(make("BertModel", "relu"))  # type: ignore[arg-type]
    assert not supports(make_distilbert())  # type: ignore[arg-type]


LENGTHS = [40, 33, 33, 17, 16, *[15] * 19, 3, 1]


def test_attention_against_a_loop() -> None:
    """Both plans give what each text gives alone, and zeros behind the last text."""
    import torch

    torch.manual_seed(0)
    heads, size, tokens = 4, 8, sum(LENGTHS)
    projected = torch.randn(tokens + 5, 3 * heads * size)
    alone = []
    for part in torch.split(projected[:tokens], LENGTHS):
        query, key, value = part.view(-1, 3, heads, size).permute(1, 2, 0, 3).double()
        weights = (query @ key.transpose(1, 2) / size**0.5).softmax(-1)
        alone.append((weights @ value).transpose(0, 1).flatten(1))
    expected = torch.cat([*alone, torch.zeros(5, heads * size)]).float()
    equal = EqualLengths(LENGTHS, heads)(projected)
    torch.testing.assert_close(equal, expected, rtol=1e-4, atol=1e-5)
    aligned = Aligned(LENGTHS, heads)
    torch.testing.assert_close(aligned(projected), expected, rtol=1e-4, atol=1e-5)
    rough = aligned(projected.bfloat16()).float()
    torch.testing.assert_close(rough, expected, rtol=0.03, atol=0.03)


def test_without_onednn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where torch has no oneDNN, plain linear layers give the same."""
    import torch

    model = make("BertModel")
    with torch.inference_mode():
        fused = PackedBert(model, 3)(ROWS)  # type: ignore[arg-type]
        monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: False)
        plain = PackedBert(model, 3)(ROWS)  # type: ignore[arg-type]
    torch.testing.assert_close(fused, plain, rtol=1e-4, atol=1e-4)
