"""A service that is killed in the middle of writing loses nothing that it acknowledged."""

import random
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

import interlingua
from indexer.index import IndexReader
from tests.service.conftest import Spawn
from tests.service.serving import Spawned

WRITERS = 3
IDS = 5
"""Documents that a writer adds, replaces and deletes in turn."""


@dataclass
class Writer:
    """Changes documents of its own until the connection breaks, and knows what must be there."""

    name: str
    rng: random.Random
    acknowledged: dict[str, str | None] = field(default_factory=dict)
    """Text by id, None when deleted."""
    asked: tuple[str, str | None] | None = None
    """The change that was under way when the service was killed."""
    changes: int = 0

    def work(self, service: Spawned) -> None:
        """Write until the service is gone."""
        self.asked = None
        with service.client() as client:
            while True:
                id_ = f"{self.name}-{self.rng.randrange(IDS)}"
                text = None if self.rng.random() < 0.3 else f"text {self.changes} of {self.name}"
                self.asked = (id_, text)
                try:
                    self.change(client, id_, text)
                except httpx.TransportError:
                    return
                self.acknowledged[id_] = text
                self.asked = None
                self.changes += 1

    @staticmethod
    def change(client: httpx.Client, id_: str, text: str | None) -> None:
        """Make one change; a document that is not there may be deleted, too."""
        path = f"/v1/documents/{id_}"
        if text is None:
            assert client.delete(path).status_code in {200, 404}
        else:
            assert client.put(path, json={"text": text, "lang": "en"}).status_code in {200, 201}

    def check(self, reader: IndexReader) -> None:
        """Compare with what is there: all that was acknowledged, and the last change or not."""
        for id_ in {*self.acknowledged, *([self.asked[0]] if self.asked else [])}:
            document = reader.document(id_)
            found = None if document is None else document.text
            allowed = {self.acknowledged.get(id_)}
            if self.asked is not None and self.asked[0] == id_:
                allowed.add(self.asked[1])
            assert found in allowed, id_
            self.acknowledged[id_] = found


def _kill_often(spawn: Spawn, index: Path, kills: int) -> None:
    """Start, write, kill and look, again and again over the same index."""
    rng = random.Random(0)
    writers = [Writer(f"w{number}", random.Random(number)) for number in range(WRITERS)]
    for _ in range(kills):
        service = spawn(writable=True)
        goal = sum(writer.changes for writer in writers) + rng.randint(1, 40)
        threads = [threading.Thread(target=writer.work, args=[service]) for writer in writers]
        for thread in threads:
            thread.start()
        while sum(writer.changes for writer in writers) < goal:
            assert service.process.poll() is None
            assert all(thread.is_alive() for thread in threads)
        threading.Event().wait(rng.random() * 0.05)  # somewhere in the middle of the next change
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        with IndexReader.open(index) as reader:
            for writer in writers:
                writer.check(reader)
        assert interlingua.verify(index) == []
    assert all(writer.changes for writer in writers)


def test_nothing_acknowledged_is_lost(spawn: Spawn, own: Path) -> None:
    """Every change that was answered is there, every other is there whole or not at all."""
    _kill_often(spawn, own, 2)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_many_kills(spawn: Spawn, own: Path) -> None:
    """The same over forty kills at different moments."""
    _kill_often(spawn, own, 40)
