"""Clusters that are looked into language by language, against a plain walk through all of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.faiss_calls import faiss_module
from indexer.index import Indexing, IndexReader, IndexWriter
from indexer.records import EncodedDocument, Filter
from indexer.segments import Segments
from indexer.shares import proposed_by_language
from search.merging import Merging
from search.ranked import ranked
from tests.indexer.test_kinds import SOME, documents, queries


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Clusters of vectors and of codes, with deleted documents and a tail."""
    made = {}
    for codes in ("none", "sq8"):
        path = made[codes] = tmp_path_factory.mktemp("shares") / codes
        with IndexWriter.create(path, SOME) as writer:
            writer.ask_for(Indexing("ivf", codes))
            writer.add(documents(), cursor=1600)
            writer.finish()
        with IndexWriter.open(path) as writer:
            writer.delete([f"d{i:04}" for i in range(3, 1600, 7)])
            late = [replace(e.document, id=f"late{i}") for i, e in enumerate(documents()[:90])]
            rows = np.roll([e.vector for e in documents()[:90]], 1, axis=0)
            writer.add([EncodedDocument(d, v, 1, 0) for d, v in zip(late, rows, strict=True)])
    return made


def walked(
    segments: Segments, spoken: dict[int, str], query: np.ndarray, effort: int, wanted: int
) -> dict[str, set[int]]:
    """Rows of the main file by language that a walk from the nearest cluster on comes past."""
    main = segments.all[0]
    inner = faiss_module().downcast_index(main.index.index)
    centres = inner.quantizer.reconstruct_n(0, inner.nlist)
    lists = faiss_module().downcast_InvertedLists(inner.invlists)
    rows = [
        faiss_module().rev_swig_ptr(lists.get_ids(i), lists.list_size(i)).tolist()
        for i in range(inner.nlist)
    ]
    there = [main.vids[row] for own in rows for row in own if main.vids[row] in spoken]
    past: dict[str, set[int]] = {}
    for language in sorted(set(spoken.values())):
        total = sum(spoken[vid] == language for vid in there)
        share = min(1.0, 4 * effort / inner.nlist * len(main.vids) / len(there))
        seen: set[int] = set()
        for cluster in np.argsort(-(centres @ query)):
            own = {row for row in rows[cluster] if spoken.get(main.vids[row]) == language}
            enough = len(seen) >= min(total, 4 * wanted)
            if enough and len(seen) + len(own) / 2 >= share * total:
                break
            seen |= own
        past[language] = seen
    return past


def filters() -> Iterator[Filter]:
    """All documents, those of a common and a rare language, and those of common ones but a few."""
    yield Filter()
    yield Filter(languages=frozenset({"de", "is"}))
    yield Filter(languages=frozenset({"de", "en"}), exclude=frozenset({"d0000", "d0001", "late5"}))


@pytest.mark.parametrize("effort", [1, 2, 5, 41])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_clusters_are_walked_until_a_share_of_a_language_was_seen(
    paths: dict[str, Path], effort: int, number: int
) -> None:
    """What FAISS proposes is the best of what the walk came past, and of the tail."""
    allowed, asked = list(filters())[number], queries()[:11]
    with IndexReader.open(paths["none"]) as reader, reader.snapshot() as state:
        segments, conn = state.segments.trying(effort, None), state._conn
        names = sorted(state.language_counts(allowed))
        alone = [replace(allowed, languages=frozenset({name})) for name in names]
        found = proposed_by_language(conn, segments, asked, 5, alone, allowed)
        passing = state.documents_at(state.allowed())
        spoken = {
            vid: d.lang
            for vid, d in passing.items()
            if d.id not in allowed.exclude and d.lang in names
        }
        matrix = segments.vectors(conn, np.arange(segments.rows))
    first_of_tail = segments.starts[1]
    for i, query in enumerate(asked):
        past = walked(segments, spoken, query, effort, 5)
        for name, own in zip(names, found, strict=True):
            tail = {
                r for r in range(first_of_tail, segments.rows)
                if spoken.get(segments.vids[r]) == name
            }  # fmt: skip
            for rows in (past[name], tail):
                best = sorted(rows, key=lambda row: -(matrix[row] @ query))[:5]
                assert {*best} == {*own[i].tolist()} & rows
            assert {*own[i].tolist()} <= past[name] | tail


@pytest.mark.parametrize("codes", ["none", "sq8"])
@pytest.mark.parametrize("name", ["softmax", "round-robin", "csls"])
def test_a_merging_that_looks_everywhere_misses_nothing(
    paths: dict[str, Path], codes: str, name: str
) -> None:
    """As many as are wanted come at any effort; at the highest they are those of a full scan."""
    asked, merging = queries(), Merging(name)  # type: ignore[arg-type]
    spoken = ["en"] * len(asked)
    never = [frozenset({f"d{40 * i:04}"}) for i in range(len(asked))]
    with IndexReader.open(paths[codes]) as reader, reader.snapshot() as state:
        whole = state.segments
        true = ranked(state, asked, spoken, 10, Filter(), merging, never, exact=True)
        for effort in (1, 41):
            state.segments = whole.trying(effort, None)
            found = ranked(state, asked, spoken, 10, Filter(), merging, never)
            assert {len(hits) for hits in found} == {10}
            pairs = zip(found, never, strict=True)
            assert not any(h.document.id in out for hits, out in pairs for h in hits)
            if effort == 41 and codes == "none":
                assert found == true


def test_an_exact_merging_reads_quantised_vectors_once_for_all_queries(
    paths: dict[str, Path],
) -> None:
    """As many scans of the vectors for sixty-four queries as for one."""
    scans = []
    with IndexReader.open(paths["sq8"]) as reader, reader.snapshot() as state:
        for asked in (queries()[:1], queries()):
            said: list[str] = []
            state._conn.set_trace_callback(said.append)
            _, found = state.candidates_by_language(asked, 5, Filter(), exact=True)
            list(found)
            scans.append(sum("FROM vectors" in query and "BETWEEN" in query for query in said))
    assert scans[0] == scans[1] > 0
