"""Records counted without being parsed are those that reading yields."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InputError
from indexer.readers import jsonl
from indexer.readers.guess import find_readers
from indexer.readers.reader import Source

PIECES = [b'{"text": "a"}', b"\n", b"\r\n", b" ", b"\t", b"\xef\xbb\xbf", b"\x0b", b"oops"]


def source_of(path: Path) -> Source:
    """Take a file as JSON Lines."""
    (found,) = find_readers([str(path)], format="jsonl")
    return found.source


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=30), st.integers(1, 9))
def test_lines_that_are_not_blank_are_counted_across_chunks(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], chunk: int
) -> None:
    """Blank ones, a mark before the first, and a last line without an end among them."""
    path = tmp_path_factory.mktemp("count") / "c.jsonl"
    path.write_bytes(b"".join(pieces))
    source = source_of(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl, "_CHUNK", chunk + 3)  # a byte order mark is read whole
        try:
            expected = sum(1 for _ in jsonl.read(source))
        except InputError:
            with pytest.raises(InputError):
                jsonl.count_records(source)
        else:
            assert jsonl.count_records(source) == expected
