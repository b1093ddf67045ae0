"""A forward pass without padding for BERT-family models, over the model's own weights.

All tokens of a batch stand one after another, so that the linear layers, which make nine tenths
of the arithmetic, never touch padding. Attention runs over each group of texts of equal length,
which sorting has put side by side: no mask is needed, and a text's vector does not depend on the
lengths of its neighbours. On a CPU the weights are laid out once for oneDNN, which also takes
bias, GELU and the residual sum into the matrix product.
"""

from collections.abc import Callable, Sequence
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel

_ARCHITECTURES = {"bert": False, "roberta": True, "xlm-roberta": True}
"""Model type to whether its positions count from behind the padding id."""
_ROW_MULTIPLE = 16
"""Batches are filled up to this many rows: oneDNN compiles a kernel for every number of rows."""
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
        self._layers = [
            _PackedLayer(module, config.num_attention_heads) for module in encoder.layer[:layer]
        ]
        self._device = model.device

    def __call__(self, rows: Sequence[Sequence[int]]) -> "torch.Tensor":
        """Hidden states of a batch.

        Args:
            rows: token ids of each text, equal lengths side by side.

        Returns:
            (sum of lengths, hidden) in the order of the rows.
        """
        import torch

        groups = [(len(list(group)), length) for length, group in groupby(map(len, rows))]
        position = torch.cat([torch.arange(length).repeat(n) for n, length in groups])
        tokens = len(position)
        surplus = -tokens % _ROW_MULTIPLE
        ids = torch.tensor([*chain.from_iterable(rows), *[0] * surplus], device=self._device)
        position = torch.nn.functional.pad(position, (0, surplus)) + self._first_position
        hidden = self._embed(ids, position.to(self._device))
        for layer in self._layers:
            hidden = layer(hidden, groups)
        return hidden[:tokens]

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
    def __init__(self, module: "nn.Module", heads: int) -> None:
        import torch

        part: Any = module
        attention = part.attention
        joined = (attention.self.query, attention.self.key, attention.self.value)
        self._heads = heads
        self._project = _linear(
            torch.cat([each.weight for each in joined]), torch.cat([each.bias for each in joined])
        )
        self._attended = _linear_sum(attention.output.dense)
        self._attention_norm = attention.output.LayerNorm
        self._widen = _linear(part.intermediate.dense.weight, part.intermediate.dense.bias, "gelu")
        self._narrow = _linear_sum(part.output.dense)
        self._norm = part.output.LayerNorm

    def __call__(self, hidden: "torch.Tensor", groups: Sequence[tuple[int, int]]) -> "torch.Tensor":
        context = self._attend(self._project(hidden), groups)
        hidden = self._attention_norm(self._attended(context, hidden))
        normed: torch.Tensor = self._norm(self._narrow(self._widen(hidden), hidden))
        return normed

    def _attend(
        self, projected: "torch.Tensor", groups: Sequence[tuple[int, int]]
    ) -> "torch.Tensor":
        """(tokens, 3 * hidden) queries, keys and values to (tokens, hidden) contexts."""
        size = projected.shape[1] // (3 * self._heads)
        contexts = projected.new_empty((len(projected), self._heads * size))
        start = 0
        for n, length in groups:
            end = start + n * length
            part = projected[start:end].view(n, length, 3, self._heads, size)
            context = attend(part.permute(2, 0, 3, 1, 4))
            contexts[start:end].view(n, length, self._heads, size).copy_(context.transpose(1, 2))
            start = end
        contexts[start:] = 0
        return contexts


def attend(parts: "torch.Tensor") -> "torch.Tensor":
    """Attention of every text to itself.

    Args:
        parts: (3, texts, heads, tokens, size) queries, keys and values, any strides.

    Returns:
        (texts, heads, tokens, size) contexts.
    """
    import torch

    n, heads, length, size = parts.shape[1:]
    on_cpu = parts.device.type == "cpu"
    if not on_cpu or parts.dtype == torch.float32 or length > _LONGEST_SCORES:
        query, key, value = parts
        return torch.nn.functional.scaled_dot_product_attention(query, key, value)
    # oneDNN's bfloat16 products beat torch's fused kernel by far for heads this small; the
    # softmax is float32, which is faster here than torch's in bfloat16, and more exact.
    query, key, value = parts.reshape(3, n * heads, length, size)
    scores = torch.baddbmm(_nothing(parts), query, key.transpose(1, 2), beta=0, alpha=size**-0.5)
    weights = scores.float().softmax(-1).to(parts.dtype)
    return torch.bmm(weights, value).view(n, heads, length, size)


def _nothing(like: "torch.Tensor") -> "torch.Tensor":
    """The addend of a product that adds nothing (beta = 0)."""
    return like.new_empty(1)


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
    packed: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS_HINT)
    return packed
