"""A corpus that another process reads: the same index, the same errors, and nobody left behind."""

import subprocess
import sys
import time
from multiprocessing import Pipe
from pathlib import Path

import pytest

from indexer import apart
from indexer.apart import Corpus, Received, drafted, send_drafts
from indexer.corpus import Fields
from indexer.drafts import NO_DRAFTS, Drafting, DraftSource
from indexer.errors import InputError, InterlinguaError
from indexer.imported import import_vectors
from indexer.readers.guess import find_readers
from tests.indexer.elsewhere import drawn, save, write
from tests.indexer.reference import dump, faiss_files

N = 40


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Forty records: texts in two languages, metadata, one without an id, one mislabelled."""
    lines = [
        {"id": f"d{i}", "text": f"text {i}\u20ac", "lang": ("de", "en")[i % 2], "n": i}
        for i in range(N)
    ]
    del lines[3]["id"]
    lines[5]["text"] = "חתול קפץ על הגדר"
    return Path(write(tmp_path / "c.jsonl", lines))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call any corpus large."""
    monkeypatch.setattr(apart, "LARGE", 1)


def corpus_of(*files: Path) -> Corpus:
    """Make a corpus of files."""
    return Corpus(find_readers([str(f) for f in files]), Fields(), None, "py3langid")


def everything(source: DraftSource, size: int) -> list[tuple[object, ...]]:
    """Take all drafts, so many at a time."""
    taken: list[tuple[object, ...]] = []
    while (drafts := source.take(size)).values:
        assert len(drafts.values) <= size
        taken.extend(zip(*drafts, strict=True))
    return taken


def running(process: int) -> bool:
    """Tell whether a process is at work."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("size", [7, N, 100])
def test_another_process_makes_the_same_drafts(file: Path, size: int) -> None:
    """In the same order, cut anywhere, with the same contradictions at the end."""
    here = Drafting(corpus_of(file))
    with drafted(corpus_of(file), N, 16) as there:
        assert isinstance(there, Received)
        assert everything(there, size) == everything(here, N)
        assert there.contradictions() == here.contradictions() != ()
        assert there.take(1) == NO_DRAFTS


@pytest.mark.parametrize("expected", [None, N])
def test_a_small_or_unknown_corpus_needs_no_process(file: Path, expected: int | None) -> None:
    """It is read where it is wanted."""
    with drafted(corpus_of(file), expected, 16) as source:
        assert isinstance(source, Drafting)


@pytest.mark.usefixtures("small")
def test_an_import_is_the_same(tmp_path: Path, file: Path) -> None:
    """Documents, vectors, files and report."""
    vectors = save(tmp_path / "v.npy", drawn(N))
    one = import_vectors(vectors, list(corpus_of(file)), tmp_path / "one", expected=N)
    two = import_vectors(vectors, corpus_of(file), tmp_path / "two", expected=N)
    assert one == two
    assert dump(tmp_path / "one") == dump(tmp_path / "two")
    names = [[f.name for f in faiss_files(tmp_path / n)] for n in ("one", "two")]
    assert names[0] == names[1]


@pytest.mark.usefixtures("small")
def test_a_refused_record_is_named(tmp_path: Path, file: Path) -> None:
    """With its place and its remedy, behind what was read before it."""
    other = Path(write(tmp_path / "o.jsonl", [{"id": "x", "text": "y"}, {"id": "z"}]))
    with drafted(corpus_of(file, other), N + 2, N) as source:
        assert len(source.take(N).values) == N
        with pytest.raises(InputError, match=r"o\.jsonl:2") as caught:
            source.take(N)
    assert caught.value.remedy


@pytest.mark.usefixtures("small")
def test_a_process_that_is_killed_is_told(file: Path) -> None:
    """How it ended, and that the import goes on."""
    with drafted(corpus_of(file), N, 4) as source:
        assert isinstance(source, Received)
        source.take(4)
        source.process.kill()
        with pytest.raises(InterlinguaError, match="ended with code -9") as caught:
            everything(source, N)
    assert caught.value.remedy


def test_a_process_that_nobody_listens_to_ends(file: Path) -> None:
    """Quietly."""
    listens, tells = Pipe()
    listens.close()
    with tells:
        send_drafts(corpus_of(file), 4, tells)


def test_a_reader_dies_with_its_import(tmp_path: Path) -> None:
    """However suddenly: the pipe breaks."""
    lines = [{"id": f"d{i}", "text": f"text {i}", "lang": "en"} for i in range(30_000)]
    corpus = write(tmp_path / "c.jsonl", lines)
    script = (
        "import sys, time; from indexer import apart; from indexer.corpus import Fields;"
        "from indexer.readers.guess import find_readers; apart.LARGE = 1;"
        "corpus = apart.Corpus(find_readers(sys.argv[1:]), Fields(), None, 'py3langid')\n"
        "with apart.drafted(corpus, 30_000, 5_000) as source:\n"
        "    source.take(1); print(source.process.pid, flush=True); time.sleep(100)"
    )
    command = [sys.executable, "-c", script, corpus]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert running(child)
        parent.kill()
    ends = time.monotonic() + 60
    while running(child) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not running(child)
