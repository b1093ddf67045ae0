"""The table for Embedding Atlas: its columns mean what that program takes them for."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from indexer.corpus import read_corpus
from indexer.index import IndexReader
from indexer.readers.guess import find_readers
from indexer.records import Filter
from search.atlas import export_atlas, principal_axes
from tests.indexer.reference import build, embed, encoded, random_units

LANGUAGES = ("de", "en", "he", "und")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index of 300 documents in three languages and none."""
    batch = [
        encoded(f"d{n}", lang=LANGUAGES[n % 4], group=str(n // 4), metadata={"n": n})
        for n in range(300)
    ]
    return build(tmp_path / "i", batch)


def table_of(path: Path, neighbours: int = 5, **options: Any) -> list[dict[str, Any]]:
    """Export and read with another library."""
    file = io.BytesIO()
    export_atlas(path, file, neighbours, **options)
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(file.getvalue())).to_pylist()
    return rows


def test_neighbours_are_rows_of_the_table(path: Path) -> None:
    """Zero-based, nearest first, never oneself; distances are one minus the cosine."""
    rows = table_of(path)
    vectors = np.array([embed(row["text"]) for row in rows], np.float64)
    cosines = vectors @ vectors.T
    for number, row in enumerate(rows):
        order = sorted(
            (other for other in range(300) if other != number),
            key=lambda other: (-np.float32(cosines[number, other]), rows[other]["id"]),
        )
        assert row["neighbors"]["ids"] == order[:5]
        expected = 1 - cosines[number, order[:5]]
        assert np.allclose(row["neighbors"]["distances"], expected, atol=1e-6)
        same = [rows[other]["lang"] == row["lang"] for other in order[:5]]
        assert row["same_language"] == (None if row["lang"] == "und" else np.mean(same))


def test_coordinates_are_the_principal_components(path: Path) -> None:
    """As a singular value decomposition finds them."""
    rows = table_of(path)
    vectors = np.array([embed(row["text"]) for row in rows], np.float64)
    centred = vectors - vectors.mean(axis=0)
    _, _, right = np.linalg.svd(centred, full_matrices=False)
    for name, axis in (("projection_x", right[0]), ("projection_y", right[1])):
        found = np.array([row[name] for row in rows])
        expected = centred @ (axis * np.sign(axis[np.abs(axis).argmax()]))
        assert np.allclose(found, expected, atol=1e-6)


def test_part_of_an_index_has_neighbours_among_itself(path: Path) -> None:
    """Rows of a table that a filter made smaller; as many neighbours as there are."""
    allowed = Filter(frozenset({"he"}), exclude=frozenset(f"d{n}" for n in range(40, 300)))
    rows = table_of(path, neighbours=30, allowed=allowed)
    assert [row["lang"] for row in rows] == ["he"] * 10
    for number, row in enumerate(rows):
        assert sorted([*row["neighbors"]["ids"], number]) == list(range(10))
        assert row["same_language"] == 1.0


def test_without_neighbours_and_with_vectors(path: Path) -> None:
    """What costs most can be left out; vectors let the program make a map of its own."""
    rows = table_of(path, neighbours=0, vectors="raw")
    assert "neighbors" not in rows[0]
    assert "same_language" not in rows[0]
    assert np.allclose(rows[7]["vector"], embed(rows[7]["text"]))


def test_a_build_leaves_out_what_was_worked_out(path: Path, tmp_path: Path) -> None:
    """The documents come back as they are in the index, with nothing more."""
    source = tmp_path / "atlas.parquet"
    with source.open("wb") as file:
        export_atlas(path, file, 3, vectors="searched")
    notes: list[str] = []
    documents = [r.document for r in read_corpus([str(source)], note=notes.append)]
    with IndexReader.open(path) as reader:
        assert documents == list(reader.documents())
    assert sum("comes from the vectors" in note for note in notes) == 5
    assert find_readers([str(source)])


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_documents(tmp_path: Path, n: int) -> None:
    """No neighbour, no direction: columns without values, and no failure."""
    path = build(tmp_path / "i", [encoded(str(i), f"text {i}") for i in range(n)])
    rows = table_of(path)
    assert [len(row["neighbors"]["ids"]) for row in rows] == [n - 1] * n
    assert all(np.isfinite(row["projection_x"]) for row in rows)
    json.dumps(rows)


def test_axes_of_one_dimension() -> None:
    """A second direction that there is not has no extent."""
    vectors = random_units(5, 1)
    _, axes = principal_axes(lambda: iter([vectors]), 5)
    assert axes.tolist() == [[1.0, 0.0]]
