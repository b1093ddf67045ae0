"""The script of every text is stored, counted, and noticed when it is wrong."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from indexer.build import add, build
from indexer.encoders import EncoderSpec
from indexer.imported import import_vectors
from indexer.index import IndexReader, IndexWriter
from indexer.migrations import SCRIPTS
from indexer.records import Document
from indexer.verify import repair, verify
from tests.indexer.elsewhere import drawn, records, save

DATA = Path(__file__).parents[1] / "data"

TEXTS = {
    "en": ("A cat leapt off the roof.", "Latn"),
    "he": ("חתול קפץ מהגג.", "Hebr"),
    "zh": ("一只猫从屋顶跳了下来。", "Hani"),
    "ja": ("猫が屋根から飛び降りた。", "Jpan"),
    "none": ("12 + 30 = 42 🐈", "Zyyy"),
    "mixed": ("Dr. Иванова ушла домой", "Cyrl"),
}


def stored(path: Path) -> dict[str, str]:
    """Scripts by id, read behind our back."""
    conn = sqlite3.connect(f"file:{path / 'interlingua.db'}?mode=ro", uri=True)
    try:
        return dict(conn.execute("SELECT id, script FROM documents"))
    finally:
        conn.close()


def counts(path: Path) -> dict[str, int]:
    """What ``info`` says."""
    with IndexReader.open(path) as reader:
        return dict(reader.info().scripts)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """One document a text."""
    documents = [Document(id_, text, "und") for id_, (text, _) in TEXTS.items()]
    build(documents, tmp_path / "i", encoder=EncoderSpec("hashing"))
    return tmp_path / "i"


def test_every_document_has_its_script(index: Path, tmp_path: Path) -> None:
    """However it came in; the most frequent is told first."""
    assert stored(index) == {id_: script for id_, (_, script) in TEXTS.items()}
    add([Document("en", "שלום", "he"), Document("ru", "кот")], index, on_duplicate="replace")
    assert stored(index)["en"] == "Hebr"
    assert list(counts(index).items()) == [
        ("Cyrl", 2),
        ("Hebr", 2),
        ("Hani", 1),
        ("Jpan", 1),
        ("Zyyy", 1),
    ]
    import_vectors(save(tmp_path / "v.npy", drawn(5)), records(5), tmp_path / "j")
    assert counts(tmp_path / "j") == {"Latn": 5}


@pytest.mark.parametrize("version", range(1, SCRIPTS))
def test_an_older_index_gets_them_from_its_next_writer(tmp_path: Path, version: int) -> None:
    """Until then nothing is said of them; a damaged text keeps nobody from migrating."""
    path = tmp_path / "i"
    shutil.copytree(DATA / f"index-v{version}", path)
    conn = sqlite3.connect(path / "interlingua.db")
    conn.execute("UPDATE documents SET text = CAST(x'd7ff' AS TEXT) WHERE id = 'late'")
    conn.commit()
    conn.close()
    assert counts(path) == {}
    with IndexWriter.open(path):
        pass
    assert counts(path) == {"Hebr": 1, "Latn": 2, "Zyyy": 1}


def test_a_wrong_script_is_noticed_and_mended(index: Path) -> None:
    """No document is given up for it."""
    conn = sqlite3.connect(index / "interlingua.db")
    conn.execute("UPDATE documents SET script = 'Grek' WHERE id IN ('en', 'he')")
    conn.commit()
    conn.close()
    said = verify(index)
    assert [p.what for p in said] == [
        "its script is stored as Grek, and its text is in Latn",
        "its script is stored as Grek, and its text is in Hebr",
    ]
    report = repair(index)
    assert report.lost == ()
    assert verify(index) == []
    assert stored(index)["en"] == "Latn"
