"""Lexical search: BM25 by hand, any script, any query, and an index that mends itself."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer import lexical_search
from indexer.errors import CorruptError, IncompatibleError, UsageError
from indexer.index import IndexReader, IndexSettings, IndexWriter
from indexer.lexical import purge_lexical
from indexer.purge import purge
from indexer.records import Filter
from indexer.verify import repair, verify
from tests.indexer.bm25 import bm25
from tests.indexer.reference import SETTINGS, encoded

DATA = Path(__file__).parents[1] / "data"
TEXTS = {
    "zh1": "北京大学在中国的首都。",
    "zh2": "我住在上海，不在北京",
    "zh3": "京北的天气",
    "ja1": "東京タワーに行きたい",
    "th1": "ฉันอยากไปกรุงเทพฯ",
    "th2": "กรุงเทพมหานครเป็นเมืองหลวง",
    "de1": "Die Krankenhäuser der EU sind voll.",
    "de2": "Das Haus ist leer.",
    "en1": "The cat sat on the mat; the cat slept.",
    "en2": "A concatenation of words",
    "sym": "C++ and C# 👍",
    "dot": "…",
}
DOCUMENTS = [encoded(id_, text, lang=id_[:2]) for id_, text in TEXTS.items()]


def build(path: Path, chosen: IndexSettings = SETTINGS) -> Path:
    """Build an index of the texts."""
    with IndexWriter.create(path, chosen) as writer:
        writer.add(DOCUMENTS, cursor=len(DOCUMENTS))
        writer.finish()
    return path


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ask this one only."""
    return build(tmp_path_factory.mktemp("lexical") / "i")


def ask(
    path: Path, text: str, k: int = 100, allowed: Filter | None = None
) -> list[tuple[str, float]]:
    """Find (id, score) pairs."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        found = state.lexical([text], k, [allowed or Filter()])
        return [(hit.document.id, hit.score) for hit in state.hits(found)[0]]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("北京", ["zh2", "zh1"]),
        ("北京大学", ["zh1", "zh2"]),
        ("天", ["zh3"]),
        ("東京", ["ja1"]),
        ("タワー", ["ja1"]),
        ("กรุงเทพ", ["th2", "th1"]),
        ("eu", ["de1"]),
        ("HAUS", ["de2"]),
        ("cat", ["en1", "en2"]),
        ("👍", ["sym"]),
        ("c++", ["sym"]),
    ],
)
def test_words_of_any_length_and_script(index: Path, query: str, best: list[str]) -> None:
    """Two characters of Chinese or two letters are a word like any other."""
    assert [id_ for id_, _ in ask(index, query)][: len(best)] == best


@pytest.mark.parametrize(
    "query", ["the cat", "北京的天气", "Haus in EU", "ไปกรุงเทพ", "C+ 中国首都"]
)
def test_scores_are_bm25(index: Path, query: str) -> None:
    """Each score is what the formula gives, and the order is by score and then id."""
    found = ask(index, query)
    assert dict(found) == pytest.approx(bm25(TEXTS, query), rel=1e-6)
    assert found == sorted(found, key=lambda hit: (-hit[1], hit[0]))
    assert all(score > 0 for _, score in found)


def test_equal_scores_are_ordered_by_id(tmp_path: Path) -> None:
    """However the documents came in."""
    with IndexWriter.create(tmp_path / "i", SETTINGS) as writer:
        batch = [encoded(id_, "the same text") for id_ in ("c", "a", "b")]
        writer.add([*batch, encoded("z", "another")], cursor=4)
        writer.finish()
    assert [id_ for id_, _ in ask(tmp_path / "i", "same")] == ["a", "b", "c"]
    assert [id_ for id_, _ in ask(tmp_path / "i", "same", 2)] == ["a", "b"]


def test_nothing_shared_is_nothing_found(index: Path) -> None:
    """No term, or none that a document holds: no hit, and no error."""
    for query in ("…", " ", "zzzz", "\u200d", "NEAR("):
        assert ask(index, query) == []


def test_filters_and_k(index: Path) -> None:
    """Exactly k as long as there are k that the filter lets pass."""
    chinese = Filter(languages=frozenset({"zh"}))
    assert [id_ for id_, _ in ask(index, "北京", allowed=chinese)] == ["zh2", "zh1"]
    assert len(ask(index, "北京", 1, chinese)) == 1
    without = Filter(languages=frozenset({"zh"}), exclude=frozenset({"zh2"}))
    assert [id_ for id_, _ in ask(index, "北京", 1, without)] == ["zh1"]
    assert ask(index, "cat", allowed=Filter(languages=frozenset({"zh"}))) == []


def _any_query_is_a_query(path: Path, text: str) -> None:
    found = ask(path, text)
    assert {id_ for id_, _ in found} <= set(TEXTS)
    assert dict(found) == pytest.approx(bm25(TEXTS, text), rel=1e-6)


HOSTILE = st.text(max_size=40) | st.lists(
    st.sampled_from(
        [
            '"',
            "'",
            "*",
            "(",
            ")",
            "^",
            "+",
            ":",
            "-",
            "AND",
            "OR",
            "NOT",
            "NEAR/2",
            "text:",
            "北",
            "京",
            "cat",
            ";",
            "--",
            "{",
            "}",
        ]
    ),
    max_size=12,
).map(" ".join)


@given(HOSTILE)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_query_is_syntax(index: Path, text: str) -> None:
    """Whatever is asked, the answer is that of the formula."""
    _any_query_is_a_query(index, text)


@pytest.mark.slow
@given(HOSTILE)
@settings(
    max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_query_of_ten_thousand_is_syntax(index: Path, text: str) -> None:
    """The same, longer."""
    _any_query_is_a_query(index, text)


def test_frequent_terms_are_left_out(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rarest terms are looked for until they are in too many documents, one at least."""
    assert {id_ for id_, _ in ask(index, "cat slept")} == {"en1", "en2"}
    monkeypatch.setattr(lexical_search, "POSTINGS", 1)
    assert [id_ for id_, _ in ask(index, "cat slept")] == ["en1"]
    monkeypatch.setattr(lexical_search, "POSTINGS", 0)
    assert ask(index, "cat") != []
    monkeypatch.setattr(lexical_search, "TERMS", 0)
    assert ask(index, "cat") == []


def test_index_without_texts(tmp_path: Path) -> None:
    """An index built without refuses to search so, and is whole."""
    path = build(tmp_path / "i", replace(SETTINGS, lexical=False))
    with pytest.raises(UsageError, match="without lexical search"):
        ask(path, "cat")
    assert verify(path) == verify(path, quick=True) == []
    assert not repair(path).lexical
    with IndexWriter.open(path) as writer:
        writer.delete(["en1"])
    assert verify(path) == []


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_an_older_index_gets_it_from_its_next_writer(tmp_path: Path, version: int) -> None:
    """Until then lexical search is refused with the remedy, afterwards it finds every text."""
    path = tmp_path / "i"
    shutil.copytree(DATA / f"index-v{version}", path)
    with pytest.raises(IncompatibleError, match="no lexical search") as caught:
        ask(path, "Katze")
    assert caught.value.remedy is not None
    assert "interlingua repair" in caught.value.remedy
    repair(path)
    assert [id_ for id_, _ in ask(path, "Katze")] == ["de/1"]
    assert [id_ for id_, _ in ask(path, "קופץ")] == ["he/1"]
    assert ask(path, "gone") == []
    assert verify(path) == []


def execute(path: Path, *statements: str) -> None:
    """Tamper with a database."""
    conn = sqlite3.connect(path / "interlingua.db")
    for statement in statements:
        conn.execute(statement)
    conn.commit()
    conn.close()


DAMAGES = {
    "a text is missing": ["DELETE FROM lexical WHERE rowid = 3"],
    "a text too many": ["INSERT INTO lexical (rowid, text) VALUES (99, ' more ')"],
    "another text": ["UPDATE lexical SET text = ' other ' WHERE rowid = 4"],
    "terms of another text": ["UPDATE lexical_content SET c0 = ' x ' WHERE id = 4"],
    "terms missing": ["DELETE FROM lexical_data WHERE id > 10"],
    "terms changed": ["UPDATE lexical_data SET block = replace(block, 'ca', 'cb') WHERE id > 10"],
    "lengths changed": ["UPDATE lexical_docsize SET sz = x'7f' WHERE id = 2"],
}


@pytest.mark.parametrize("statements", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_found_and_mended(tmp_path: Path, statements: list[str]) -> None:
    """Verify names the lexical index, repair makes it anew, and every answer is back."""
    path = build(tmp_path / "i")
    before = [ask(path, text) for text in TEXTS.values()]
    execute(path, *statements)
    problems = verify(path)
    assert problems
    assert all("lexical" in p.what for p in problems)
    assert repair(path).lexical
    assert verify(path) == []
    assert [ask(path, text) for text in TEXTS.values()] == before
    assert not repair(path).lexical


def test_quick_check_counts_texts(tmp_path: Path) -> None:
    """A missing text shows in the numbers alone."""
    path = build(tmp_path / "i")
    execute(path, "DELETE FROM lexical WHERE rowid = 3")
    assert [p.what for p in verify(path, quick=True)] == [
        "the lexical index holds 11 texts where it should hold 12"
    ]


def test_a_search_that_meets_damage_says_so(tmp_path: Path) -> None:
    """The error names the lexical index and its remedy."""
    path = build(tmp_path / "i")
    execute(path, "UPDATE lexical_data SET block = x'00ff00ff' WHERE id > 10")
    with pytest.raises(CorruptError, match="lexical index is damaged"):
        ask(path, "cat")


def test_deleted_text_is_gone_after_a_purge(tmp_path: Path) -> None:
    """After the purge and a VACUUM no file of the index holds a piece of the text."""
    path = build(tmp_path / "i")
    canary = "qqxjzkwv"
    with IndexWriter.open(path) as writer:
        writer.add([encoded("canary", f"Top {canary} secret")])
        writer.delete(["canary"])
    conn = sqlite3.connect(path / "interlingua.db", isolation_level=None)
    purge_lexical(conn)
    held = [bytes(block) for (block,) in conn.execute("SELECT block FROM lexical_data")]
    assert not any(b"xjz" in block or b"qxj" in block for block in held)
    conn.execute("VACUUM")
    conn.close()
    left = b"".join(file.read_bytes() for file in path.iterdir() if file.is_file())
    assert canary.encode() not in left
    assert verify(path) == []


def test_a_purge_writes_the_terms_anew(tmp_path: Path) -> None:
    """No page of the index of terms names a deleted text after `purge`."""
    path = build(tmp_path / "i")
    with IndexWriter.open(path) as writer:
        writer.add([encoded("canary", "Top qqxjzkwv secret")])
        writer.delete(["canary"])
    assert _blocks_hold(path, b"xjz")
    purge(path)
    assert not _blocks_hold(path, b"xjz")
    assert verify(path) == []


def _blocks_hold(path: Path, term: bytes) -> bool:
    conn = sqlite3.connect(path / "interlingua.db")
    # FTS5 leaves out of a term what it shares with the one before.
    blocks = [bytes(block) for (block,) in conn.execute("SELECT block FROM lexical_data")]
    conn.close()
    return any(term in block or term[1:] in block for block in blocks)


@pytest.mark.parametrize(
    "change",
    [
        lambda writer: writer.delete(["zh1"]),
        lambda writer: writer.add([encoded("zh1", "上海")], replace=True),
        lambda writer: writer.add([encoded("new", "北京烤鸭")]),
    ],
    ids=["delete", "replace", "add"],
)
def test_changes_are_found_at_once(tmp_path: Path, change: Callable[[IndexWriter], object]) -> None:
    """A text and its terms come and go in the transaction of its document."""
    path = build(tmp_path / "i")
    with IndexWriter.open(path) as writer:
        change(writer)
        with IndexReader.open(path) as reader:
            texts = {d.id: d.text for d in reader.documents()}
        assert dict(ask(path, "北京")) == pytest.approx(bm25(texts, "北京"), rel=1e-6)
    assert verify(path) == []


def test_a_restarted_build_has_no_texts(tmp_path: Path) -> None:
    """What an import takes back is not found either."""
    path = tmp_path / "i"
    with IndexWriter.create(path, SETTINGS) as writer:
        writer.add(DOCUMENTS, cursor=len(DOCUMENTS))
        writer.restart()
        assert ask(path, "北京") == []
    assert verify(path) == []
