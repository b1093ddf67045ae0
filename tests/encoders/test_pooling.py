"""Pooling agrees with a loop over the texts in numpy."""

import numpy as np
import pytest

from indexer.encoders.pooling import normalise, pool
from indexer.encoders.protocol import Pooling

LENGTHS = [4, 1, 7, 2]
RNG = np.random.default_rng(3)
HIDDEN = RNG.normal(size=(sum(LENGTHS), 5)).astype(np.float32)


def reference(pooling: str, skip: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Pool text by text."""
    rows, start = [], 0
    for length in LENGTHS:
        text = HIDDEN[start : start + length]
        kept = text[min(skip, length - 1) :]
        rows.append(
            {
                "mean": kept.mean(axis=0),
                "max": kept.max(axis=0),
                "cls": kept[0],
                "pooler": kept[0],
                "last": kept[-1],
            }[pooling]
        )
        start += length
    return np.array(rows)


@pytest.mark.parametrize("skip", [0, 1, 3, 50])
@pytest.mark.parametrize("pooling", ["mean", "max", "cls", "pooler", "last"])
def test_agrees_with_numpy(pooling: Pooling, skip: int) -> None:
    """Every pooling, with and without leading tokens left out."""
    import torch

    pooled = pool(torch.from_numpy(HIDDEN), torch.tensor(LENGTHS), pooling, skip)
    np.testing.assert_allclose(pooled.numpy(), reference(pooling, skip), rtol=1e-5, atol=1e-6)


def test_sums_are_float32() -> None:
    """A mean of 4,096 equal bfloat16 states is that state: no sum is kept in bfloat16."""
    import torch

    hidden = torch.full((4096, 2), 1.0078125, dtype=torch.bfloat16)
    pooled = pool(hidden, torch.tensor([4096]), "mean")
    assert pooled.dtype == torch.float32
    assert pooled.tolist() == [[1.0078125, 1.0078125]]


def test_normalise_has_no_nan() -> None:
    """Rows have unit length; a row of zeros becomes an axis, not NaN."""
    import torch

    unit = normalise(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    assert unit.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [1.0, 0.0]]
