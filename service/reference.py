"""The OpenAPI document of the service without a service, for docs/http.md."""

import tempfile
from pathlib import Path
from typing import Any

from indexer.build import build
from indexer.encoders import EncoderSpec
from indexer.records import Document
from service.app import create_app
from service.settings import Settings


def reference_document() -> dict[str, Any]:
    """Make the document; an index of one document stands where a real one would."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        build([Document("1", "text", "en")], path, encoder=EncoderSpec("hashing"))
        app = create_app(Settings(path))
        document: dict[str, Any] = app.openapi()
        app.state.engine.reader.close()
    return document
