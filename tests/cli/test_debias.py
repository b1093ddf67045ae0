"""`interlingua debias` and the merging options of search and audit, from the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, write_jsonl

WORDS = ["cat", "dog", "sun", "moon", "tree", "fish", "bird", "rain", "salt", "milk"]


@pytest.fixture
def index(tmp_path: Path, run: Run) -> Path:
    """Ten meanings in three languages; the words of a language look alike."""
    records = [
        {"id": f"{lang}{n}", "text": f"{mark * 3} {word}", "lang": lang, "group": str(n)}
        for lang, mark in (("en", "the "), ("de", "das "), ("fr", "le "))
        for n, word in enumerate(WORDS)
    ]
    write_jsonl(tmp_path / "c.jsonl", records)
    path = tmp_path / "i"
    arguments = ("build", tmp_path / "c.jsonl", "--index", path, "--encoder", "hashing", "-q")
    assert run(*arguments).code == 0
    return path


def hits(run: Run, index: Path, *more: object) -> list[dict[str, object]]:
    """Search and read the hits."""
    found = run("search", "--index", index, "--id", "en3", "--json", *more).json()["hits"]
    assert isinstance(found, list)
    return found


def test_a_method_is_applied_shown_and_undone(run: Run, index: Path) -> None:
    """``none`` restores the untouched answers exactly."""
    before = hits(run, index)
    ran = run("debias", "--index", index, "--method", "centring")
    assert (ran.code, ran.out) == (0, "")
    assert "centring, for documents and queries" in ran.err
    assert hits(run, index) != before
    info = run("info", "--index", index, "--json").json()
    assert info["transform"] == "centring"
    assert info["fitted_on"] == {
        "source": "the index itself",
        "documents": 30,
        "languages": {"de": 10, "en": 10, "fr": 10},
    }
    assert "fitted on the index itself" in run("info", "--index", index).out
    assert run("verify", "--index", index).code == 0
    assert run("debias", "--index", index, "--method", "none", "-q").err == ""
    assert hits(run, index) == before


def test_merging_is_an_option_of_a_search_and_a_habit_of_an_index(run: Run, index: Path) -> None:
    """Asked for once, or set for all; ``--merge none`` overrides it."""
    before = hits(run, index, "-k", 6)
    turns = hits(run, index, "-k", 6, "--merge", "round-robin")
    assert sorted(str(h["lang"]) for h in turns) == ["de", "de", "en", "en", "fr", "fr"]
    assert run("debias", "--index", index, "--merge", "round-robin", "-q").code == 0
    assert hits(run, index, "-k", 6) == turns
    assert hits(run, index, "-k", 6, "--merge", "none") == before
    assert "merged by round-robin" in run("info", "--index", index).out
    half = hits(run, index, "-k", 6, "--target-share", "0.5")
    assert sum(h["lang"] == "en" for h in half) == 3


def test_an_audit_says_what_was_in_force(run: Run, index: Path) -> None:
    """The transform of the index and the merging asked for."""
    run("debias", "--index", index, "--method", "lsar", "-q")
    ran = run("audit", "--index", index, "--merge", "softmax", "--no-save", "-q", "--json")
    audited = ran.json()["index"]
    assert isinstance(audited, dict)
    assert (audited["transform"], audited["merging"]) == ("lsar", "softmax")


def test_evaluate_prints_a_table_and_changes_nothing(run: Run, index: Path, tmp_path: Path) -> None:
    """With a picture, a Markdown file, and the same in JSON."""
    before = hits(run, index)
    svg, table = tmp_path / "p.svg", tmp_path / "t.md"
    ran = run("debias", "--index", index, "--evaluate", "--plot", svg, "--markdown", table, "-q")
    assert ran.code == 0
    assert "least-squares + softmax" in ran.out
    assert svg.read_text().startswith("<svg")
    assert "| centring |" in table.read_text()
    assert hits(run, index) == before
    document = run("debias", "--index", index, "--evaluate", "-q", "--json").json()
    assert document["schema"] == "interlingua.evaluation/1"


def test_auto_applies_the_recommendation_or_nothing(run: Run, index: Path) -> None:
    """Exit 5 and an untouched index when nothing passes."""
    before = hits(run, index)
    ran = run("debias", "--index", index, "--method", "auto", "-q", "--overlap-margin", "1")
    wanted = run("debias", "--index", index, "--evaluate", "-q", "--overlap-margin", "1", "--json")
    assert ran.code == (0 if wanted.json()["recommended"] else 5)
    run("debias", "--index", index, "--method", "none", "-q")
    assert hits(run, index) == before


def test_fitted_on_a_corpus_or_another_index(run: Run, index: Path, tmp_path: Path) -> None:
    """The record says on what; another encoder's index is refused."""
    corpus = tmp_path / "c.jsonl"
    assert run("debias", "--index", index, "--method", "centring", "-q").code == 0
    own = hits(run, index)
    done = run("debias", "--index", index, "--method", "centring", "--fit-on", corpus, "-q")
    assert done.code == 0
    assert hits(run, index) == own  # the same texts
    info = run("info", "--index", index, "--json").json()
    assert isinstance(info["fitted_on"], dict)
    assert info["fitted_on"]["source"] == str(corpus)
    other = tmp_path / "o"
    run("build", corpus, "--index", other, "--encoder", "hashing:16", "-q")
    ran = run("debias", "--index", index, "--method", "centring", "--fit-on", other, "-q")
    assert ran.code == 7
    assert "same encoder" in ran.err


def test_documents_that_the_fit_has_not_seen_are_named(
    run: Run, index: Path, tmp_path: Path
) -> None:
    """Fitted on two languages, the third is moved by the mean of all, and that is said."""
    write_jsonl(
        tmp_path / "two.jsonl",
        [
            {"id": f"{lang}{n}", "text": f"{lang} {w}", "lang": lang}
            for lang in ("en", "de")
            for n, w in enumerate(WORDS)
        ],
    )
    ran = run(
        "debias", "--index", index, "--method", "centring", "--fit-on", tmp_path / "two.jsonl"
    )
    assert ran.code == 0
    assert "fr 10" in ran.err
    assert run("info", "--index", index, "--json").json()["unseen"] == {"fr": 10}


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "nothing to do"),
        (("--method", "magic"), 2, "no method 'magic'"),
        (("--evaluate", "--method", "centring"), 2, "try every method"),
        (("--method", "auto", "--merge", "softmax"), 2, "try every method"),
        (("--method", "centring", "--plot", "x.svg"), 2, "--evaluate"),
        (("--method", "none", "--merge", "softmax", "--target-share", "0.5"), 2, "no target share"),
        (("--merge", "csls", "--floor", "0.1"), 2, "no floor"),
        (("--method", "centring", "--fit-on", "missing.jsonl"), 3, "missing.jsonl"),
    ],
)
def test_mistakes_have_their_message(
    run: Run, index: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    """Never a traceback, and the index stays as it is."""
    before = hits(run, index)
    ran = run("debias", "--index", index, *options)
    assert ran.code == code
    assert said in ran.err
    assert hits(run, index) == before
