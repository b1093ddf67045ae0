"""Whole audits of real index directories, on the sentences of data/ and a fast encoder."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import interlingua
from data import CORPUS
from indexer.index import IndexReader
from interlingua import Document, EncoderSpec, Query
from search.audit.options import AuditOptions
from search.audit.result import Audit
from search.audit.run import audit
from search.audit.schema import audit_json, parse_audit
from search.measures.measure import Measure
from tests.audit.reference import Asked, Doc

LANGUAGES = ("de", "en", "fi", "he")
K = 5
TIES = 5e-3
"""The hashing encoder ties often; float32 lets near ties fall either way."""
OPTIONS = AuditOptions(ks=(1, K), replicates=200)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty meanings in four languages, one of unknown language, one cut off."""
    path = tmp_path_factory.mktemp("audit") / "index"
    corpus = [
        Document(r["id"], r["text"], r["lang"], r["group"], {"topic": r["topic"]})
        for line in CORPUS.read_text(encoding="utf-8").splitlines()
        if (r := json.loads(line))["lang"] in LANGUAGES and int(r["group"]) <= 30
    ]
    corpus.append(Document("odd", "xyzzy", "und"))
    interlingua.build(corpus, path, encoder=EncoderSpec("hashing:64"))
    return path


@pytest.fixture
def reader(index: Path) -> Iterator[IndexReader]:
    """Open the index."""
    with IndexReader.open(index) as opened:
        yield opened


def corpus_of(reader: IndexReader) -> list[Doc]:
    """Read the documents as the reference wants them, with exact copies of their vectors."""
    documents = list(reader.documents())
    vectors = reader.vectors([d.id for d in documents]).astype(np.float64)
    return [
        Doc(d.id, d.lang, d.group, d.text, tuple(v))
        for d, v in zip(documents, vectors.tolist(), strict=True)
    ]


def without_time(found: Audit) -> Audit:
    """Leave out when it was done."""
    method = dataclasses.replace(found.method, created="", seconds=0)
    return dataclasses.replace(found, method=method)


def test_measurements_are_macro_averages_of_the_reference(reader: IndexReader) -> None:
    """Values, chances and numbers of queries are those of plain loops over the same vectors."""
    found = audit(reader, OPTIONS)
    corpus = corpus_of(reader)
    asked = {d.id: Asked(d, corpus) for d in corpus if d.lang != "und"}
    for measure, value in (
        (Measure("excess", K), lambda a: a.excess(K)),
        (Measure("strong_auc"), Asked.strong_auc),
        (Measure("map"), Asked.average_precision),
    ):
        rows = {}
        for lang in LANGUAGES:
            all_values = [value(a) for a in asked.values() if a.query.lang == lang]
            values = [v for v in all_values if v is not None]
            rows[lang] = float(sum(values) / len(values))
            assert found.by_language[lang][measure].value == pytest.approx(rows[lang], abs=TIES)
            assert found.by_language[lang][measure].n == len(values)
        overall = found.overall[measure]
        assert overall.value == pytest.approx(sum(rows.values()) / len(rows), abs=TIES)
        ends = (overall.low, overall.value, overall.high)
        assert None not in ends
        assert list(ends) == sorted(ends, key=lambda end: end or 0)
    assert found.mode == "groups"
    assert found.queries.languages == dict.fromkeys(LANGUAGES, 30)
    assert found.queries.skipped == {"unknown language": 1}
    assert found.index.languages == {**dict.fromkeys(LANGUAGES, 30), "und": 1}


def test_matrix_rows_are_shares(reader: IndexReader) -> None:
    """Each row of the matrix adds up to 1, and its diagonal is the share of the own language."""
    found = audit(reader, OPTIONS)
    for lang in LANGUAGES:
        assert sum(found.matrix.observed[lang].values()) == pytest.approx(1)
        assert sum(found.matrix.expected[lang].values()) == pytest.approx(1)
        own = found.by_language[lang][Measure("same_language", found.matrix.k)]
        assert found.matrix.observed[lang][lang] == pytest.approx(own.value)
        assert found.matrix.expected[lang][lang] == pytest.approx(own.chance)


def test_is_reproducible_and_survives_json(reader: IndexReader) -> None:
    """The same seed gives the same audit, and its JSON reads back as the same audit."""
    found = audit(reader, dataclasses.replace(OPTIONS, sample=40, seed=7))
    again = audit(reader, dataclasses.replace(OPTIONS, sample=40, seed=7))
    assert without_time(found) == without_time(again)
    text = json.dumps(audit_json(found), allow_nan=False)
    assert json.dumps(audit_json(parse_audit(text, "here"))) == text
    other = audit(reader, dataclasses.replace(OPTIONS, sample=40, seed=8))
    assert other.per_query is not None
    assert found.per_query is not None
    assert set(other.per_query.ids) != set(found.per_query.ids)


def test_sample_is_even_over_languages(reader: IndexReader) -> None:
    """Forty of 120 queries: ten a language."""
    found = audit(reader, dataclasses.replace(OPTIONS, sample=40))
    assert found.queries.languages == dict.fromkeys(LANGUAGES, 10)
    assert (found.queries.total, found.queries.sampled) == (121, 40)


def test_as_served_equals_exact_on_an_exact_index(reader: IndexReader) -> None:
    """A flat index serves the exact neighbours: recall 1 in every language, the same measures."""
    exact = audit(reader, OPTIONS)
    served = audit(reader, dataclasses.replace(OPTIONS, as_served=True))
    recall = Measure("served_recall", K)
    assert served.overall[recall].value == 1
    assert all(served.by_language[lang][recall].value == 1 for lang in LANGUAGES)
    for measure, value in exact.overall.items():
        assert served.overall[measure].value == pytest.approx(value.value, abs=1e-9), measure
    assert served.method.search == "as served"


def test_filter_narrows_what_is_audited(reader: IndexReader) -> None:
    """Only documents that pass stand in the pool, and only they ask."""
    allowed = interlingua.make_filter(["en", "fi"], {"topic": "animals"})
    found = audit(reader, dataclasses.replace(OPTIONS, allowed=allowed))
    animals = [d for d in reader.documents() if d.metadata.get("topic") == "animals"]
    wanted = {lang: sum(d.lang == lang for d in animals) for lang in ("en", "fi")}
    assert found.index.languages == found.queries.languages == wanted


def test_labels_alone_allow_less_and_say_so(tmp_path: Path) -> None:
    """Without groups the meaning measures are named, with what they need, and none is 0."""
    corpus = [Document(f"d{i}", f"text {i}", ("en", "de")[i % 2]) for i in range(40)]
    interlingua.build(corpus, tmp_path / "index", encoder=EncoderSpec("hashing:16"))
    with IndexReader.open(tmp_path / "index") as reader:
        found = audit(reader, OPTIONS)
    assert found.mode == "labels"
    assert Measure("map") not in found.overall
    assert "map" in found.not_measured
    assert "strong_auc" in found.not_measured
    assert found.leave_one_out is None
    assert found.anchors == {}
    assert any("topics" in warning for warning in found.warnings)


def test_one_language_is_undefined_with_a_reason(tmp_path: Path) -> None:
    """A monolingual index: null with a reason, never 0."""
    corpus = [Document(f"d{i}", f"text {i}", "en") for i in range(20)]
    interlingua.build(corpus, tmp_path / "index", encoder=EncoderSpec("hashing:16"))
    with IndexReader.open(tmp_path / "index") as reader:
        found = audit(reader, OPTIONS)
    excess = found.overall[Measure("excess", K)]
    assert (excess.value, excess.chance, excess.low, excess.n) == (None, None, None, 0)
    assert "could be of another" in (excess.reason or "")


def test_judged_queries(reader: IndexReader) -> None:
    """Given queries are judged by the ids they name; the index need not hold them."""
    documents = [d for d in reader.documents() if d.lang == "en"]
    queries = [
        Query(
            f"q{d.id}",
            f"{d.text} Yes.",
            "en",
            "given",
            None,
            None,
            frozenset([f"fi-{d.group}"]),
            "x",
        )
        for d in documents
    ]
    with interlingua.open(reader.path) as opened:
        vectors = opened.encode_queries(queries)
    found = audit(reader, OPTIONS, queries=queries, vectors=vectors)
    assert found.mode == "judgements"
    assert found.queries.source == "queries"
    asking = [lang for lang, row in found.by_language.items() if Measure("excess", K) in row]
    assert asking == ["en"]
    assert found.overall[Measure("recall_same_language", K)].reason == (
        "no query has a right document in its own language"
    )
    assert found.worst
    assert all(query.text.endswith("Yes.") for query in found.worst)


def test_uncertain_labels_widen_the_bounds(tmp_path: Path) -> None:
    """Detected labels below the threshold could be wrong; the bounds hold the value between."""
    corpus = [
        Document(
            f"d{i}",
            f"text {i}",
            ("en", "de")[i % 2],
            lang_source="detected" if i < 8 else "given",
            lang_probability=0.6 if i < 8 else None,
        )
        for i in range(60)
    ]
    interlingua.build(corpus, tmp_path / "index", encoder=EncoderSpec("hashing:16"))
    with IndexReader.open(tmp_path / "index") as reader:
        found = audit(reader, OPTIONS)
    noise = found.label_noise
    assert (noise.uncertain_documents, noise.uncertain_queries) == (8, 8)
    low, high = noise.bounds[Measure("same_language", K)]
    value = found.overall[Measure("same_language", K)].value
    assert value is not None
    assert low < value < high


def test_interrupted_audit_is_of_those_that_were_asked(reader: IndexReader) -> None:
    """Ctrl-C gives what is there: a sample, since queries are asked in a random order."""

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    found = audit(reader, OPTIONS, progress=interrupt)
    assert found.interrupted
    assert found.queries.sampled == 120  # one block holds all of this small index
    assert found.overall[Measure("excess", K)].value is not None


def test_interrupted_while_served(tmp_path: Path) -> None:
    """Of 600 queries the index served 256 before Ctrl-C: the audit is of these."""
    corpus = [Document(f"d{i}", f"text {i}", ("en", "de")[i % 2]) for i in range(600)]
    interlingua.build(corpus, tmp_path / "index", encoder=EncoderSpec("hashing:16"))
    seen: list[tuple[int, int]] = []

    def interrupt(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with IndexReader.open(tmp_path / "index") as reader:
        options = dataclasses.replace(OPTIONS, as_served=True)
        found = audit(reader, options, progress=interrupt)
    assert seen == [(256, 600), (300, 600), (428, 600)]
    assert found.interrupted
    assert found.queries.sampled == 256
    assert found.overall[Measure("served_recall", K)].n == 256
    assert found.per_query is not None
    assert len(found.per_query.ids) == 256
