"""Cuts texts into batches: sorted by length, bounded by tokens rather than by texts."""

from collections.abc import Sequence


def length_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Batches of row numbers, longest texts first.

    Sorting puts equal lengths side by side, so that hardly any batch needs padding; the longest
    first shows at once whether the memory suffices. A longest text of a batch times its number
    of texts stays within the budget, so the bound holds for padded batches as well.

    Args:
        lengths: tokens of each text, at least 1.
        budget: tokens of a batch; a longer text has a batch of its own.

    Returns:
        Every row number exactly once; ties keep their order, so the cut is reproducible.
    """
    batches: list[list[int]] = []
    room = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if room < lengths[row]:
            batches.append([])
            room = budget // lengths[row] * lengths[row]
        batches[-1].append(row)
        room -= lengths[batches[-1][0]]
    return batches
