"""FAISS itself, and what every call of it needs: threads, and which rows may be found."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_WORTH_THREADS = 250_000
"""Products of two vectors that take one thread some 25 ms."""


class Passing(NamedTuple):
    """The rows of one segment that may be candidates."""

    bits: NDArray[np.uint8] | None
    """Bit i is row i; None lets all rows pass."""
    rows: int
    """How many there are."""


def faiss_module() -> Any:  # noqa: ANN401 - its classes are extended at run time, unseen by its types
    """Import FAISS when it is needed: a command that only asks for help never is."""
    import faiss

    return faiss


def build_of_faiss() -> str:
    """Name the version of FAISS and what it was built for: ``1.15.1, OPTIMIZE AVX2``.

    Raises:
        ImportError: it cannot be loaded.
    """
    options = str(faiss_module().get_compile_options()).split()
    return f"{faiss_module().__version__}, {' '.join(options)}"


@contextmanager
def threads(queries: int, rows: int) -> Iterator[None]:
    """Let one thread do what several could not do faster; the setting is the calling thread's own.

    FAISS divides the queries among threads, so that one query gains nothing, and where other
    programs are busy its threads wait for each other: 32 ms instead of 1.4 for one query.
    """
    usual = faiss_module().omp_get_max_threads()
    if queries == 1 or queries * rows < _WORTH_THREADS:
        faiss_module().omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss_module().omp_set_num_threads(usual)


def selector_of(passing: Passing) -> Any:  # noqa: ANN401 - faiss is untyped
    """Make FAISS's selector of rows; None lets all pass."""
    return None if passing.bits is None else faiss_module().IDSelectorBitmap(passing.bits)
