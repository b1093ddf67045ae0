"""A view shows the same documents through another transform; a spread shows some of them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import interlingua
from indexer.index import IndexReader
from indexer.records import Filter
from indexer.transforms import Statistics, fit_transform
from interlingua import Document, EncoderSpec
from search.debias.view import fit_view

HASHING = EncoderSpec("hashing")


def documents(start: int, end: int) -> list[Document]:
    """Make documents, every three of which mean the same in three languages."""
    return [
        Document(f"{lang}{n}", f"word {n} in {lang}, {n * n}", lang, f"g{n}")
        for n in range(start, end)
        for lang in ("de", "en", "fi")
    ]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[IndexReader]:
    """An index with sealed files, deleted documents and others that came later."""
    path = tmp_path / "index"
    interlingua.build(documents(0, 20), path, encoder=HASHING)
    interlingua.delete(["de0", "en5", "fi19"], path)
    interlingua.add([*documents(20, 24), Document("und", "xyzzy", "und")], path)
    with IndexReader.open(path) as found:
        yield found


def test_a_view_finds_what_brute_force_finds(reader: IndexReader) -> None:
    """All live documents, deleted ones never, in the order of their transformed cosines."""
    with reader.snapshot() as state:
        columns = state.columns()
        statistics = Statistics(state.settings.dim)
        statistics.add(columns.vectors, columns.languages, columns.groups)
        for method in ("centring", "lsar", "zca"):
            transform = fit_transform(method, statistics)
            moved = transform.apply(columns.vectors, columns.languages)
            seen = state.through(fit_view(state, method))
            assert seen.debiasing.method == method
            for row in (0, 7, 69):
                query = columns.vectors[row : row + 1]
                (hits,) = seen.search(query, len(columns.ids) + 9, languages=["de"])
                asked = transform.apply(query, ["de"])[0].astype(np.float64)
                scores = moved.astype(np.float64) @ asked
                assert sorted(h.document.id for h in hits) == sorted(columns.ids)
                place = {id_: n for n, id_ in enumerate(columns.ids)}
                got = [h.score for h in hits]
                np.testing.assert_allclose(
                    got, [scores[place[h.document.id]] for h in hits], atol=1e-6
                )
                assert got == sorted(got, reverse=True)


def test_a_view_keeps_filters_and_counts(reader: IndexReader) -> None:
    """What a filter lets pass is the same through a view."""
    with reader.snapshot() as state:
        seen = state.through(fit_view(state, "centring"))
        only = Filter(languages=frozenset({"fi"}))
        assert seen.language_counts(only) == state.language_counts(only) == {"fi": 23}
        (hits,) = seen.search(state.vectors(["de1"]), 50, only, ["de"])
        assert {h.document.lang for h in hits} == {"fi"}
        assert len(hits) == 23
        assert seen.seq == state.seq


def test_none_is_the_index_as_it_was_encoded(reader: IndexReader) -> None:
    """A view through no method finds bit by bit what the index finds."""
    with reader.snapshot() as state:
        seen = state.through(fit_view(state, "none"))
        queries = state.vectors(["de1", "en2", "fi3"])
        assert seen.search(queries, 30) == state.search(queries, 30)


def test_vectors_of_a_view_are_transformed(reader: IndexReader) -> None:
    """Row by row, in the order of the vids that were asked for."""
    with reader.snapshot() as state:
        view = fit_view(state, "lir")
        vids, chosen = state.spread(10)
        raw = state.vectors([d.id for d in chosen])
        transform = state.through(view).debiasing.transform
        assert transform is not None
        expected = transform.apply(raw, [d.lang for d in chosen])
        assert np.array_equal(state.through(view).searched_vectors(vids), expected)
        assert view.bytes == 4 * 64 * 70
        assert view.seq == state.seq


def test_a_spread_holds_whole_groups_first(reader: IndexReader) -> None:
    """At most so many, no document twice, and none of a group alone while there is room."""
    with reader.snapshot() as state:
        for n in (3, 10, 30, 70, 500):
            vids, chosen = state.spread(n)
            assert len(chosen) == min(n, 70) == len(set(vids.tolist()))
            assert vids.tolist() == sorted(vids.tolist())
            sizes = Counter(d.group for d in chosen if d.group is not None)
            broken = [name for name, size in sizes.items() if size < len(state.ids(group=name))]
            assert len(broken) <= 2
            assert state.spread(n)[1] == chosen


def test_translations_are_noticed(reader: IndexReader, tmp_path: Path) -> None:
    """A group in two languages is one; groups of one language are none."""
    with reader.snapshot() as state:
        assert state.has_translations()
    alone = [Document(f"{n}", f"text {n}", "en", "same") for n in range(3)]
    interlingua.build([*alone, Document("fi", "teksti", "fi")], tmp_path / "a", encoder=HASHING)
    with IndexReader.open(tmp_path / "a") as other, other.snapshot() as state:
        assert not state.has_translations()
