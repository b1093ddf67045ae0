"""Merged answers of an index of unequal languages, against whole lists merged by definition."""

from pathlib import Path

import numpy as np
import pytest

import search.ranked as ranked_module
from indexer import by_language as by_language_module
from indexer.index import IndexReader, IndexSettings, IndexWriter
from indexer.language_layout import LanguageLayout
from indexer.nearest import exact_scores
from indexer.records import Document, EncodedDocument, Filter, Vectors
from indexer.vectors import Segment
from search.merging import NAMES, Lists, Merging, merge_keys
from search.ranked import ranked
from tests.indexer.reference import SETTINGS, random_units

SIZES = {"de": 1, "el": 3, "en": 320, "he": 130, "th": 70, "und": 20}
DIM = 64
WIDE = IndexSettings(
    **{**{f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__}, "dim": DIM}
)


def documents() -> list[EncodedDocument]:
    """Close vectors, each tenth the copy of another, so that there are ties in all languages."""
    n = sum(SIZES.values())
    vectors = random_units(n, DIM) * 0.3 + random_units(1, DIM, 99)
    vectors[::10] = vectors[0]
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    spoken = np.random.default_rng(1).permutation(
        [lang for lang, n in SIZES.items() for _ in "x" * n]
    )
    ids = np.random.default_rng(2).permutation(n)
    return [
        EncodedDocument(Document(f"d{ids[i]:03}", f"t{i}", str(spoken[i])), vectors[i], 1, 0)
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same documents in one file, and in two files and a tail after some detours."""
    folder, made = tmp_path_factory.mktemp("ranked"), documents()
    with IndexWriter.create(folder / "whole", WIDE) as writer:
        writer.add(made, cursor=len(made))
        writer.finish()
    with IndexWriter.create(folder / "pieces", WIDE) as writer:
        writer.add(made[200:400], cursor=1)
        writer.finish()
        writer.add([EncodedDocument(e.document, made[0].vector, 1, 0) for e in made[400:]])
        writer.finish()
        writer.add(made[400:], replace=True)
        writer.add(made[:200])
    return [folder / "whole", folder / "pieces"]


def asked(n: int = 40) -> tuple[Vectors, list[str]]:
    """Queries near the documents, of languages that are there, are not, or are not known."""
    vectors = random_units(n, DIM, 7) * 0.3 + random_units(1, DIM, 99)
    vectors[0] = documents()[0].vector
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors, [("en", "de", "und", "fr", "th")[i % 5] for i in range(n)]


def answers(path: Path, merging: Merging, k: int, one_by_one: bool = False) -> list[list[str]]:
    """The ids that each query gets."""
    vectors, spoken = asked()
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        parts = [[i] for i in range(len(vectors))] if one_by_one else [list(range(len(vectors)))]
        return [
            [f"{h.document.id} {h.score:.8f}" for h in hits]
            for part in parts
            for hits in ranked(
                state,
                vectors[part],
                [spoken[i] for i in part],
                k,
                Filter(),
                merging,
                [frozenset()] * len(part),
            )
        ]


def whole_lists(merging: Merging, k: int) -> list[list[str]]:
    """Merge the exact scores of all documents."""
    made, names = documents(), sorted(SIZES)
    made.sort(key=lambda e: (names.index(e.document.lang), e.document.id))
    vectors = np.stack([e.vector for e in made])
    sizes = np.array([SIZES[name] for name in names])
    found = []
    for query, lang in zip(*asked(), strict=True):
        own = names.index(lang) if lang in names and lang != "und" else None
        scores = exact_scores(query, vectors)
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        keys = np.round(merge_keys(merging, Lists(scores, bounds, sizes, own)), 7)
        order = sorted(range(len(made)), key=lambda i: (-keys[i], -scores[i], made[i].document.id))
        found.append([f"{made[i].document.id} {scores[i]:.8f}" for i in order[:k]])
    return found


@pytest.mark.parametrize("name", [n for n in NAMES if n != "csls"])
@pytest.mark.parametrize("k", [1, 10, 120])
def test_answers_are_those_of_whole_lists(paths: list[Path], name: str, k: int) -> None:
    """Whatever the files, however unequal the languages, and ties by id."""
    merging = Merging(next(n for n in NAMES if n == name))
    expected = whole_lists(merging, k)
    assert answers(paths[0], merging, k) == expected
    assert answers(paths[1], merging, k) == expected


@pytest.mark.parametrize("name", NAMES)
def test_neither_the_crowd_nor_the_files_show(
    paths: list[Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked together, alone, in small blocks, and with crowding looked up here and there."""
    merging = Merging(next(n for n in NAMES if n == name))
    together = answers(paths[0], merging, 10)
    assert all(len(row) == 10 for row in together)
    assert answers(paths[0], merging, 10, one_by_one=True) == together
    assert answers(paths[1], merging, 10, one_by_one=True) == together
    monkeypatch.setattr(by_language_module, "_BLOCK_SCORES", 3000)
    monkeypatch.setattr(ranked_module, "_ALL_AT_ONCE", 0)
    assert answers(paths[1], merging, 10) == together


@pytest.mark.parametrize("depth", [1, 5, 100])
def test_the_best_of_each_language_are_found(depth: int) -> None:
    """With the margin, of languages of any size; what is minus infinity never is."""
    rng = np.random.default_rng(depth)
    sizes = {"a": 1, "b": 200, "c": 90, "d": 3, "e": 120}
    scores = np.append(rng.random(500).astype(np.float32), np.float32(-np.inf))
    scores[rng.integers(0, 500, 50)] = -np.inf
    positions = rng.permutation(500)[: sum(sizes.values())]
    layout = LanguageLayout.of(positions, sizes, 500)
    assert len(layout.grids) == 4
    rows, languages = layout.best(scores, depth, 0.01)
    assert (np.diff(languages) >= 0).all()
    start = 0
    for code, n in enumerate(sizes.values()):
        mine = [p for p in positions[start : start + n].tolist() if np.isfinite(scores[p])]
        last = sorted((scores[p] for p in mine), reverse=True)[:depth][-1] - np.float32(0.01)
        assert sorted(rows[languages == code]) == sorted(p for p in mine if scores[p] >= last)
        start += n


def test_a_layout_of_nothing_finds_nothing() -> None:
    """An empty index, or a filter that lets nothing pass."""
    rows, languages = LanguageLayout.of(np.empty(0, np.int64), {}, 3).best(
        np.zeros(4, np.float32), 5, 0.1
    )
    assert (len(rows), len(languages)) == (0, 0)


@pytest.mark.parametrize("dim", [4, 8, 64, 100])
def test_a_row_scores_alike_wherever_it_stands(dim: int) -> None:
    """One by one in float32: the same bits among others, and near what float64 says."""
    vectors, query = random_units(301, dim), random_units(1, dim, 5)
    rows = np.random.default_rng(0).permutation(301)
    there = Segment.of(np.arange(301), vectors).scores_at(query[0], rows)
    alone = [
        Segment.of(np.array([9]), vectors[row : row + 1]).scores_at(query[0], np.array([0]))[0]
        for row in rows
    ]
    assert there.tolist() == [float(s) for s in alone]
    assert there == pytest.approx(vectors[rows].astype(np.float64) @ query[0], abs=1e-6)
    for several in (query, np.concatenate([query, query])):
        out = np.empty((len(several), 301), np.float32)
        Segment.of(np.arange(301), vectors).scores(several, out)
        assert out[-1][rows] == pytest.approx(there, abs=1e-6)
        if len(several) == 1 and dim > by_language_module._SHORT:
            assert out[-1][rows].tolist() == there.tolist()
