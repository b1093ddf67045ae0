"""A small index and services over it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import interlingua
from data import CORPUS
from interlingua import Document, EncoderSpec
from tests.service.serving import Service, Spawned, Threaded

LANGUAGES = ("ar", "de", "en", "fi", "he", "zh")
DOCUMENTS = [
    Document("en1", "A cat leapt off the roof.", "en", "cat", {"topic": "animals"}),
    Document("en2", "A cat leapt off the wall.", "en", "wall", {"topic": "animals"}),
    Document("en3", "Wash the apples first.", "en", "wash", {"topic": "food"}),
    Document("de1", "Eine Katze sprang vom Dach.", "de", "cat", {"topic": "animals"}),
    Document("de2", "Wasch zuerst die Äpfel.", "de", "wash", {"topic": "food"}),
    Document("he1", "חתול קפץ מהגג.", "he", "cat", {"topic": "animals"}),
    Document("a/b c", "Nested name.", "en", None, {}),
    Document("und", "xyzzy", "und", None, {"topic": "none"}),
]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index that no test changes."""
    path = tmp_path_factory.mktemp("service") / "index"
    interlingua.build(DOCUMENTS, path, encoder=EncoderSpec("hashing"))
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve meanings in six languages of the corpus that comes along, which no test changes."""
    path = tmp_path_factory.mktemp("corpus") / "index"
    lines = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    chosen = [r for r in lines if r["group"] <= "012" and r["lang"] in LANGUAGES]
    documents = [Document(r["id"], r["text"], r["lang"], r["group"]) for r in chosen]
    assert len(documents) == 72
    interlingua.build(documents, path, encoder=EncoderSpec("hashing"))
    return path


@pytest.fixture(scope="session")
def shown(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service whose page the browser's tests look at; it is not writable."""
    copy = tmp_path_factory.mktemp("shown")
    shutil.copytree(corpus, copy / "index")
    running = Threaded.start(copy / "index", copy / "log")
    yield running
    running.stop()


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Path:
    """A copy of the index for one test."""
    return Path(shutil.copytree(built, tmp_path / "index"))


Start = Callable[..., Threaded]
Spawn = Callable[..., Spawned]


@pytest.fixture
def start(own: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts services over the test's own index, and stops them."""
    running: list[Threaded] = []

    def _start(**settings: object) -> Threaded:
        log = tmp_path / f"log-{len(running)}"
        running.append(Threaded.start(own, log, **settings))
        return running[-1]

    yield _start
    for service in running:
        service.stop()


@pytest.fixture
def spawn(own: Path, tmp_path: Path) -> Iterator[Spawn]:
    """Starts processes over the test's own index, and stops them."""
    running: list[Spawned] = []

    def _spawn(**settings: object) -> Spawned:
        log = tmp_path / f"log-{len(running)}"
        running.append(Spawned.start(own, log, **settings))
        return running[-1]

    yield _spawn
    for service in running:
        service.stop()


@pytest.fixture(scope="session")
def service(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service that only reads documents, for all tests."""
    copy = tmp_path_factory.mktemp("served")
    shutil.copytree(built, copy / "index")
    running = Threaded.start(copy / "index", copy / "log")
    yield running
    running.stop()
    assert not [r for r in running.records() if r["level"] == "error"]


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    """A client of the shared service."""
    with service.client() as client:
        yield client
