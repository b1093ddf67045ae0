"""Batches hold every text once and never more padded tokens than they may."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.encoders.batching import length_batches

LENGTHS = st.lists(st.integers(1, 600), max_size=60)


@given(LENGTHS, st.integers(1, 1000))
def test_every_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    """Each row is in one batch; only a text longer than the budget goes beyond it, alone."""
    batches = length_batches(lengths, budget)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[row] for row in batch)
        assert longest * len(batch) <= budget or len(batch) == 1


@given(LENGTHS)
def test_lengths_only_fall(lengths: list[int]) -> None:
    """The longest texts come first and equal lengths stand side by side."""
    flat = [lengths[row] for batch in length_batches(lengths, 100) for row in batch]
    assert flat == sorted(lengths, reverse=True)


def test_hand_case() -> None:
    """Two of length 5 fill a budget of 12; then the shorter ones; ties keep their order."""
    assert length_batches([3, 5, 3, 5, 2], 12) == [[1, 3], [0, 2, 4]]
    assert length_batches([], 12) == []
