"""Tuning an approximate index: least effort, and recall by language, counted another way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import UsageError
from indexer.index import Indexing, IndexReader, IndexSettings, IndexWriter
from indexer.records import Document, EncodedDocument
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.measures.measure import Measurement
from search.merging import Merging
from search.tuning import Tuning, tune
from search.tuning_render import tuning_json
from tests.indexer.reference import SETTINGS

N, DIM = 1500, 16
SOME = IndexSettings(
    **{**{f: getattr(SETTINGS, f) for f in SETTINGS.__dataclass_fields__}, "dim": DIM}
)


def build(path: Path, indexing: Indexing) -> Path:
    """Two languages in tight clusters, and one whose texts lie between all clusters."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((40, DIM))
    spoken = [("de", "en", "th")[i % 3] for i in range(N)]
    x = centres[rng.integers(0, 40, N)] + 0.2 * rng.standard_normal((N, DIM))
    loose = rng.standard_normal((N, DIM))
    x = np.where(np.array([lang == "th" for lang in spoken])[:, None], loose, x)
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    with IndexWriter.create(path, SOME) as writer:
        writer.ask_for(indexing)
        writer.add(
            [EncodedDocument(Document(f"d{i}", f"t{i}", spoken[i]), x[i], 1, 0) for i in range(N)],
            cursor=N,
        )
        writer.finish()
    return path


def recall_of(path: Path, found: Tuning) -> dict[str, float]:
    """Count the exact neighbours that are served, by language, one query after the other."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        shares: dict[str, list[float]] = {lang: [] for lang in found.by_language}
        for lang, m in found.by_language.items():
            vids = state.sample(lang, m.n)
            for vid, vector in zip(vids.tolist(), state.searched_vectors(vids), strict=True):
                served, true = (
                    set(state.neighbours(vector[None], 6, exact=exact)[0].vids.tolist()) - {vid}
                    for exact in (False, True)
                )
                shares[lang].append(len(served & true) / len(true))
    return {lang: float(np.mean(values)) for lang, values in shares.items()}


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_the_least_effort_is_found_and_saved(tmp_path: Path, kind: str) -> None:
    """What is reported is what is served from then on."""
    path = build(tmp_path / "i", Indexing(kind))  # type: ignore[arg-type]
    found = tune(path, recall=0.9, k=5, sample=150)
    assert found.reached
    assert {lang: m.value for lang, m in found.by_language.items()} == pytest.approx(
        recall_of(path, found)
    )
    assert found.overall.value == pytest.approx(np.mean(list(recall_of(path, found).values())))
    assert found.overall.chance == pytest.approx(5 / (N - 1))
    for m in (found.overall, *found.by_language.values()):
        assert m.low is not None
        assert m.high is not None
        assert m.value is not None
        assert m.low <= m.value <= m.high
    with IndexReader.open(path) as reader:
        asked = reader.info().asked
    assert (asked.effort, asked.tuned["recall"]) == (found.effort, found.overall.value)


def test_a_language_that_loses_more_is_named(tmp_path: Path) -> None:
    """Texts between clusters lose neighbours that others keep, and it is called a bias."""
    path = build(tmp_path / "i", Indexing("ivf"))
    found = tune(path, recall=0.8, k=5, sample=300)
    assert found.losing == ("th",)
    assert found.spread_p < 0.01
    document = tuning_json(found)
    assert document["losing"] == ["th"]
    assert document["spread"]["value"] == found.spread.value  # type: ignore[index]


def test_codes_need_candidates_of_their_own(tmp_path: Path) -> None:
    """Where FAISS holds codes, more candidates are scored exactly, as many as it takes."""
    path = build(tmp_path / "i", Indexing("flat", "pq"))
    found = tune(path, recall=0.99, k=5, sample=90)
    assert found.effort is None
    assert found.refine is not None
    assert found.refine > 1
    assert found.reached


def test_an_exact_index_has_nothing_to_tune(tmp_path: Path) -> None:
    """The error names the way to another kind."""
    path = build(tmp_path / "i", Indexing("flat"))
    with pytest.raises(UsageError, match="exact") as caught:
        tune(path)
    assert "reindex" in str(caught.value.remedy)
    with pytest.raises(UsageError, match="recall"):
        tune(path, recall=1.5)


def test_nobody_is_named_where_chance_could_have_done_it() -> None:
    """However far below the mean a language lies."""
    low, high = Measurement(0.5, 0.01, 0.4, 0.6, 9), Measurement(0.9, 0.01, 0.8, 1.0, 9)
    found = Tuning(8, None, 5, 0.9, high, {"de": high, "th": low}, low, spread_p=0.2)
    assert found.losing == ()
    assert replace(found, spread_p=0.01).losing == ("th",)


def test_what_was_tuned_is_forgotten_when_the_vectors_are_others(tmp_path: Path) -> None:
    """The effort stays, the recall that was measured does not."""
    path = build(tmp_path / "i", Indexing("ivf"))
    found = tune(path, recall=0.9, k=5, sample=60)
    with IndexReader.open(path) as reader:
        statistics = statistics_of_index(reader)
    apply_debiasing(path, debiasing_of(Candidate("centring", Merging()), statistics, "itself"))
    with IndexReader.open(path) as reader:
        asked = reader.info().asked
    assert (asked.effort, dict(asked.tuned)) == (found.effort, {})
