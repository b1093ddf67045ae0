"""`interlingua detect`, `--detector`, and the warning about labels."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, Run, write_jsonl

HEBREW = "החתול ישן על הספה כל היום"


@pytest.fixture
def mislabelled(tmp_path: Path) -> Path:
    """Two right labels, a wrong one, one missing, one text of no language."""
    path = tmp_path / "mislabelled.jsonl"
    write_jsonl(
        path,
        [
            {"text": "Der Hund läuft durch den Garten und bellt.", "lang": "de"},
            {"text": HEBREW + ".", "lang": "iw"},
            {"text": HEBREW, "lang": "en"},
            {"text": "ฉันชอบอ่านหนังสือในสวนสาธารณะ"},
            {"text": "12345"},
        ],
    )
    return path


def said_by(ran: Ran) -> Any:
    """Parse what a run that went well printed."""
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_detect_says_what_it_found_as_json(mislabelled: Path, run: Run) -> None:
    """Counts, confidence, scripts and contradictions of a corpus known by hand."""
    ran = run("detect", mislabelled, "--json", "-q")
    said = said_by(ran)
    assert said["schema"] == "interlingua.detect/1"
    assert (said["detector"], said["threshold"]) == ("py3langid", 0.5)
    assert (said["records"], said["labelled"], said["rejected"]) == (5, 3, 0)
    languages = said["languages"]
    assert {lang: count["detected"] for lang, count in languages.items()} == {
        "he": 2, "de": 1, "th": 1, "und": 1, "en": 0,
    }  # fmt: skip
    assert languages["en"] == {
        "given": 1, "detected": 0, "und": 0, "right": 0, "taken_for": {"he": 1},
    }  # fmt: skip
    assert said["scripts"] == {"Hebr": 2, "Latn": 1, "Thai": 1, "Zyyy": 1}
    rows = said["confidence"]
    (half,) = [row for row in rows if row["threshold"] == 0.5]
    assert (half["detected"], half["judged"], half["right"]) == (4, 3, 2)
    assert half["accuracy"]["value"] == pytest.approx(2 / 3)
    assert half["accuracy"]["low"] < 2 / 3 < half["accuracy"]["high"]
    (found,) = said["contradictions"]
    assert found == {
        "lang": "en", "script": "Hebr", "records": 1,
        "examples": [{"place": f"{mislabelled}:3", "text": HEBREW}],
    }  # fmt: skip


def test_detect_prints_tables_and_the_warning(mislabelled: Path, run: Run) -> None:
    """Answer on stdout, warning with count, example and place on stderr."""
    ran = run("detect", mislabelled, "-q")
    assert ran.code == 0
    assert "5 records, 3 with a label" in ran.out
    assert "66.7%" in ran.out
    assert "scripts: Hebr 2" in ran.out
    assert "en in Hebr 1" in ran.err
    assert f"{mislabelled}:3" in ran.err


def test_detect_without_labels_judges_nothing(tmp_path: Path, run: Run) -> None:
    """No column speaks of right or wrong where nobody said what is right."""
    path = tmp_path / "plain.jsonl"
    write_jsonl(path, [{"text": "Der Hund läuft durch den Garten."}])
    ran = run("detect", path, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert "right" not in ran.out
    (row, *_) = said_by(run("detect", path, "--json", "-q"))["confidence"]
    assert row["accuracy"] == {"value": None, "low": None, "high": None}


def test_detect_heeds_the_threshold(mislabelled: Path, run: Run) -> None:
    """A threshold of one leaves next to nothing, and the table shows where it lies."""
    said = said_by(run("detect", mislabelled, "--threshold", "0.55", "--json", "-q"))
    assert said["threshold"] == 0.55
    assert 0.55 in [row["threshold"] for row in said["confidence"]]
    assert run("detect", mislabelled, "--threshold", "2").code == 2


def test_detect_refuses_what_a_build_refuses(tmp_path: Path, run: Run) -> None:
    """A broken record ends the run with its place, or is counted when tolerated."""
    path = tmp_path / "broken.jsonl"
    path.write_text('{"text": "Der Hund bellt."}\n{"text": 3}\n', encoding="utf-8")
    ran = run("detect", path, "-q")
    assert ran.code == 3
    assert f"{path}:2" in ran.err
    ran = run("detect", path, "-q", "--max-rejects", "1")
    assert ran.code == 0
    assert "1 record refused" in ran.out


def test_build_warns_of_contradicting_labels(mislabelled: Path, tmp_path: Path, run: Run) -> None:
    """One warning on stderr, and the same in the JSON document; a clean corpus has neither."""
    ran = run(
        "build", mislabelled, "--index", tmp_path / "i", "--encoder", "hashing", "-q", "--json"
    )
    assert ran.code == 0
    assert ran.err.count("warning") == 1
    assert "en in Hebr 1" in ran.err
    (found,) = said_by(ran)["contradictions"]
    assert (found["lang"], found["script"], found["records"]) == ("en", "Hebr", 1)


def test_build_and_add_use_the_named_detector(tmp_path: Path, run: Run) -> None:
    """Eldc does not know Swahili, py3langid does."""
    path = tmp_path / "swahili.jsonl"
    write_jsonl(path, [{"text": "Ninapenda kusoma vitabu vizuri sana nyumbani kwangu kila siku."}])
    first, second = tmp_path / "first", tmp_path / "second"
    for index, detector in ((first, "py3langid"), (second, "eldc")):
        ran = run("build", path, "--index", index, "--encoder", "hashing", "-q", "--json",
                  "--detector", detector)  # fmt: skip
        assert ran.code == 0
        assert ("sw" in said_by(ran)["languages"]) == (detector == "py3langid")
    assert run("add", path, "--index", first, "--detector", "nobody").code == 2
