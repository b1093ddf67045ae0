"""`interlingua doctor`: findings as they are made, one JSON document, the exit codes of others."""

from pathlib import Path

from tests.cli.conftest import Run


def test_a_sound_index(run: Run, index: Path) -> None:
    """Every line is in order or a note; a remedy stands below what needs one."""
    ran = run("doctor", "--index", index)

    assert ran.code == 0
    lines = ran.out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "note", ">"}
    assert any(line.startswith("ok       state            ready, 8 documents") for line in lines)


def test_as_json(run: Run, index: Path) -> None:
    """The same, with the names of docs/formats.md."""
    document = run("doctor", "--index", index, "--json").json()

    assert {k: v for k, v in document.items() if k != "findings"} == {
        "schema": "interlingua.doctor/1",
        "path": str(index),
        "ok": True,
    }
    findings = document["findings"]
    assert isinstance(findings, list)
    assert {tuple(f) for f in findings} == {("severity", "subject", "what", "remedy")}


def test_damage_is_told_with_its_exit_code(run: Run, index: Path, tmp_path: Path) -> None:
    """8 for a damaged index, 2 for none; the findings are printed all the same."""
    next((index / "vectors").iterdir()).unlink()
    damaged = run("doctor", "--index", index, "--json")

    assert damaged.code == 8
    assert damaged.json()["ok"] is False
    missing = run("doctor", "--index", tmp_path / "none")
    assert missing.code == 2
    assert "no index here" in missing.out
    assert "interlingua build" in missing.out
