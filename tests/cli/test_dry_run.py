"""`build` and `add` of other formats, and --dry-run."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CORPUS, Run, write_jsonl


def write_csv(path: Path) -> Path:
    """Write a table of two records and two that are none."""
    path.write_text(
        "id,sentence,lang,topic\n1,a cat,en,x\n2,ein Hund,,y\n3,,en,z\n1,again,en,z\n",
        encoding="utf-8",
    )
    return path


def _contents(index: Path) -> dict[str, int]:
    """When each file was changed last, but for the one through which readers share locks."""
    files = (path for path in index.iterdir() if not path.name.endswith("-shm"))
    return {path.name: path.stat().st_mtime_ns for path in files}


OPTIONS = ("--text-field", "sentence", "--lang", "de", "--encoder", "hashing")


def test_a_table_is_built_and_its_format_said(tmp_path: Path, run: Run) -> None:
    """--lang gives the language of records that bring none; refusals are kept."""
    corpus, path = write_csv(tmp_path / "c.csv"), tmp_path / "index"
    ran = run("build", corpus, "--index", path, *OPTIONS, "--max-rejects", "2", "--json")

    assert ran.code == 0, ran.err
    assert ran.json()["languages"] == {"de": 1, "en": 1}
    assert ran.json()["detected"] == 0
    assert ran.err.startswith(f"reading {corpus} as csv\n")
    assert "2 of 4" in ran.err or "4" in ran.err
    kept = [json.loads(line) for line in (path / "rejects.jsonl").read_text().splitlines()]
    assert [line["place"] for line in kept] == [f"{corpus}:4", f"{corpus}:5"]
    assert kept[0]["record"] == "3,,en,z"


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path, run: Run) -> None:
    """The first records, the languages, what would be refused; exit 3 because it would."""
    corpus = write_csv(tmp_path / "c.csv")
    before = sorted(tmp_path.iterdir())
    ran = run("build", corpus, "--index", tmp_path / "index", *OPTIONS, "--dry-run")

    assert ran.code == 3
    assert ran.out == (
        f"{corpus}:2: a cat\n  id 1, en, topic=x\n"
        f"{corpus}:3: ein Hund\n  id 2, de, topic=y\n"
        "2 records (en 1, de 1)\n"
        "  2 would be refused:\n"
        f"    1 field 'sentence' is empty: {corpus}:4\n"
        f"    1 duplicate id: {corpus}:5\n"
    )
    assert "2 records would be refused, 0 are allowed" in ran.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_dry_run_as_json(tmp_path: Path, run: Run) -> None:
    """The same for programs; tolerated refusals are no failure."""
    corpus = write_csv(tmp_path / "c.csv")
    ran = run(
        *("build", corpus, "--index", tmp_path / "i", *OPTIONS),
        *("--dry-run", "--json", "-q", "--max-rejects", "2"),
    )

    assert (ran.code, ran.err) == (0, "")
    assert ran.json() == {
        "schema": "interlingua.dry-run/1",
        "sources": [{"path": str(corpus), "format": "csv"}],
        "records": 2,
        "languages": {"en": 1, "de": 1},
        "chunks": None,
        "detected": 0,
        "repeated": 0,
        "rejected": {
            "total": 2,
            "reasons": [
                {"reason": "field 'sentence' is empty", "count": 1, "places": [f"{corpus}:4"]},
                {"reason": "duplicate id", "count": 1, "places": [f"{corpus}:5"]},
            ],
        },
        "stopped": None,
        "contradictions": [],
        "first": [
            {
                "place": f"{corpus}:{line}",
                "id": id_,
                "id_given": True,
                "text": text,
                "lang": lang,
                "lang_source": "given",
                "lang_probability": None,
                "group": None,
                "metadata": {"topic": topic},
            }
            for line, id_, text, lang, topic in (
                (2, "1", "a cat", "en", "x"),
                (3, "2", "ein Hund", "de", "y"),
            )
        ],
    }


@pytest.mark.parametrize("policy", ["error", "skip"])
def test_a_dry_addition_knows_what_the_index_has(
    tmp_path: Path, index: Path, run: Run, policy: str
) -> None:
    """Ids that are there are refused, or left out, as --on-duplicate says."""
    more = tmp_path / "more.jsonl"
    write_jsonl(more, [CORPUS[0], {"id": "new", "text": "new", "lang": "en"}])
    before = _contents(index)
    ran = run("add", more, "--index", index, "--dry-run", "--on-duplicate", policy, "--json")
    found = ran.json()

    assert ran.code == (3 if policy == "error" else 0)
    assert found["records"] == 1
    assert found["repeated"] == (0 if policy == "error" else 1)
    assert _contents(index) == before


LONG: list[dict[str, object]] = [
    {"id": "en", "text": "One cat. Two cats! Three?", "lang": "en"},
    {"id": "zh", "text": "我有一只猫。它在睡觉！", "lang": "zh"},
    {"id": "taken", "text": "A chunk.", "lang": "en", "chunk": 1},
]


@pytest.mark.parametrize(
    ("unit", "chunks"),
    [("sentences", {"en": 3, "zh": 2}), ("sentences:2", {"en": 2, "zh": 1})],
)
def test_a_dry_run_cuts_as_the_build_will(
    tmp_path: Path, run: Run, unit: str, chunks: dict[str, int]
) -> None:
    """As many chunks as the build then makes, and the same refusals; an addition knows the unit."""
    corpus, path = tmp_path / "c.jsonl", tmp_path / "i"
    write_jsonl(corpus, LONG)
    build = ("build", corpus, "--index", path, "--encoder", "hashing", "--chunk", unit)
    ran = run(*build, "--dry-run", "--max-rejects", "1")
    total = sum(chunks.values())
    assert f"2 records (en 1, zh 1)\n  {total} chunks of them (" in ran.out
    assert "document 'taken' has a field 'chunk'" in ran.out
    assert f": {corpus}:3\n" in ran.out
    assert not path.exists()
    assert run(*build, "--max-rejects", "1", "--json").json()["languages"] == chunks

    more = tmp_path / "more.jsonl"
    write_jsonl(more, [record | {"id": f"{record['id']}2"} for record in LONG[:2]])
    ran = run("add", more, "--index", path, "--dry-run", "--json")
    assert (ran.json()["records"], ran.json()["chunks"]) == (2, chunks)


def test_a_dry_run_warns_of_labels(tmp_path: Path, run: Run) -> None:
    """As the build would."""
    corpus, path = tmp_path / "c.jsonl", tmp_path / "i"
    write_jsonl(corpus, [{"text": "חתול קפץ מהגג", "lang": "en"}, {"text": "a cat", "lang": "en"}])
    ran = run("build", corpus, "--index", path, "--encoder", "hashing", "--dry-run", "-q")
    said = run("build", corpus, "--index", path, "--encoder", "hashing", "-q")
    assert ran.code == 0
    assert ran.err == said.err
    assert ran.err.startswith("warning: 1 record is in a script")
    found = run("add", corpus, "--index", path, "--dry-run", "--json", "--on-duplicate", "skip")
    examples = [{"place": f"{corpus}:1", "text": "חתול קפץ מהגג"}]
    pair = {"lang": "en", "script": "Hebr", "records": 1, "examples": examples}
    assert found.json()["contradictions"] == [pair]


def test_hostile_text_is_harmless_on_the_terminal(tmp_path: Path, run: Run) -> None:
    """No escape of a corpus reaches it, from text, fields or names."""
    corpus = tmp_path / "c.jsonl"
    write_jsonl(corpus, [{"text": "a\x1b[2J\nforged", "lang": "en", "k\x1b": "v\x1b"}])
    ran = run("build", corpus, "--index", tmp_path / "i", "--dry-run")

    assert ran.code == 0
    assert "\x1b" not in ran.out + ran.err
    assert len(ran.out.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--format", "xml"), 2, "unknown format 'xml'"),
        (("--format", "jsonl"), 3, "c.csv:1: not JSON"),
        (("--lang", "English"), 2, "--lang: unknown language tag 'English'"),
        ((), 3, "no column 'text'; the columns are 'id', 'sentence', 'lang', 'topic'"),
    ],
)
def test_wrong_options_are_said_before_anything_is_made(
    tmp_path: Path, run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """One message, no index."""
    corpus = write_csv(tmp_path / "c.csv")
    ran = run("build", corpus, "--index", tmp_path / "i", "--encoder", "hashing", "-q", *arguments)

    assert ran.code == code
    assert said in ran.err
    assert ran.err.count("\n") == 1
