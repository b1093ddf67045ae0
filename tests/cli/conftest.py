"""A small corpus in four languages and a runner for the command line."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main

CORPUS = [
    {
        "id": "en1",
        "text": "A cat leapt off the roof.",
        "lang": "en",
        "group": "1",
        "topic": "animals",
    },
    {"id": "en2", "text": "Wash the apples first.", "lang": "en", "group": "2", "topic": "food"},
    {
        "id": "en3",
        "text": "A cat leapt off the wall.",
        "lang": "en",
        "group": "3",
        "topic": "animals",
    },
    {"id": "he1", "text": "חתול קפץ מהגג.", "lang": "he", "group": "1", "topic": "animals"},
    {"id": "he2", "text": "קודם שטפו את התפוחים.", "lang": "he", "group": "2", "topic": "food"},
    {
        "id": "de1",
        "text": "Eine Katze sprang vom Dach.",
        "lang": "de",
        "group": "1",
        "topic": "animals",
    },
    {"id": "de2", "text": "Wasch zuerst die Äpfel.", "lang": "de", "group": "2", "topic": "food"},
    {"id": "zh1", "text": "一只猫从屋顶跳了下来。", "lang": "zh", "group": "1", "topic": "animals"},
]


@dataclass(frozen=True)
class Ran:
    """What one run of the command line said."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        """Parse stdout, which must be one JSON document."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def _run(*arguments: object) -> Ran:
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ran(code, out, err)

    return _run


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A JSONL file of eight documents in four languages."""
    path = tmp_path / "corpus.jsonl"
    write_jsonl(path, CORPUS)
    return path


@pytest.fixture
def index(tmp_path: Path, corpus: Path, run: Run) -> Path:
    """An index over the corpus, made by the hashing encoder."""
    path = tmp_path / "index"
    ran = run("build", corpus, "--index", path, "--encoder", "hashing", "--quiet")
    assert ran.code == 0, ran.err
    return path


def write_jsonl(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    """Write records as JSONL."""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    path.write_text("".join(lines), encoding="utf-8")
