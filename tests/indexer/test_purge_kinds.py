"""After a purge no code of a deleted vector is left in the file of an approximate kind, either."""

from contextlib import closing
from pathlib import Path
from typing import Any

import faiss
import pytest

from indexer.index import Indexing, IndexReader, IndexWriter
from indexer.kinds import Kind, Quantisation
from indexer.purge import purge
from indexer.records import Document, EncodedDocument, Vectors
from indexer.store import DATABASE, connect_reader
from indexer.tables import files
from indexer.vector_files import load_file
from indexer.verify import verify
from tests.indexer.reference import SETTINGS, faiss_files, random_units
from tests.indexer.test_purge import CANARY, traces

DIM = 64
SOME = type(SETTINGS)(
    **{**{f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__}, "dim": DIM}
)
KEPT, SECRET = random_units(1100, DIM), random_units(40, DIM, seed=1)


def codes(path: Path) -> set[bytes]:
    """What the file of an index would hold of each secret vector."""
    with closing(connect_reader(path / DATABASE)) as conn:
        (record,) = files(conn)
    index: Any = load_file(path / "vectors", record, DIM).index
    inner: Any = faiss.downcast_index(index.index)
    if record.factory.startswith("HNSW"):
        inner = faiss.downcast_index(inner.storage)
    skipped = inner.coarse_code_size() if record.factory.startswith("IVF") else 0
    all_ = {code[skipped:].tobytes() for code in inner.sa_encode(SECRET)}
    # A vector that is the centre of its cluster says nothing: its rest is 0, like that of others.
    return {code for code in all_ if len(set(code)) > 2}


def held(path: Path, needles: set[bytes]) -> int:
    """How many of the codes its FAISS files hold."""
    content = b"".join(file.read_bytes() for file in faiss_files(path))
    return sum(needle in content for needle in needles)


def document(number: int, vector: Vectors, name: str) -> EncodedDocument:
    """Make a document that anybody may know, or nobody."""
    return EncodedDocument(Document(f"{name}-{number}", f"{name} {number}", "en"), vector, 3, 0)


@pytest.mark.parametrize(
    ("kind", "quantisation"),
    [("hnsw", "none"), ("hnsw", "pq"), ("ivf", "none"), ("ivf", "sq8"), ("ivf", "pq")],
)
def test_no_code_of_a_deleted_vector_is_left(
    tmp_path: Path, kind: Kind, quantisation: Quantisation
) -> None:
    """Neither the code that it had nor the one that it would have in the new file."""
    path = tmp_path / "i"
    batch = [document(n, vector, "kept") for n, vector in enumerate(KEPT)]
    batch[500:500] = [document(n, vector, CANARY) for n, vector in enumerate(SECRET)]
    with IndexWriter.create(path, SOME) as writer:
        writer.ask_for(Indexing(kind, quantisation))
        writer.add(batch, cursor=len(batch))
        writer.finish()
        before = codes(path)
        assert held(path, before) == len(before) > len(SECRET) // 2
        writer.delete([f"{CANARY}-{n}" for n in range(len(SECRET))])
    assert held(path, before) == len(before)

    purge(path)

    assert held(path, before | codes(path)) == 0
    assert traces(path, list(SECRET)) == []
    assert verify(path) == []
    with IndexReader.open(path) as reader:
        info = reader.info()
        assert (info.documents, info.kind, info.files) == (len(KEPT), kind, 1)
