"""One loaded encoder for all documentation tests: loading it is most of what a command costs."""

from functools import lru_cache

import pytest

import indexer.build
import search.query
from indexer.encoders import open_encoder

_opened_once = lru_cache(open_encoder)


@pytest.fixture(autouse=True)
def encoder_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command of this process share the encoder that the first one loads."""
    monkeypatch.setattr(indexer.build, "open_encoder", _opened_once)
    monkeypatch.setattr(search.query, "open_encoder", _opened_once)
