"""An index under a transform: what it answers, what it survives, and how it comes back."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from indexer.corpus import Query
from indexer.errors import CorruptError, InterlinguaError
from indexer.index import NOTHING, IndexReader, IndexWriter
from indexer.records import Document, EncodedDocument, Filter, Vectors
from indexer.removal import delete
from indexer.transforms import METHODS, Transform
from indexer.verify import repair, verify
from search.audit.options import AuditOptions
from search.audit.run import audit
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.merging import NAMES, Lists, Merging, merge_keys
from search.ranked import ranked
from tests.debias.conftest import planted_documents, write

ROOT = Path(__file__).parents[2]


def apply(path: Path, method: str, merging: Merging | None = None) -> Transform | None:
    """Fit on the index itself and apply."""
    with IndexReader.open(path) as reader:
        statistics = statistics_of_index(reader)
    candidate = Candidate(method, merging or Merging())
    debiasing = debiasing_of(candidate, statistics, "the index itself")
    apply_debiasing(path, debiasing)
    return debiasing.transform


def answers(path: Path, k: int = 7) -> list[list[tuple[str, float]]]:
    """Ask with every tenth document's vector."""
    asked = planted_documents()[::10]
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        vectors = np.array([e.vector for e in asked])
        hits = state.search(vectors, k, languages=[e.document.lang for e in asked])
    return [[(h.document.id, h.score) for h in row] for row in hits]


def by_hand(transform: Transform, k: int = 7) -> list[list[tuple[str, float]]]:
    """The same by a full scan."""
    documents = planted_documents()
    y = transform.apply(
        np.array([e.vector for e in documents]), [e.document.lang for e in documents]
    )
    rows = []
    for q in y[::10].astype(np.float64):
        scores = np.einsum("ij,j->i", y.astype(np.float64), q).clip(-1, 1).astype(np.float32)
        best = sorted((-s, e.document.id) for s, e in zip(scores.tolist(), documents, strict=True))
        rows.append([(id_, -s) for s, id_ in best[:k]])
    return rows


@pytest.mark.parametrize("method", METHODS)
def test_answers_are_those_of_a_full_scan_of_transformed_vectors(index: Path, method: str) -> None:
    """And the index is whole, says what it does, and comes back to the very same answers."""
    before = answers(index)
    transform = apply(index, method)
    assert transform is not None
    assert answers(index) == by_hand(transform)
    assert verify(index) == []
    with IndexReader.open(index) as reader:
        info = reader.info()
        assert (info.transform, info.fitted_on["documents"]) == (method, 240)
        assert info.unseen == {}
    apply_debiasing(index, NOTHING)
    assert answers(index) == before
    with IndexReader.open(index) as reader:
        assert reader.info().transform == "none"


def test_changes_under_a_transform_give_what_a_fresh_index_gives(tmp_path: Path) -> None:
    """Added, replaced, deleted, sealed, repaired: the files never show in an answer."""
    documents = planted_documents()
    path = write(tmp_path / "i", documents[:200])
    transform = apply(path, "centring")
    with IndexWriter.open(path) as writer:
        writer.add(documents[200:])
    delete(["de0", "de1"], path)
    with IndexWriter.open(path) as writer:
        writer.add([documents[0], documents[1]])
        writer.add(documents[5:9], replace=True)
        grown = answers(path)
        writer.finish()
    assert transform is not None
    assert grown == answers(path) == by_hand(transform)
    assert verify(path) == []
    for file in (path / "vectors").iterdir():
        file.unlink()
    repair(path)
    assert answers(path) == grown
    assert verify(path) == []
    conn = sqlite3.connect(path / "interlingua.db")
    with conn:
        conn.execute("DELETE FROM vectors WHERE vid = (SELECT vid FROM documents WHERE id = 'de7')")
    conn.close()
    assert repair(path).lost == ("de7",)  # what the file holds is not the raw vector


def test_what_was_deleted_leaves_the_files(index: Path) -> None:
    """New files hold live vectors only, so that nothing is left to be remembered as dead."""
    delete(["de0", "en1"], index)
    with IndexReader.open(index) as reader:
        assert reader.info().deleted == 2
    apply(index, "lsar")
    with IndexReader.open(index) as reader:
        assert (reader.info().deleted, reader.info().documents) == (0, 238)
    assert verify(index) == []


def test_setting_only_a_merging_writes_no_vectors(index: Path) -> None:
    """The files stay the very files."""
    before = sorted(p.name for p in (index / "vectors").iterdir())
    apply(index, "none", Merging("softmax"))
    assert sorted(p.name for p in (index / "vectors").iterdir()) == before
    with IndexReader.open(index) as reader:
        assert reader.info().merging == {"name": "softmax"}


def test_given_queries_go_through_the_transform_too(index: Path) -> None:
    """The exact audit finds what the index serves to the same raw query vectors."""
    apply(index, "centring")
    documents = planted_documents()[::7]
    queries = [
        Query(f"q{i}", f"q {i}", d.document.lang, "given", None, d.document.group, None, "")
        for i, d in enumerate(documents)
    ]
    vectors = np.array([d.vector for d in documents])
    with IndexReader.open(index) as reader:
        found = audit(
            reader, AuditOptions(ks=(3,), replicates=100), queries=queries, vectors=vectors
        )
        with reader.snapshot() as state:
            hits = state.search(vectors, 20, languages=[q.lang for q in queries])
    same = [
        [h.document.lang == q.lang for h in row if h.document.group != q.group][:3]
        for q, row in zip(queries, hits, strict=True)
    ]
    share = next(m for k, m in found.overall.items() if str(k) == "same_language@3")
    by_language = [
        np.mean([s for q, s in zip(queries, same, strict=True) if q.lang == lang])
        for lang in sorted({q.lang for q in queries})
    ]
    assert share.value == pytest.approx(np.mean(by_language))


def test_a_language_that_the_fit_has_not_seen_is_counted(index: Path) -> None:
    """It is moved by the mean of all documents, and ``info`` says how many there are."""
    apply(index, "centring")
    extra = planted_documents()[0]
    strange = Document("is1", "íslenska", "is")
    with IndexWriter.open(index) as writer:
        writer.add([EncodedDocument(strange, extra.vector, 1, 0)])
    with IndexReader.open(index) as reader:
        assert reader.info().unseen == {"is": 1}
        assert reader.search(np.array([extra.vector]), 241)[0]
    assert verify(index) == []


def test_a_damaged_transform_is_found_and_can_be_removed(index: Path) -> None:
    """It is refused, never applied; setting it anew mends it."""
    before = answers(index)
    apply(index, "centring")
    with sqlite3.connect(index / "interlingua.db") as conn:
        blob = bytearray(conn.execute("SELECT transform FROM debiasing").fetchone()[0])
        blob[len(blob) // 2] ^= 1
        conn.execute("UPDATE debiasing SET transform = ?", [bytes(blob)])
    conn.close()
    assert any("transform is damaged" in p.what for p in verify(index))
    with pytest.raises(CorruptError, match="--method none"):
        answers(index)
    apply_debiasing(index, NOTHING)
    assert answers(index) == before


def brute(
    path: Path, merging: Merging, vector: Vectors, lang: str, k: int, allowed: Filter
) -> list[str]:
    """Score all documents and merge the whole lists."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        q = state.debiasing.apply(vector[None], [lang])
        columns = state.columns(allowed)
        y = state.debiasing.apply(columns.vectors, columns.languages)
        scores = np.einsum("ij,j->i", y.astype(np.float64), q[0].astype(np.float64)).astype(
            np.float32
        )
        names = sorted(set(columns.languages))
        rows = [[i for i, c in enumerate(columns.languages) if c == name] for name in names]
        flat = [i for r in rows for i in r]
        sizes = np.array([len(r) for r in rows])
        lists = Lists(
            scores[flat],
            np.concatenate([[0], np.cumsum(sizes)]),
            sizes,
            names.index(lang) if lang in names else None,
        )
        keys = merge_keys(merging, lists)
    made = [
        (-key, -float(scores[i]), columns.ids[i])
        for i, key in zip(flat, keys.tolist(), strict=True)
    ]
    return [id_ for _, _, id_ in sorted(made)[:k]]


@pytest.mark.parametrize("name", [n for n in NAMES if n != "csls"])
@pytest.mark.parametrize("method", ["none", "centring"])
def test_merged_answers_are_those_of_merged_full_lists(index: Path, name: str, method: str) -> None:
    """Alone and on a transform, under filters, for known and unknown languages: exactly k."""
    apply(index, method)
    merging = Merging(next(n for n in NAMES if n == name))
    documents = planted_documents()
    with IndexReader.open(index) as reader, reader.snapshot() as state:
        for allowed in (Filter(), Filter(languages=frozenset({"de", "th"}))):
            for lang in ("en", "und"):
                for row in (3, 77):
                    vector = documents[row].vector
                    q = state.debiasing.apply(vector[None], [lang])
                    for k in (1, 10, 130):
                        hits = ranked(state, q, [lang], k, allowed, merging, [frozenset()])[0]
                        ids = [h.document.id for h in hits]
                        assert ids == brute(index, merging, vector, lang, k, allowed)
                        assert len(ids) == min(k, 240 if allowed == Filter() else 120)


@pytest.mark.parametrize("name", NAMES)
def test_the_audit_of_what_is_served_agrees_with_the_exact_one(index: Path, name: str) -> None:
    """Every method is measured in the order in which a search returns it."""
    merging = Merging(next(n for n in NAMES if n == name))
    apply(index, "centring", merging)
    with IndexReader.open(index) as reader:
        options = AuditOptions(ks=(5, 10), as_served=True, replicates=100)
        found = audit(reader, options)
        assert found.index.transform == "centring"
        assert found.index.merging == (None if name == "none" else name)
        recall = next(m for k, m in found.overall.items() if str(k) == "served_recall@10")
        assert recall.value == pytest.approx(1.0, abs=0.0 if name != "csls" else 0.02)


def test_the_query_itself_is_dropped_before_lists_are_merged(index: Path) -> None:
    """Its perfect score would count as the level of its language."""
    document = planted_documents()[0]
    with IndexReader.open(index) as reader, reader.snapshot() as state:
        q, drop = document.vector[None], [frozenset({document.document.id})]
        without = ranked(state, q, ["de"], 20, Filter(), Merging("softmax"), drop)[0]
        excluded = Filter(exclude=frozenset({document.document.id}))
        expected = ranked(state, q, ["de"], 20, excluded, Merging("softmax"), [frozenset()])[0]
        assert [h.document.id for h in without] == [h.document.id for h in expected]


def test_a_full_disk_changes_nothing(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the one commit, every answer is the one of before."""
    before = answers(index)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(InterlinguaError):
            apply(index, "lir")
    assert answers(index) == before
    assert verify(index) == []


@pytest.mark.slow
def test_killed_at_any_moment_the_index_answers_as_before_or_after(index: Path) -> None:
    """SIGKILL while methods are switched to and fro."""
    states = {str(answers(index))}
    apply(index, "centring")
    states.add(str(answers(index)))
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from tests.debias.test_index import apply\n"
        "print('ready', flush=True)\n"
        "while True:\n    apply(Path(sys.argv[1]), 'none')\n"
        "    apply(Path(sys.argv[1]), 'centring')\n"
    )
    rng = random.Random(0)
    for _ in range(25):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(index), str(ROOT)], stdout=subprocess.PIPE
        ) as worker:
            assert worker.stdout is not None
            worker.stdout.readline()
            time.sleep(rng.uniform(0, 0.2))
            worker.send_signal(signal.SIGKILL)
        assert str(answers(index)) in states
        assert verify(index) == []
