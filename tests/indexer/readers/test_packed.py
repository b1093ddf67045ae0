"""Zstandard, damaged and hostile; gzip's own tests are with the corpus."""

import random
import sys
from pathlib import Path

import pytest
import zstandard

from indexer.errors import InputError, UsageError
from tests.indexer.readers.conftest import Reading

LINE = b'{"text": "%s", "lang": "en"}\n'
LINES = [LINE % random.Random(i).randbytes(20).hex().encode() for i in range(5000)]
# As the zstd command writes it; without a checksum a changed letter is another letter.
PACKED = zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(LINES))


def write(tmp_path: Path, content: bytes) -> Path:
    """Write a packed corpus."""
    path = tmp_path / "c.jsonl.zst"
    path.write_bytes(content)
    return path


def test_frames_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    """As `zstd` and `cat` make them, an empty frame among them."""
    frames = [zstandard.compress(part) for part in (b"".join(LINES[:9]), b"", b"".join(LINES[9:]))]

    assert len(Reading(write(tmp_path, b"".join(frames))).texts) == len(LINES)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99, -1])
def test_a_cut_file_is_damaged(tmp_path: Path, share: float) -> None:
    """Zstandard's own reader takes the end of a cut file for its end."""
    path = write(tmp_path, PACKED[: int(len(PACKED) * share)] if share > 0 else PACKED[:-1])

    with pytest.raises(InputError, match=r"c\.jsonl\.zst: damaged zstd: it ends in the middle"):
        Reading(path)


def test_garbage_is_damaged(tmp_path: Path) -> None:
    """Behind the magic, in the middle, or behind the last frame."""
    garbage = random.Random(0).randbytes(500)
    for content in (
        PACKED[:4] + garbage,
        PACKED[:9000] + garbage + PACKED[9500:],
        PACKED + garbage,
    ):
        with pytest.raises(InputError, match="damaged zstd"):
            Reading(write(tmp_path, content))


@pytest.mark.parametrize("lines", [True, False])
def test_a_bomb_is_refused(tmp_path: Path, lines: bool) -> None:
    """A gigabyte in some kilobytes, of blank lines or as one line."""
    packer = zstandard.ZstdCompressor(level=19).compressobj()
    part = (b"\n" if lines else b"a") * (1 << 24)
    content = b"".join([*(packer.compress(part) for _ in range(64)), packer.flush()])
    path = write(tmp_path, content)

    assert len(content) < 200_000
    with pytest.raises(InputError, match="zstd swells beyond 100 to 1"):
        Reading(path)


def test_without_a_package_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else needs it."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(UsageError, match=r"needs the package zstandard .*interlingua\[zstd\]"):
        Reading(write(tmp_path, PACKED))
