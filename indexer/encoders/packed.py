"""A forward pass without padding for BERT-family models, over the model's own weights.

All tokens of a batch stand one after another, so that the linear layers, which make nine tenths
of the arithmetic, never touch padding, and a text's vector does not depend on the lengths of its
neighbours. On a CPU the weights are laid out once for oneDNN, which also takes bias, GELU and the
residual sum into the matrix product. How texts attend: see `attention`.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from indexer.encoders.attention import Aligned, EqualLengths

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel

    Attend = Callable[[torch.Tensor], torch.Tensor]

_ARCHITECTURES = {"bert": False, "roberta": True, "xlm-roberta": True}
"""Model type to whether its positions count from behind the padding id."""
_LONGEST_SCORES = 1024
"""Tokens up to which the attention scores of a text are held in memory."""
_ROWS_HINT = 1024
"""Rows that oneDNN expects in a product when it chooses the layout of the weights."""


class PackedBert:
    """The forward pass of one BERT, RoBERTa or XLM-RoBERTa model.

    Args:
        model: an evaluated `BertModel`, `RobertaModel` or `XLMRobertaModel`; ask `supports`.
        layer: hidden layer to stop after, from 0 (the embeddings) to the number of layers.
    """

    def __init__(self, model: "PreTrainedModel", layer: int) -> None:
        config = model.config
        encoder: Any = model.encoder  # torch's stubs know no submodule by its name
        self._embeddings: Any = model.embeddings
        self._first_position = config.pad_token_id + 1 if _ARCHITECTURES[config.model_type] else 0
        self._layers = [_PackedLayer(module) for module in encoder.layer[:layer]]
        self._heads = int(config.num_attention_heads)
        self._device = model.device
        self._runs_bfloat16_on_cpu = str(model.device) == "cpu" and "bfloat16" in str(model.dtype)

    def __call__(self, rows: Sequence[Sequence[int]]) -> "torch.Tensor":
        """Hidden states of a batch.

        Args:
            rows: token ids of each text, lengths falling.

        Returns:
            (sum of lengths, hidden) in the order of the rows.
        """
        import torch

        lengths = [len(row) for row in rows]
        tokens = sum(lengths)
        surplus = _rows(tokens) - tokens
        ids = torch.tensor([*chain.from_iterable(rows), *[0] * surplus], device=self._device)
        position = torch.cat([torch.arange(n) for n in (*lengths, surplus)])
        position = position.clamp_max(max(lengths) - 1) + self._first_position
        hidden = self._embed(ids, position.to(self._device))
        attend = self._plan(lengths)
        for layer in self._layers:
            hidden = layer(hidden, attend)
        return hidden[:tokens]

    def _plan(self, lengths: Sequence[int]) -> "Attend":
        is_aligned = self._runs_bfloat16_on_cpu and max(lengths) <= _LONGEST_SCORES
        return Aligned(lengths, self._heads) if is_aligned else EqualLengths(lengths, self._heads)

    def _embed(self, ids: "torch.Tensor", position: "torch.Tensor") -> "torch.Tensor":
        part = self._embeddings
        summed = part.word_embeddings(ids) + part.token_type_embeddings.weight[0]
        normed: torch.Tensor = part.LayerNorm(summed + part.position_embeddings(position))
        return normed


def supports(model: "PreTrainedModel") -> bool:
    """Whether the packed pass computes exactly what this model's own forward pass does."""
    config = model.config
    return (
        config.model_type in _ARCHITECTURES
        and config.hidden_act == "gelu"
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and not getattr(config, "is_decoder", False)
        and not getattr(config, "add_cross_attention", False)
    )


class _PackedLayer:
    def __init__(self, module: "nn.Module") -> None:
        import torch

        part: Any = module
        attention = part.attention
        joined = (attention.self.query, attention.self.key, attention.self.value)
        self._project = _linear(
            torch.cat([each.weight for each in joined]), torch.cat([each.bias for each in joined])
        )
        self._attended = _linear_sum(attention.output.dense)
        self._attention_norm = attention.output.LayerNorm
        self._widen = _linear(part.intermediate.dense.weight, part.intermediate.dense.bias, "gelu")
        self._narrow = _linear_sum(part.output.dense)
        self._norm = part.output.LayerNorm

    def __call__(self, hidden: "torch.Tensor", attend: "Attend") -> "torch.Tensor":
        context = attend(self._project(hidden))
        hidden = self._attention_norm(self._attended(context, hidden))
        normed: torch.Tensor = self._norm(self._narrow(self._widen(hidden), hidden))
        return normed


def _rows(tokens: int) -> int:
    """Rows a batch is filled up to: oneDNN compiles, and keeps, a kernel for every number."""
    multiple = 16 if tokens <= 128 else 64
    return -(-tokens // multiple) * multiple


def _linear(
    weight: "torch.Tensor", bias: "torch.Tensor", activation: str = "none"
) -> Callable[["torch.Tensor"], "torch.Tensor"]:
    import torch
    from torch.nn.functional import gelu, linear

    packed = _pack(weight)
    if packed is not None:
        fused = torch.ops.mkldnn._linear_pointwise
        return lambda rows: fused(rows, packed, bias, activation, [], "none")
    if activation == "gelu":
        return lambda rows: gelu(linear(rows, weight, bias))
    return lambda rows: linear(rows, weight, bias)


def _linear_sum(
    dense: "nn.Linear",
) -> Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]:
    import torch
    from torch.nn.functional import linear

    weight, bias = dense.weight, dense.bias
    packed = _pack(weight)
    if packed is not None:
        fused = torch.ops.mkldnn._linear_pointwise.binary
        return lambda rows, other: fused(rows, other, packed, bias, "add")
    return lambda rows, other: linear(rows, weight, bias) + other


def _pack(weight: "torch.Tensor") -> "torch.Tensor | None":
    """The weight in oneDNN's layout; None where torch has no oneDNN for it."""
    import torch

    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    if weight.dtype == torch.bfloat16 and not _packs_bfloat16():
        return None
    packed: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS_HINT)
    return packed


def _packs_bfloat16() -> bool:
    """Whether oneDNN takes bfloat16 weights here; without these instructions it refuses them."""
    import torch

    found = torch.cpu.get_capabilities()
    wide = all(found.get(name) for name in ("avx512_bw", "avx512_vl", "avx512_dq"))
    return bool(wide or found.get("avx_ne_convert"))
