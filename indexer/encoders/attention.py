"""Attention over packed texts: each token sees the tokens of its own text and no others.

Two ways, planned once a batch and then used by every layer. `EqualLengths` runs torch's fused
kernel over each group of texts of the same length, without a mask. `Aligned` is for bfloat16 on a
CPU, where that kernel takes as long as all the linear layers for heads of 32: it uses oneDNN's
bfloat16 products and a float32 softmax. oneDNN compiles and keeps 0.7 MB of code for every shape
it meets, so `Aligned` meets few: lengths are rounded up and texts taken in eights and ones.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_LENGTH_MULTIPLE = 16
_TEXTS_AT_ONCE = 8


class EqualLengths:
    """Torch's fused attention, a call for each length.

    Args:
        lengths: tokens of each text, equal ones side by side.
        heads: of the model.
    """

    def __init__(self, lengths: Sequence[int], heads: int) -> None:
        self._groups = [(len(list(group)), length) for length, group in groupby(lengths)]
        self._heads = heads

    def __call__(self, projected: "torch.Tensor") -> "torch.Tensor":
        """(rows, 3 * hidden) queries, keys and values to (rows, hidden) contexts.

        Rows behind the last text are zero.
        """
        from torch.nn.functional import scaled_dot_product_attention

        size = projected.shape[1] // (3 * self._heads)
        contexts = projected.new_empty((len(projected), self._heads * size))
        start = 0
        for n, length in self._groups:
            end = start + n * length
            part = projected[start:end].view(n, length, 3, self._heads, size)
            query, key, value = part.permute(2, 0, 3, 1, 4)
            context = scaled_dot_product_attention(query, key, value).transpose(1, 2)
            contexts[start:end].view(n, length, self._heads, size).copy_(context)
            start = end
        contexts[start:] = 0
        return contexts


class Aligned:
    """Bfloat16 products around a float32 softmax, over texts filled up to a few lengths.

    What fills a text up is masked, so that it weighs exactly nothing.

    Args:
        lengths: tokens of each text, falling.
        heads: of the model.
    """

    def __init__(self, lengths: Sequence[int], heads: int) -> None:
        import torch

        self._heads = heads
        self._chunks: list[tuple[int, int, torch.Tensor]] = []
        gather, scatter = [], []
        row = 0
        for filled, chunk in _chunks(lengths):
            sizes = torch.tensor(chunk).unsqueeze(1)
            column = torch.arange(filled).unsqueeze(0)
            starts = row + sizes.cumsum(0) - sizes
            real = column < sizes
            scatter.append(real)
            gather.append(torch.where(real, starts + column, starts).flatten())
            mask = torch.zeros(real.shape).masked_fill(~real, -torch.inf)
            self._chunks.append((len(chunk), filled, mask.view(len(chunk), 1, 1, filled)))
            row += sum(chunk)
        self._gather = torch.cat(gather)
        self._scatter = torch.cat([real.flatten() for real in scatter]).nonzero().squeeze(1)

    def __call__(self, projected: "torch.Tensor") -> "torch.Tensor":
        """(rows, 3 * hidden) queries, keys and values to (rows, hidden) contexts.

        Rows behind the last text are zero.
        """
        import torch

        filled = projected.index_select(0, self._gather)
        parts, start = [], 0
        for n, length, mask in self._chunks:
            end = start + n * length
            parts.append(self._attend(filled[start:end], n, length, mask))
            start = end
        contexts = projected.new_zeros((len(projected), projected.shape[1] // 3))
        tokens = len(self._scatter)
        torch.index_select(torch.cat(parts), 0, self._scatter, out=contexts[:tokens])
        return contexts

    def _attend(
        self, filled: "torch.Tensor", n: int, length: int, mask: "torch.Tensor"
    ) -> "torch.Tensor":
        """(n * length, 3 * hidden) to (n * length, hidden) for n texts of one length."""
        import torch

        heads = self._heads
        size = filled.shape[1] // (3 * heads)
        apart = filled.view(n, length, 3, heads, size).permute(2, 0, 3, 1, 4)
        query, key, value = apart.reshape(3, n * heads, length, size)
        nothing = filled.new_empty(1)  # beta = 0: the addend is not read
        scores = torch.baddbmm(nothing, query, key.transpose(1, 2), beta=0, alpha=size**-0.5)
        masked = scores.float().view(n, heads, length, length).add_(mask)
        weights = masked.softmax(-1).to(filled.dtype).view(n * heads, length, length)
        context = torch.bmm(weights, value).view(n, heads, length, size)
        return context.transpose(1, 2).reshape(n * length, heads * size)


def _chunks(lengths: Sequence[int]) -> list[tuple[int, Sequence[int]]]:
    """(filled length, lengths of its texts), in eights and ones."""
    chunks: list[tuple[int, Sequence[int]]] = []
    start = 0
    for filled, group in groupby(lengths, _fill):
        end = start + len(list(group))
        while start < end:
            n = _TEXTS_AT_ONCE if end - start >= _TEXTS_AT_ONCE else 1
            chunks.append((filled, lengths[start : start + n]))
            start += n
    return chunks


def _fill(length: int) -> int:
    return -(-length // _LENGTH_MULTIPLE) * _LENGTH_MULTIPLE
