"""The encoder over a loaded transformer: tokenise, run, pool, normalise."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from indexer.encoders.arithmetic import Arithmetic
from indexer.encoders.batching import length_batches
from indexer.encoders.fingerprint import fingerprint
from indexer.encoders.packed import PackedBert, supports
from indexer.encoders.padded import PaddedForward
from indexer.encoders.pooling import normalise, pool
from indexer.encoders.protocol import Pooling
from indexer.encoders.tokens import TextTokenizer, Tokens
from indexer.errors import UsageError
from indexer.records import Encoding, Role, Vectors

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    Forward = Callable[[Sequence[Sequence[int]]], torch.Tensor]

_TEXTS_AT_ONCE = 1024
"""Texts that are tokenised and sorted together; bounds the memory whatever the corpus."""
_BATCH_TOKENS = {"cpu": 2048, "cuda": 65_536}
"""Tokens of a batch: enough to fill the matrix products, few enough to bound the memory."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is done with the hidden states, and the prompts before them."""

    pooling: Pooling
    layer: int | None
    """Hidden layer that is pooled, 0 the embeddings; None the last."""
    prompts: Mapping[Role, str]
    include_prompt: bool = True
    """Whether the prompt's tokens are pooled."""


class TransformerEncoder:
    """An encoder whose weights are a transformers model.

    Args:
        name: what people call it.
        model: evaluated, on the device and in the number format of ``arithmetic``.
        tokenizer: with the model's limit.
        recipe: prompts, layer and pooling.
        arithmetic: recorded, no part of the fingerprint.
        parts: what the fingerprint is made of, beside the recipe and the limit.

    Raises:
        UsageError: a layer or a pooling that the model does not have.
    """

    def __init__(
        self,
        name: str,
        model: "PreTrainedModel",
        tokenizer: TextTokenizer,
        recipe: Recipe,
        arithmetic: Arithmetic,
        parts: Mapping[str, str],
    ) -> None:
        layer = _checked_layer(model, recipe)
        self.name = name
        self.dim = int(model.config.hidden_size)
        self.model = model
        self.max_tokens = tokenizer.max_tokens
        self.arithmetic = str(arithmetic)
        self.parts: Mapping[str, str] = {**parts, **_recipe_parts(recipe, layer, self.max_tokens)}
        self.fingerprint = fingerprint(self.parts)
        self._tokenizer = tokenizer
        self._recipe = recipe
        self._device = arithmetic.device
        self._forward = _forward_pass(model, layer)

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode texts; see `Encoder.encode`."""
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        tokens = np.zeros(len(texts), dtype=np.int32)
        dropped = np.zeros(len(texts), dtype=np.int32)
        start = 0
        for part in self._tokenised(texts, self._recipe.prompts[role]):
            end = start + len(part.ids)
            vectors[start:end] = self._embed(part.ids, role)
            tokens[start:end], dropped[start:end] = part.total, part.dropped
            start = end
        return Encoding(vectors, tokens, dropped)

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Count tokens; see `CountsTokens.count_tokens`."""
        return self._tokenizer.count(texts)

    def room(self, role: Role) -> int:
        """Say what room the prompt leaves; see `CountsTokens.room`."""
        return self._tokenizer.room(self._recipe.prompts[role])

    def _tokenised(self, texts: Sequence[str], prompt: str) -> Iterator[Tokens]:
        """Tokens of a part of the texts after the other, the next part made meanwhile."""
        parts = [texts[i : i + _TEXTS_AT_ONCE] for i in range(0, len(texts), _TEXTS_AT_ONCE)]
        if len(parts) == 1:
            yield self._tokenizer(parts[0], prompt)
            return
        with ThreadPoolExecutor(1, "tokenise") as thread:
            ahead = thread.submit(self._tokenizer, parts[0], prompt) if parts else None
            for following in [*parts[1:], None]:
                if ahead is None:
                    return
                ready = ahead.result()
                ahead = thread.submit(self._tokenizer, following, prompt) if following else None
                yield ready

    def _embed(self, rows: Sequence[Sequence[int]], role: Role) -> Vectors:
        """(n, dim) unit vectors of tokenised texts."""
        import torch

        result = np.empty((len(rows), self.dim), dtype=np.float32)
        skip = self._skipped_tokens(role)
        lengths = [len(row) for row in rows]
        with torch.inference_mode():
            for batch in length_batches(lengths, _BATCH_TOKENS[self._device]):
                hidden = self._forward([rows[i] for i in batch])
                sizes = torch.tensor([lengths[i] for i in batch], device=hidden.device)
                if self._recipe.pooling == "pooler":
                    hidden = self._run_pooler(hidden, sizes)
                    sizes = torch.ones_like(sizes)
                pooled = pool(hidden, sizes, self._recipe.pooling, skip)
                result[batch] = normalise(pooled).cpu().numpy()
        return result

    def _run_pooler(self, hidden: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
        """(n, d) what the model's pooler makes of the first token of each text."""
        first = hidden[lengths.cumsum(0) - lengths]
        pooler: Any = self.model.pooler
        pooled: torch.Tensor = pooler(first.unsqueeze(1))
        return pooled

    def _skipped_tokens(self, role: Role) -> int:
        prompt = self._recipe.prompts[role]
        if self._recipe.include_prompt or not prompt:
            return 0
        return self._tokenizer.prompt_tokens(prompt)


def _checked_layer(model: "PreTrainedModel", recipe: Recipe) -> int | None:
    """The layer counted from the embeddings; None the last.

    Raises:
        UsageError: no such layer, or a pooler that is missing or asked of another layer.
    """
    layers = int(model.config.num_hidden_layers)
    asked = -1 if recipe.layer is None else recipe.layer
    if not -layers - 1 <= asked <= layers:
        raise UsageError(f"the encoder has no layer {asked}", f"choose 0..{layers} or -1")
    layer = asked % (layers + 1)
    if recipe.pooling == "pooler" and getattr(model, "pooler", None) is None:
        raise UsageError("the encoder has no pooler", "choose mean, cls, max or last pooling")
    if recipe.pooling == "pooler" and layer != layers:
        raise UsageError("the pooler reads the last layer only", "leave the layer out")
    return None if layer == layers else layer


def _recipe_parts(recipe: Recipe, layer: int | None, max_tokens: int) -> dict[str, str]:
    return {
        "pooling": recipe.pooling,
        "layer": "last" if layer is None else str(layer),
        "query prompt": recipe.prompts["query"],
        "passage prompt": recipe.prompts["passage"],
        "prompt pooled": "yes" if recipe.include_prompt else "no",
        "max_tokens": str(max_tokens),
        "normalisation": "l2",
    }


def _forward_pass(model: "PreTrainedModel", layer: int | None) -> "Forward":
    if supports(model):
        return PackedBert(model, model.config.num_hidden_layers if layer is None else layer)
    return PaddedForward(model, layer, model.config.pad_token_id or 0)
