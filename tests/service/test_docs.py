"""docs/http.md is what the service says of itself."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_http_reference_is_what_the_code_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is generated: `make docs` after a change of the service."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from generate import HTTP, http_page  # type: ignore[import-not-found]

    assert HTTP.read_text(encoding="utf-8") == http_page()
