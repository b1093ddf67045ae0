"""The audit of what an approximate index serves, against neighbours counted one by one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.index import Indexing, IndexReader
from search.audit.options import AuditOptions
from search.audit.run import audit
from search.measures.measure import Measure
from tests.search.test_tuning import N, build

K = 5
OPTIONS = AuditOptions(ks=(1, K), replicates=200)
SHARE = Measure("same_language", K)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two languages in tight clusters and one between them; two clusters are looked into."""
    return build(tmp_path_factory.mktemp("served") / "i", Indexing("ivf", effort=2))


def counted(path: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Recall and share of the own language by language: every document asks, apart."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        documents = list(reader.documents())
        matrix = reader.vectors([d.id for d in documents])
        languages = np.array([d.lang for d in documents])
        recall, share = np.empty(N), np.empty(N)
        for row, vector in enumerate(matrix):
            scores = matrix @ vector
            scores[row] = -2
            true = set(np.argsort(-scores)[:K].tolist())
            vids = state.neighbours(vector[None], K + 1)[0].vids - 1
            served = vids[vids != row][:K]
            recall[row] = len(true & set(served.tolist())) / K
            share[row] = (languages[served] == languages[row]).mean()
    return tuple(  # type: ignore[return-value]
        {lang: float(values[languages == lang].mean()) for lang in ("de", "en", "th")}
        for values in (recall, share)
    )


def test_recall_and_measures_are_those_of_what_is_served(path: Path) -> None:
    """By language, each against its own queries; what the index misses is not audited."""
    recall, share = counted(path)
    with IndexReader.open(path) as reader:
        served = audit(reader, replace(OPTIONS, as_served=True))
        exact = audit(reader, OPTIONS)
    measure = Measure("served_recall", K)
    for lang, value in recall.items():
        found = served.by_language[lang][measure]
        assert found.value == pytest.approx(value, abs=1e-9)
        assert found.n == N // 3
        assert found.chance == pytest.approx(K / (N - 1))
        assert served.by_language[lang][SHARE].value == pytest.approx(share[lang], abs=1e-9)
    assert served.overall[measure].value == pytest.approx(np.mean(list(recall.values())))
    assert recall["th"] < 0.7
    assert recall["de"] > 0.9
    assert exact.by_language["th"][SHARE].value != pytest.approx(share["th"], abs=1e-3)
    assert measure not in exact.overall
