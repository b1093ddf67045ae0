"""Words and chunks from the command line, as a person meets them."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, write_jsonl

MANUAL = [
    {
        "id": "manual",
        "text": "Press the button. Wait! Remove the battery.",
        "lang": "en",
        "group": "m",
    },
    {"id": "zh", "text": "按红色按钮。然后取出电池。", "lang": "zh", "group": "m"},
    {"id": "x", "text": "X-200", "lang": "en"},
]


@pytest.fixture
def chunks(tmp_path: Path, run: Run) -> Path:
    """An index of sentences."""
    write_jsonl(tmp_path / "manual.jsonl", MANUAL)
    path = tmp_path / "chunks"
    asked = ("--encoder", "hashing", "--chunk", "sentences", "--quiet")
    ran = run("build", tmp_path / "manual.jsonl", "--index", path, *asked)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"{path}: 6 chunks of 3 documents (en 4, zh 2)\n")
    return path


def test_modes(index: Path, run: Run) -> None:
    """Each says what it is; words in any script; a word that nobody has is an answer, too."""
    for mode in ("dense", "lexical", "hybrid"):
        ran = run("search", "屋顶", "--lang", "zh", "--index", index, "--mode", mode, "--json")
        document = ran.json()
        assert document["mode"] == mode
        hits = document["hits"]
        assert isinstance(hits, list)
        assert len(hits) == (1 if mode == "lexical" else 8)
        assert mode == "dense" or hits[0]["id"] == "zh1"
    nothing = run("search", "qqq", "--index", index, "--mode", "lexical")
    assert (nothing.code, "No document in reach shares a word" in nothing.out) == (0, True)
    merged = run("search", "cat", "--index", index, "--mode", "lexical", "--merge", "csls")
    assert (merged.code, "hybrid" in merged.err) == (2, True)


def test_an_index_without_words(corpus: Path, tmp_path: Path, run: Run) -> None:
    """It says so, and how to get them."""
    path = tmp_path / "plain"
    built = run("build", corpus, "--index", path, "--encoder", "hashing", "--no-lexical", "-q")
    assert built.code == 0
    ran = run("search", "cat", "--index", path, "--mode", "hybrid")
    assert (ran.code, "--no-lexical" in ran.err) == (2, True)
    assert run("search", "cat", "--index", path).code == 0


def test_chunks(chunks: Path, run: Run) -> None:
    """Found by document, described, asked by a chunk's id, deleted as a whole."""
    ask = ("search", "Remove the battery.", "--index", chunks, "-k", "3", "--json")
    found = run(*ask, "--by-document").json()["hits"]
    assert isinstance(found, list)
    assert found[0]["document"] == "manual"
    assert sorted(hit["document"] for hit in found) == ["manual", "x", "zh"]
    assert found[0]["metadata"]["chunk"] == {
        "document": "manual",
        "number": 2,
        "start": 24,
        "end": 43,
    }
    info = run("info", "--index", chunks)
    assert "3, in 6 chunks (sentences:1)" in info.out
    whole = run("search", "--id", "manual", "--index", chunks)
    first = run("search", "--id", "manual#0", "--index", chunks)
    assert whole.err == (
        "note: document 'manual' is cut, and its first chunk, manual#0, is the query; "
        "name another to ask with that\n"
    )
    assert (whole.code, whole.out, first.err) == (0, first.out, "")
    assert run("search", "--id", "manual#1", "--index", chunks).out != first.out
    alone = run("delete", "nobody", "manual#1", "--index", chunks)
    assert alone.out.startswith("deleted 0 documents")
    assert "one chunk alone cannot be deleted; its document can: manual\n" in alone.err
    assert "one chunk" not in run("delete", "nobody", "--index", chunks).err
    again = run(
        "add", chunks.parent / "manual.jsonl", "--index", chunks, "-q", "--on-duplicate", "skip"
    )
    assert "3 records left out" in again.out
    assert "deleted 1 document from" in run("delete", "manual", "--index", chunks).out
    assert run("info", "--index", chunks, "--json").json()["languages"] == {"en": 1, "zh": 2}


@pytest.mark.parametrize("wrong", [("--chunk", "words"), ("--overlap", "1")])
def test_chunks_that_cannot_be_meant(
    corpus: Path, tmp_path: Path, run: Run, wrong: tuple[str, str]
) -> None:
    """A usage error before anything is read or written."""
    ran = run("build", corpus, "--index", tmp_path / "i", "--encoder", "hashing", *wrong)
    assert (ran.code, (tmp_path / "i").exists()) == (2, False)
    assert "reading" not in ran.err
