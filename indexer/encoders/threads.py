"""How many threads encode at once, and on how many cores each of them computes."""

from indexer.encoders.protocol import Encoder


def encoding_threads(encoder: Encoder) -> int:
    """Say how many threads may usefully call ``encode`` at once.

    One matrix product on two cores waits for the slower of them, at every layer, and whatever else
    the machine does makes one of them slower. Two texts on a core each wait for nobody. An encoder
    that is not known to be safe for it, or that has one device for all, is called by one thread.
    """
    if not encoder.arithmetic.startswith("cpu") or not _is_transformer(encoder):
        return 1
    return min(2, available_cores())


def available_cores() -> int:
    """Say on how many cores a matrix product may run here; it heeds ``OMP_NUM_THREADS``."""
    import torch

    return torch.get_num_threads()


def compute_on(cores: int) -> None:
    """Let the calling thread, and no other, compute on so many cores."""
    import torch

    torch.set_num_threads(cores)


def _is_transformer(encoder: Encoder) -> bool:
    from indexer.encoders.transformer import TransformerEncoder

    return isinstance(encoder, TransformerEncoder)
