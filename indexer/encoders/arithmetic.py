"""Where and in which number format an encoder computes; recorded, never fingerprinted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from indexer.errors import UsageError

if TYPE_CHECKING:
    import torch

Device = Literal["cpu", "cuda"]
NumberFormat = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A device and the number format of its matrix products.

    Layer norms, the pooled sum and the normalisation are float32 in either format.
    """

    device: Device
    number_format: NumberFormat

    def __str__(self) -> str:
        return f"{self.device} {self.number_format}"

    @property
    def dtype(self) -> "torch.dtype":
        """The number format as torch names it."""
        import torch

        return torch.bfloat16 if self.number_format == "bfloat16" else torch.float32


def parse_arithmetic(text: str | None) -> Arithmetic:
    """Read ``cpu float32``; None chooses what is fastest here.

    Args:
        text: ``cpu`` or ``cuda``, a space, ``float32`` or ``bfloat16``; or None.

    Raises:
        UsageError: anything else, or ``cuda`` where there is none.
    """
    if text is None:
        return fastest_arithmetic()
    device, _, number_format = text.partition(" ")
    if device not in get_args(Device) or number_format not in get_args(NumberFormat):
        raise UsageError(
            f"arithmetic {text!r} is not known",
            "write 'cpu float32', 'cpu bfloat16', 'cuda float32' or 'cuda bfloat16'",
        )
    if device == "cuda" and not _has_cuda():
        raise UsageError("no CUDA device was found", "leave the arithmetic out, or write 'cpu …'")
    return Arithmetic(
        "cuda" if device == "cuda" else "cpu",
        "bfloat16" if number_format == "bfloat16" else "float32",
    )


def fastest_arithmetic() -> Arithmetic:
    """Bfloat16 where the device multiplies in it, float32 elsewhere; CUDA before CPU."""
    import torch

    if _has_cuda():
        return Arithmetic("cuda", "bfloat16" if torch.cuda.is_bf16_supported() else "float32")
    return Arithmetic("cpu", "bfloat16" if cpu_multiplies_bfloat16() else "float32")


def cpu_multiplies_bfloat16() -> bool:
    """Whether this CPU has bfloat16 products (AVX512-BF16 or AMX) and torch was built for them.

    Without them oneDNN emulates bfloat16 and is slower than float32, so "it runs" proves nothing.
    """
    import torch

    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
