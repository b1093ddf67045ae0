"""The structure of a document is counted as a parser would find it."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.shape import Shape, count_shape

VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='\\"[]{}:,aא\n') | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='\\":[a'), inner),
    max_leaves=20,
)


def expected(value: Any) -> Shape:
    """Walk through what was parsed."""
    if not isinstance(value, (list, dict)):
        return Shape(0, 0, 0, 0)
    inner = [expected(v) for v in (value.values() if isinstance(value, dict) else value)]
    own = (
        Shape(0, 1, len(value), max(0, len(value) - 1))
        if isinstance(value, dict)
        else Shape(1, 0, 0, max(0, len(value) - 1))
    )
    return Shape(*(sum(counts) for counts in zip(own, *inner, strict=True)))


@given(VALUES, st.booleans())
def test_marks_outside_of_strings_are_counted(value: Any, ascii_only: bool) -> None:
    """Lists, objects, keys and commas, whatever the strings hold."""
    assert count_shape(json.dumps(value, ensure_ascii=ascii_only).encode()) == expected(value)


@given(st.binary())
def test_anything_can_be_counted(document: bytes) -> None:
    """What is no JSON fails nowhere here."""
    assert all(0 <= n <= len(document) for n in count_shape(document))
