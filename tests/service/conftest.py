"""A small index and services over it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

import interlingua
from data import CORPUS
from interlingua import Document, EncoderSpec
from tests.documents import CATS_AND_APPLES
from tests.service.serving import Service, Spawned, Threaded

LANGUAGES = ("ar", "de", "en", "fi", "he", "zh")
DOCUMENTS = [
    *CATS_AND_APPLES,
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


AnyService = TypeVar("AnyService", Threaded, Spawned)
Start = Callable[..., Threaded]
Spawn = Callable[..., Spawned]


@pytest.fixture
def start(own: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts services over the test's own index, and stops them."""
    yield from _starter(Threaded.start, own, tmp_path)


@pytest.fixture
def spawn(own: Path, tmp_path: Path) -> Iterator[Spawn]:
    """Starts processes over the test's own index, and stops them."""
    yield from _starter(Spawned.start, own, tmp_path)


def _starter(
    begin: Callable[..., AnyService], own: Path, folder: Path
) -> Iterator[Callable[..., AnyService]]:
    running: list[AnyService] = []

    def begun(**settings: object) -> AnyService:
        running.append(begin(own, folder / f"log-{len(running)}", **settings))
        return running[-1]

    yield begun
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
