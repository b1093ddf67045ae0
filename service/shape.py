"""How much structure a JSON document has, counted without parsing it.

A parser holds the interpreter's lock from the first byte to the last, whatever thread it runs on,
and four megabytes of ``[],[],…`` keep it busy for half a second where four megabytes of vectors
take some milliseconds. So a large document is counted first, and refused when nothing that the
service understands looks like it.
"""

from typing import NamedTuple

import numpy as np

_QUOTE = ord('"')


class Shape(NamedTuple):
    """How often something stands outside of strings."""

    lists: int
    objects: int
    keys: int
    commas: int


LARGEST = Shape(lists=20_000, objects=20_000, keys=50_000, commas=1_200_000)
"""Room for 256 documents with 190 fields each, or for 256 vectors of 4,096 numbers."""


def count_shape(document: bytes) -> Shape:
    """Count the structure of a JSON document; whatever is no JSON gets some numbers, too."""
    # Without escaped quotes every quote that is left begins or ends a string.
    plain = document.replace(b"\\\\", b"").replace(b'\\"', b"")
    letters = np.frombuffer(plain, np.uint8)
    within = np.cumsum(letters == _QUOTE, dtype=np.uint8) & 1
    outside = letters[within == 0].tobytes()
    return Shape(*(outside.count(mark) for mark in (b"[", b"{", b":", b",")))
