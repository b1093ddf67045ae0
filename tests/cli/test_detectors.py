"""The detector of an index: stored, used for queries and additions, and said."""

import json
from pathlib import Path

import pytest

from indexer.detectors import open_detector, packages
from tests.cli.conftest import Run, write_jsonl
from tests.service.serving import Threaded

INDONESIAN = "Saya tidak tahu apa yang harus saya lakukan hari ini."
"""Malay to eldc, which does not know Indonesian; Indonesian to py3langid."""

RECORDS = [
    {"id": "a", "text": INDONESIAN},
    {"id": "b", "text": "The cat leapt off the roof of the house."},
    {"id": "c", "text": "???"},
]


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    """Three texts without a label, one of them without a word."""
    write_jsonl(tmp_path / "c.jsonl", RECORDS)
    return tmp_path / "c.jsonl"


@pytest.fixture
def built(run: Run, unlabelled: Path, tmp_path: Path) -> Path:
    """An index whose languages eldc told."""
    path = tmp_path / "i"
    ran = run("build", unlabelled, "--index", path, "--encoder", "hashing", "--detector", "eldc")
    assert ran.code == 0, ran.err
    assert "1 document of unknown language (und)" in ran.out
    return path


def language(run: Run, path: Path, *more: object) -> tuple[object, str]:
    """What a search takes the Indonesian text for, and what it says on stderr."""
    ran = run("search", INDONESIAN, "--index", path, "--json", *more)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["query"]["lang"], ran.err


def test_the_two_detectors_differ() -> None:
    """Or the tests below would show nothing."""
    said = [open_detector(name).detect(INDONESIAN).lang for name in ("eldc", "py3langid")]
    assert said == ["ms", "id"]


def test_queries_are_told_as_the_documents_were(run: Run, built: Path, tmp_path: Path) -> None:
    """In a search, in a file of queries and in an audit; ``info`` says by what."""
    assert language(run, built) == ("ms", "")
    queries = tmp_path / "q.jsonl"
    write_jsonl(queries, [{"text": INDONESIAN}])
    ran = run("search", "--queries", queries, "--index", built, "--json")
    assert json.loads(ran.out)["query"]["lang"] == "ms"
    ran = run("audit", "--queries", queries, "--index", built, "-k", "1", "--json", "-q")
    assert json.loads(ran.out)["queries"]["languages"] == {"ms": 1}
    info = run("info", "--index", built, "--json").json()
    assert (info["detector"], info["languages"]) == ("eldc", {"en": 1, "ms": 1, "und": 1})
    assert info["scripts"] == {"Latn": 2, "Zyyy": 1}
    said = run("info", "--index", built).out
    assert "detector    eldc" in said
    assert "scripts     Latn 2, Zyyy 1" in said


def test_a_service_tells_them_likewise(built: Path, tmp_path: Path) -> None:
    """Of queries and of documents that it is given."""
    service = Threaded.start(built, tmp_path / "log", writable=True)
    try:
        with service.client() as client:
            found = client.post("/v1/search", json={"text": INDONESIAN}).json()
            assert found["query"]["lang"] == "ms"
            document = {"id": "n", "text": f"{INDONESIAN} Lusa."}
            assert client.post("/v1/documents", json={"documents": [document]}).status_code == 201
            assert client.get("/v1/documents/n").json()["lang"] == "ms"
    finally:
        service.stop()


def test_additions_are_told_likewise_unless_asked(run: Run, built: Path, tmp_path: Path) -> None:
    """--detector of add stands for that run only."""
    more = tmp_path / "m.jsonl"
    write_jsonl(more, [{"id": "d", "text": f"{INDONESIAN} Besok."}])
    assert run("add", more, "--index", built, "-q").code == 0
    assert run("info", "--index", built, "--json").json()["languages"]["ms"] == 2  # type: ignore[index]
    write_jsonl(more, [{"id": "e", "text": f"{INDONESIAN} Kemarin."}])
    assert run("add", more, "--index", built, "-q", "--detector", "py3langid").code == 0
    info = run("info", "--index", built, "--json").json()
    assert info["languages"] == {"en": 1, "id": 1, "ms": 2, "und": 1}
    assert info["detector"] == "eldc"


def test_a_detector_that_is_not_installed_here(
    run: Run,
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The core's detector stands in and that is said, once and only where it matters."""
    monkeypatch.setattr(packages, "find_spec", lambda _module: None)
    assert language(run, built, "--lang", "ms") == ("ms", "")
    assert caplog.text == ""
    assert language(run, built)[0] == "id"
    assert caplog.text.count("built with detector 'eldc'") == 1
    assert "pip install 'interlingua[eldc]'" in caplog.text
    more = tmp_path / "m.jsonl"
    write_jsonl(more, [{"id": "d", "text": "x"}])
    ran = run("add", more, "--index", built, "-q")
    assert ran.code == 2  # documents are not labelled by another detector unasked
    assert "not installed" in ran.err


def test_an_interrupted_build_goes_on_with_its_detector(
    run: Run, unlabelled: Path, tmp_path: Path
) -> None:
    """Another one would tell other languages in the middle."""
    path, first = tmp_path / "i", tmp_path / "bad.jsonl"
    many = [{"text": f"The cat sits on mat {number}."} for number in range(600)]
    write_jsonl(first, [*RECORDS, *many, {"id": "d", "text": ""}])
    write_jsonl(unlabelled, [*RECORDS, *many])
    command = ("--index", path, "--encoder", "hashing", "-q")
    assert run("build", first, *command, "--detector", "eldc").code == 3
    ran = run("build", unlabelled, *command)
    assert ran.code == 7
    assert "began with --detector eldc, not with --detector py3langid" in ran.err
    assert "go on with --detector eldc" in ran.err
    assert run("build", unlabelled, *command, "--detector", "eldc").code == 0


def test_an_import_has_a_detector_too(run: Run, unlabelled: Path, tmp_path: Path) -> None:
    """It told the languages of the records."""
    import numpy as np

    np.save(tmp_path / "v.npy", np.eye(3, 4))
    ran = run(
        *("import", tmp_path / "v.npy", unlabelled, "--index", tmp_path / "v", "-q"),
        *("--detector", "eldc"),
    )
    assert ran.code == 0, ran.err
    info = run("info", "--index", tmp_path / "v", "--json").json()
    assert (info["detector"], info["languages"]) == ("eldc", {"en": 1, "ms": 1, "und": 1})
    assert info["uncounted"] == 3


def test_what_is_uncertain_is_counted_and_in_no_denominator(run: Run, tmp_path: Path) -> None:
    """``und`` in build, info and audit; the chance level is that of the documents without it."""
    labelled = [
        {"id": f"{lang}{i}", "text": f"{word} {i}", "lang": lang}
        for lang, word in (("en", "house"), ("de", "Haus"))
        for i in range(4)
    ]
    unsure = [{"id": f"u{i}", "text": f"{i} + {i}"} for i in range(5)]
    write_jsonl(tmp_path / "c.jsonl", [*labelled, *unsure])
    path = tmp_path / "i"
    ran = run("build", tmp_path / "c.jsonl", "--index", path, "--encoder", "hashing", "-q")
    assert "5 documents of unknown language (und)" in ran.out
    cut = ("--index", tmp_path / "cut", "--encoder", "hashing", "-q", "--chunk", "sentences")
    assert "5 chunks of unknown language (und)" in run("build", tmp_path / "c.jsonl", *cut).out
    audit = run("audit", "--index", path, "-k", "1", "--json", "-q").json()
    queries = audit["queries"]
    assert isinstance(queries, dict)
    assert queries["languages"] == {"de": 4, "en": 4}
    assert queries["skipped"] == {"unknown language": 5}
    overall = audit["overall"]
    assert isinstance(overall, dict)
    # Three of the seven other documents with a language share the query's.
    assert overall["same_language@1"]["chance"] == pytest.approx(3 / 7)
    ran = run("audit", "--index", path, "-k", "1", "-q")
    assert "unknown language" in ran.out


def test_detect_reads_what_build_reads(run: Run, tmp_path: Path) -> None:
    """Any format, by name or told by its content."""
    (tmp_path / "c.txt").write_text("The cat leapt off the roof.\nDie Katze sprang vom Dach.\n")
    (tmp_path / "c.csv").write_text("text,lang\nThe cat leapt off the roof.,en\n")
    for arguments, languages in (
        ((tmp_path / "c.txt", "--format", "text"), {"en", "de"}),
        ((tmp_path / "c.csv",), {"en"}),
    ):
        ran = run("detect", *arguments, "--json", "-q")
        assert ran.code == 0, ran.err
        found = ran.json()["languages"]
        assert isinstance(found, dict)
        assert set(found) == languages
    assert run("detect", tmp_path / "c.txt", "--format", "none").code == 2
