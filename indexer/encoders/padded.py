"""The model's own forward pass over padded batches, for architectures that are not packed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class PaddedForward:
    """Runs any encoder of transformers.

    Args:
        model: an evaluated encoder-only model.
        layer: hidden layer that is returned; None the last, as the model itself returns it.
        pad_id: token id that fills the shorter rows; it is masked.
    """

    def __init__(self, model: "PreTrainedModel", layer: int | None, pad_id: int) -> None:
        self._model = model
        self._layer = layer
        self._pad_id = pad_id

    def __call__(self, rows: Sequence[Sequence[int]]) -> "torch.Tensor":
        """Hidden states of a batch.

        Args:
            rows: token ids of each text.

        Returns:
            (sum of lengths, hidden) in the order of the rows, without the padding.
        """
        import torch

        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self._pad_id, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        ids, mask = ids.to(self._model.device), mask.to(self._model.device)
        output = self._model(
            input_ids=ids, attention_mask=mask, output_hidden_states=self._layer is not None
        )
        states: torch.Tensor = (
            output.last_hidden_state if self._layer is None else output.hidden_states[self._layer]
        )
        return states[mask.bool()]
