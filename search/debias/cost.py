"""What a fit costs, in time and memory."""

import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Cost(NamedTuple):
    """Of one call."""

    seconds: float
    peak: int
    """Bytes that Python and NumPy held at most beyond what they held before."""


def measured(call: Callable[[], T]) -> tuple[T, Cost]:
    """Call and measure; what BLAS and LAPACK allocate for themselves is not seen."""
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    tracemalloc.reset_peak()
    held = tracemalloc.get_traced_memory()[0]
    start = time.perf_counter()
    try:
        result = call()
        seconds = time.perf_counter() - start
        return result, Cost(seconds, max(0, tracemalloc.get_traced_memory()[1] - held))
    finally:
        if not tracing:
            tracemalloc.stop()
