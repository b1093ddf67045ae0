"""What is shown of a long job: on a terminal, elsewhere, and when nobody wants to see it."""

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli import progress as shown
from cli.progress import progress
from tests.cli.conftest import Run, write_jsonl


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A corpus that an approximate index makes clusters of."""
    path = tmp_path / "large.jsonl"
    write_jsonl(
        path,
        [{"id": f"d{i}", "text": f"text {i}", "lang": ("en", "de")[i % 2]} for i in range(2000)],
    )
    return path


def test_the_writing_of_an_approximate_index_is_shown(
    large: Path, tmp_path: Path, run: Run
) -> None:
    """Training has no fraction; the rest is counted in vectors, after the records."""
    kind = ("--index-kind", "ivf", "--quantise", "sq8")
    ran = run("build", large, "--index", tmp_path / "i", "--encoder", "hashing", *kind)
    lines = [re.sub(r", \d+/s.*", "", line) for line in ran.err.splitlines()]
    last = {line.split(":")[0]: line for line in lines}
    assert [*last.values()][-5:] == [
        "indexing: 2,000 of 2,000",
        "finding clusters",
        "sorting into clusters: 2,000 of 2,000",
        "writing the index: 2,000 of 2,000",
        "saving the file",
    ]
    ran = run("reindex", "--index", tmp_path / "i", "--index-kind", "flat")
    assert ran.err == "writing the index: 2,000 of 2,000\n"
    ran = run("debias", "--index", tmp_path / "i", "--method", "centring")
    assert "writing the index: 2,000 of 2,000\n" in ran.err
    assert run("reindex", "--index", tmp_path / "i", *kind, "--quiet").err == ""


def test_a_terminal_shows_all_stages_in_one_display(large: Path, tmp_path: Path) -> None:
    """One bar each, the ones before still there; none is left that seems to go on."""
    main, terminal = pty.openpty()
    command = "import sys; from cli.main import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["--encoder", "hashing", "--index-kind", "ivf"]
    process = subprocess.Popen(
        [sys.executable, "-c", command, "build", large, "--index", tmp_path / "i", *arguments],
        stderr=terminal,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
    )
    os.close(terminal)
    written = bytearray()
    try:
        while chunk := os.read(main, 1 << 16):
            written += chunk
    except OSError:
        pass  # how the end of a pseudo-terminal shows
    os.close(main)
    assert process.wait() == 0
    screen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode()).replace("\r", "\n")
    last = [line.rstrip() for line in screen.splitlines() if line.strip()][-5:]
    for line, start in zip(
        last,
        ("indexing", "finding clusters", "sorting into clusters", "writing the index", "saving"),
        strict=True,
    ):
        assert line.startswith(start)
        assert line.endswith("0:00:00")
    assert "2,000 of 2,000" in last[3]


def test_no_time_is_said_to_be_left_before_work_was_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models may load inside a job; their time says nothing of the pieces that follow."""
    monkeypatch.setattr(shown, "EVERY", 0.0)
    clock = iter([1000.0, 1000.0, 1002.0, 1002.0, 1004.0, 1004.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with progress("auditing", 400, quiet=False) as show:
        show(100)
        show(200)
        show(400)
    assert capsys.readouterr().err.splitlines() == [
        "auditing: 100 of 400",
        "auditing: 200 of 400, 50/s, 4 s left",
        "auditing: 400 of 400, 75/s",
    ]


def test_what_an_earlier_run_did_is_no_part_of_the_speed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that goes on tells first where it was."""
    monkeypatch.setattr(shown, "EVERY", 0.0)
    clock = iter([1000.0, 1000.0, 1002.0, 1002.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with progress("indexing", 1_000_000, quiet=False) as show:
        show(500_000)
        show(500_100)
    assert capsys.readouterr().err.splitlines() == [
        "indexing: 500,000 of 1,000,000",
        "indexing: 500,100 of 1,000,000, 50/s, 9998 s left",
    ]
