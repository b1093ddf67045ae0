"""Filters that let one document in a hundred pass, on every kind of index."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.conditions import make_filter, parse_condition
from indexer.index import Indexing, IndexReader, IndexWriter
from indexer.records import Document, EncodedDocument, Filter, Vectors
from search.merging import NO_MERGING
from search.ranked import ranked
from tests.indexer.test_kinds import DIM, SOME

ASKED = 20
KINDS = [(kind, codes) for kind in ("flat", "ivf", "hnsw") for codes in ("none", "sq8", "pq")]
SIZES = [pytest.param(2000, id="2000"), pytest.param(30_000, id="30000", marks=pytest.mark.slow)]
Passes = Callable[[Document], bool]


def where(*conditions: str) -> Filter:
    """Read conditions as ``--where`` does."""
    return make_filter(None, [parse_condition(condition) for condition in conditions])


def field(document: Document, key: str) -> Any:
    """Look at a field."""
    return document.metadata[key]


FILTERS: dict[str, tuple[Filter, Passes]] = {
    "--in is": (make_filter(["is"]), lambda d: d.lang == "is"),
    "topic=food": (where("topic=food"), lambda d: field(d, "topic") == "food"),
    "name^=zz": (where("name^=zz"), lambda d: field(d, "name").startswith("zz")),
    "year<10": (where("year<10"), lambda d: field(d, "year") < 10),
    "year>989": (where("year>989"), lambda d: field(d, "year") > 989),
    "cluster=7": (where("cluster=7"), lambda d: field(d, "cluster") == 7),
    "--in de --where 400<=year<430": (
        Filter(frozenset({"de"}), where("year>=400", "year<430").where),
        lambda d: d.lang == "de" and 400 <= field(d, "year") < 430,
    ),
}
"""Each lets one document in a hundred pass, or nearly so; what it means, in Python."""


@cache
def corpus(n: int) -> list[EncodedDocument]:
    """A hundred clusters; conditions cut across them, but for the one that names a cluster."""
    rng = np.random.default_rng(5)
    clusters, years, topics, names = (
        rng.permutation(np.arange(n) % most) for most in (100, 1000, 100, 100)
    )
    x = rng.standard_normal((100, DIM))[clusters] + 0.5 * rng.standard_normal((n, DIM))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    return [
        EncodedDocument(
            Document(
                f"d{i}",
                f"t{i}",
                "is" if i % 100 == 3 else ("de", "en", "th")[i % 3],
                metadata={
                    "year": int(years[i]),
                    "topic": "other" if topics[i] else "food",
                    "name": f"{'z' if names[i] else 'zz'}-{i}",
                    "cluster": int(clusters[i]),
                },
            ),
            *(x[i], 1, 0),
        )
        for i in range(n)
    ]


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def kind(request: pytest.FixtureRequest) -> Indexing:
    """A kind of index."""
    return Indexing(*request.param)


@pytest.fixture(scope="module", params=SIZES)
def index(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kind: Indexing
) -> tuple[Path, int]:
    """An index of that kind, and how many documents it has."""
    path, n = tmp_path_factory.mktemp("filtered") / "i", request.param
    with IndexWriter.create(path, SOME) as writer:
        writer.ask_for(kind)
        writer.add(corpus(n), cursor=n)
        writer.finish()
    return path, n


def answers(path: Path, asked: Vectors, k: int, allowed: Filter) -> list[list[Document]]:
    """Ask for the k nearest of each query, all queries at once."""
    n = len(asked)
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        hits = ranked(
            state, asked, ["en"] * n, k, allowed, NO_MERGING, [frozenset()] * n, exact=False
        )
    return [[hit.document for hit in row] for row in hits]


def least(name: str, kind: Indexing, k: int) -> float:
    """Say how many of the nearest must be found, of all.

    One cluster alone, the nearest of it: product codes hardly tell its members apart, and only
    the few that seem nearest are scored by their vectors.
    """
    return 0.7 if (name, kind.quantisation, k) == ("cluster=7", "pq", 1) else 0.95


@pytest.mark.parametrize("name", FILTERS)
def test_k_are_found_where_k_exist(index: tuple[Path, int], kind: Indexing, name: str) -> None:
    """No more, no fewer, none that may not; nearly the ones a plain scan of all vectors finds."""
    (path, n), (allowed, passes) = index, FILTERS[name]
    some = [e for e in corpus(n) if passes(e.document)]
    assert 0.007 * n < len(some) < 0.013 * n
    asked = np.stack([e.vector for e in corpus(n)[:: n // ASKED]])
    scores = asked.astype(np.float64) @ np.stack([e.vector for e in some]).astype(np.float64).T
    for k in (1, 10, len(some), len(some) + 5):
        best = np.argsort(-scores, axis=1)[:, :k]
        true = [{some[i].document.id for i in row} for row in best]
        found = answers(path, asked, k, allowed)
        assert [len(row) for row in found] == [min(k, len(some))] * len(asked)
        assert all(passes(document) for row in found for document in row)
        shares = [
            len({d.id for d in row} & right) / len(right)
            for row, right in zip(found, true, strict=True)
        ]
        assert np.mean(shares) >= least(name, kind, k)
