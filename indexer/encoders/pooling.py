"""Pools the hidden states of packed texts into unit vectors; sums and norms in float32.

Packed: the tokens of all texts of a batch one after another, without padding.
"""

from typing import TYPE_CHECKING

from indexer.encoders.protocol import Pooling

if TYPE_CHECKING:
    import torch


def pool(
    hidden: "torch.Tensor", lengths: "torch.Tensor", pooling: Pooling, skip: int = 0
) -> "torch.Tensor":
    """Make one row of the tokens of each text.

    Args:
        hidden: (sum of lengths, d) hidden states, any floating type.
        lengths: (n,) int64 tokens of each text, all positive.
        pooling: ``pooler`` takes the first token, which the model's own pooler has seen to.
        skip: leading tokens of each text that are left out (a prompt that is not pooled); a text
            that has no more than these keeps its last token.

    Returns:
        (n, d) float32, not yet normalised.
    """
    import torch

    ends = lengths.cumsum(0)
    starts = ends - lengths
    if skip:
        starts = torch.minimum(starts + skip, ends - 1)
    if pooling == "last":
        return hidden[ends - 1].float()
    if pooling in {"cls", "pooler"}:
        return hidden[starts].float()
    if skip:
        hidden = hidden[_kept(starts, ends, lengths)]
    reduce = "max" if pooling == "max" else "mean"
    pooled: torch.Tensor = torch.segment_reduce(hidden.float(), reduce, lengths=ends - starts)
    return pooled


def _kept(starts: "torch.Tensor", ends: "torch.Tensor", lengths: "torch.Tensor") -> "torch.Tensor":
    """Positions from each start to its end, as one mask over the packed tokens."""
    import torch

    position = torch.arange(int(ends[-1]), device=ends.device)
    kept: torch.Tensor = position >= torch.repeat_interleave(starts, lengths)
    return kept


def normalise(rows: "torch.Tensor") -> "torch.Tensor":
    """(n, d) float32 rows to unit length; a zero row becomes the first axis, never NaN."""
    import torch

    norms = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    unit: torch.Tensor = rows / norms.clamp_min(torch.finfo(torch.float32).tiny)
    unit[(norms == 0).squeeze(1), 0] = 1.0
    return unit
