"""An index of planted vectors, in which language is a shift of the meaning."""

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.encoders.protocol import EncoderSpec
from indexer.index import IndexWriter
from indexer.records import Document, EncodedDocument
from tests.indexer.reference import SETTINGS
from tests.transforms.worlds import planted

PLANTED = replace(SETTINGS, encoder=EncoderSpec("hashing:24"), encoder_name="hashing:24", dim=24)


def planted_documents(*, grouped: bool = True, meanings: int = 60) -> list[EncodedDocument]:
    """Make the documents, named by language and meaning."""
    vectors, languages, groups = planted(meanings)
    return [
        EncodedDocument(
            Document(f"{lang}{group}", f"{lang} {group}", lang, group if grouped else None), v, 1, 0
        )
        for v, lang, group in zip(vectors, languages, groups, strict=True)
    ]


def write(path: Path, documents: list[EncodedDocument]) -> Path:
    """Build an index of them."""
    with IndexWriter.create(path, PLANTED) as writer:
        writer.add(documents, cursor=len(documents))
        writer.finish()
    return path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """60 meanings in 4 languages."""
    return write(tmp_path / "i", planted_documents())
