"""`interlingua audits`: the list, one audit, and what is not there."""

import json
import sqlite3
from pathlib import Path

import pytest

from indexer.audits import save_audit
from tests.cli.conftest import Run

DOCUMENT = '{"schema": "interlingua.audit/1", "worst": ["שלום"]}'

GROUPS: dict[str, object] = {
    "mode": "groups",
    "documents": 13014,
    "queries": 1190,
    "languages": ["en", "he"],
    "transform": None,
    "encoder": "multilingual-e5-small",
    "excess": {"measure": "excess@10", "value": 0.6834, "low": 0.66149, "high": 0.7},
    "map": 0.298,
}
LABELS: dict[str, object] = {
    **GROUPS,
    "mode": "labels",
    "transform": "centre",
    "excess": {"measure": "excess@10", "value": None, "low": None, "high": None},
    "map": None,
}


@pytest.fixture
def audited(index: Path) -> Path:
    """An index with two audits."""
    save_audit(index, DOCUMENT, GROUPS, 2)
    save_audit(index, '{"second": true}', LABELS, 2)
    return index


def test_the_table_has_a_line_an_audit(run: Run, audited: Path) -> None:
    """Newest first, numbers in three digits, a dash where nothing is known."""
    ran = run("audits", "--index", audited)
    assert ran.code == 0
    second, first = [line for line in ran.out.splitlines() if line[:1].isdigit()]
    assert first.split()[0] == "1"
    assert second.split()[0] == "2"
    for cell in ("groups", "13014", "1190", " 0.683 [0.661, 0.700]", "0.298"):
        assert cell in first
    assert " – [–, –]" in second
    assert second.rstrip().endswith("multilingual-e5-small")
    assert "centre" in ran.out
    assert "excess@10" in ran.out.splitlines()[0]
    assert max(map(len, ran.out.splitlines())) <= 100


def test_unlike_measures_are_named_in_their_lines(run: Run, audited: Path) -> None:
    """Neither is taken for the other; a summary of another time may lack anything."""
    five = {"measure": "excess@5", "value": 0.5, "low": 0.25, "high": 1}
    save_audit(audited, "{}", {"excess": five}, 2)
    save_audit(audited, "{}", {}, 2)
    out = run("audits", "--index", audited).out
    assert "excess@5 0.500 [0.250, 1.000]" in out
    assert "excess@10 0.683 [0.661, 0.700]" in out


def test_the_list_in_json(run: Run, audited: Path) -> None:
    """Ids, times, commits, and the summaries as they were stored."""
    document = run("audits", "--index", audited, "--json").json()
    assert document["schema"] == "interlingua.audits/1"
    assert document["path"] == str(audited)
    listed = document["audits"]
    assert isinstance(listed, list)
    assert [(a["id"], a["seq"], a["summary"]) for a in listed] == [(2, 2, LABELS), (1, 2, GROUPS)]
    assert all(a["created"].endswith("Z") for a in listed)


@pytest.mark.parametrize(("which", "expected"), [("1", DOCUMENT), ("newest", '{"second": true}')])
def test_show_prints_what_was_stored(run: Run, audited: Path, which: str, expected: str) -> None:
    """Letter by letter, with --json as without."""
    assert run("audits", "--index", audited, "--show", which).out == expected + "\n"
    assert run("audits", "--index", audited, "--show", which, "--json").json() == json.loads(
        expected
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--show", "7"], "no audit 7"),
        (["--show", "-1"], "is no audit"),
        (["--show", "²"], "is no audit"),
        (["--show", "9" * 30], "is no audit"),
        (["--show", "1", "--delete", "2"], "give one of the two"),
    ],
)
def test_what_cannot_be_meant(run: Run, audited: Path, arguments: list[str], said: str) -> None:
    """Exit code 2 and one line."""
    ran = run("audits", "--index", audited, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_an_index_without_audits(run: Run, index: Path, tmp_path: Path) -> None:
    """Said, not failed; asking for the newest one fails; no index is another thing."""
    assert "no audit is kept here" in run("audits", "--index", index).out
    assert run("audits", "--index", index, "--json").json()["audits"] == []
    ran = run("audits", "--index", index, "--show", "newest")
    assert ran.code == 2
    assert "interlingua audit" in ran.err
    assert run("audits", "--index", tmp_path / "none").code == 2


def test_delete_removes_and_lists_the_rest(run: Run, audited: Path) -> None:
    """An id that is not there is said on stderr."""
    ran = run("audits", "--index", audited, "--delete", 1, "--delete", 9, "--json")
    assert ran.code == 0
    left = ran.json()["audits"]
    assert isinstance(left, list)
    assert [a["id"] for a in left] == [2]
    assert ran.err == "note: no audit 9\n"


def test_a_damaged_audit_is_removed_by_the_remedy_that_verify_gives(
    run: Run, audited: Path
) -> None:
    """Exit code 8 until it is gone; the other one stays."""
    conn = sqlite3.connect(audited / "interlingua.db")
    conn.execute("UPDATE audits SET seq = 1 WHERE id = 1")
    conn.commit()
    conn.close()
    assert run("audits", "--index", audited).code == 8
    ran = run("verify", "--index", audited)
    assert ran.code == 8
    assert "interlingua audits --delete 1" in ran.out
    assert run("audits", "--index", audited, "--delete", 1).code == 0
    assert run("verify", "--index", audited).code == 0


def test_summaries_cannot_drive_the_terminal(run: Run, index: Path) -> None:
    """An encoder's name comes from outside."""
    save_audit(index, "{}", {"encoder": "bad\x1b[2J[bold]name"}, 2)
    out = run("audits", "--index", index).out
    assert "\x1b" not in out
    assert "[bold]" in out
