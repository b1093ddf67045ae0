"""The count of refused records and their file."""

import json
from pathlib import Path

import pytest

from indexer.errors import InputError, InterlinguaError
from indexer.rejects import Rejects


def test_without_tolerance_the_first_refusal_ends_the_run(tmp_path: Path) -> None:
    """The error carries place, reason and remedy; no file is made."""
    path = tmp_path / "rejects.jsonl"
    with (
        Rejects(path=path) as rejects,
        pytest.raises(InputError, match=r"^a\.jsonl:3: no text \(write some\)$") as caught,
    ):
        rejects.add("a.jsonl:3", "no text", "write some", "{}")

    assert caught.value.remedy == "write some"
    assert rejects.count == 1
    assert not path.exists()


def test_tolerated_refusals_are_written_down(tmp_path: Path) -> None:
    """Each refused record is a line of place, reason and the record as it was."""
    path = tmp_path / "rejects.jsonl"
    with Rejects(2, path) as rejects:
        rejects.add("a:1", "bad", None, '{"text": "é"')
        rejects.add("a:2", "worse", None, "\ud800")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    assert lines == [
        {"place": "a:1", "reason": "bad", "record": '{"text": "é"'},
        {"place": "a:2", "reason": "worse", "record": "\ud800"},
    ]
    assert rejects.count == 2


def test_one_refusal_too_many_ends_the_run(tmp_path: Path) -> None:
    """The last one is written too, and the remedy says how many there were."""
    path = tmp_path / "rejects.jsonl"
    with Rejects(1, path) as rejects:
        rejects.add("a:1", "bad", "mend it", "x")
        with pytest.raises(InputError, match=r"^a:2: bad \(mend it; ") as caught:
            rejects.add("a:2", "bad", "mend it", "y")

    assert caught.value.remedy == f"mend it; 2 records refused, 1 allowed: see {path}"
    assert len(path.read_text("utf-8").splitlines()) == 2


def test_a_new_run_replaces_the_file_of_the_old_one(tmp_path: Path) -> None:
    """Refusals of an earlier run do not stay among those of this one."""
    path = tmp_path / "rejects.jsonl"
    for place in ("old:1", "new:1"):
        with Rejects(1, path) as rejects:
            rejects.add(place, "bad", None, "x")

    assert json.loads(path.read_text("utf-8"))["place"] == "new:1"


def test_without_a_path_refusals_are_only_counted() -> None:
    """The count works without a file."""
    with Rejects(5) as rejects:
        rejects.add("a:1", "bad", None, "x")

    assert rejects.count == 1


def test_an_unwritable_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    """That refusals cannot be kept is said, with the path."""
    rejects = Rejects(1, tmp_path / "absent" / "rejects.jsonl")

    with pytest.raises(InterlinguaError, match=r"rejects\.jsonl: refused records cannot be"):
        rejects.add("a:1", "bad", None, "x")
