"""Whole answers, random corpora and queries: every hit and every number, counted again slowly."""

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import hypergeom

import interlingua
from indexer.encoders.hashing import HashingEncoder
from interlingua import Document, EncoderSpec, Query
from search.render import answer_json

HASHING = EncoderSpec("hashing:16")
ENCODER = HashingEncoder(HASHING)
LANGUAGES = ["en", "de", "he", "und", "fi"]
UNDEFINED: dict[str, object] = {"expected_same_language": None, "excess": None, "p_value": None}


def corpus(rng: random.Random) -> list[Document]:
    """Up to sixty documents: few texts, so that many are the same; some groups, some languages."""
    n = rng.choice([1, 2, 5, 20, 60])
    languages = rng.sample(LANGUAGES, rng.choice([1, 2, 5]))
    return [
        Document(
            id=f"d{i}",
            text=f"t{rng.randrange(max(2, n // 2))}",
            lang=rng.choice(languages),
            group=rng.choice([None, "g1", "g2", "g3"]),
            metadata={"m": rng.choice("ab")},
        )
        for i in range(n)
    ]


def queries(rng: random.Random, documents: list[Document]) -> Iterator[Query]:
    """Queries that are documents, have their texts, or neither; judged, grouped, or neither."""
    for i in range(20):
        twin = rng.choice(documents)
        judged = [d.id for d in rng.sample(documents, min(3, len(documents)))]
        yield Query(
            id=rng.choice([None, twin.id, "other"]),
            text=rng.choice([twin.text, f"zz{i}"]),
            lang=rng.choice(LANGUAGES),
            lang_source="given",
            lang_probability=None,
            group=rng.choice([None, None, "g1", "g9"]),
            relevant=rng.choice([None, None, frozenset(), frozenset([*judged, "ghost"])]),
            place="test",
        )


def expected(
    query: Query, documents: list[Document], same: set[str] | None, k: int
) -> tuple[list[str], dict[str, object]]:
    """Hits and report by looking at every document, with fractions and scipy.

    Args:
        query: the query.
        documents: those the filter lets pass.
        same: ids that mean the same, None when unknown.
        k: neighbours wanted.
    """
    twins = [d for d in documents if d.text == query.text]
    itself = [d for d in twins if d.id == query.id]
    reach = [d for d in documents if d not in itself]
    vectors = ENCODER.encode([d.text for d in reach], "passage").vectors.astype(np.float64)
    asked = ENCODER.encode([query.text], "query").vectors[0].astype(np.float64)
    scores = [float(np.float32(min(1.0, v @ asked))) for v in vectors]
    order = sorted(range(len(reach)), key=lambda i: (-scores[i], reach[i].id))[:k]
    return [reach[i].id for i in order], _report(query, reach, [reach[i] for i in order], same)


def means(query: Query, documents: list[Document]) -> set[str] | None:
    """Ids that mean the same, None when nothing is known; documents are the whole index."""
    twins = [d for d in documents if d.text == query.text]
    itself = [d for d in twins if d.id == query.id]
    groups = {query.group} if query.group else {d.group for d in itself or twins} - {None}
    if not groups and query.relevant is None:
        return None
    judged = query.relevant or frozenset()
    return {d.id for d in documents if d.group in groups or d.id in judged}


def _report(
    query: Query, reach: list[Document], hits: list[Document], means: set[str] | None
) -> dict[str, object]:
    known, meaning = query.lang != "und", means is not None
    same = means or set()
    report: dict[str, object] = {"k": len(hits), **UNDEFINED}
    report["duplicates"] = sum(d.text == query.text for d in hits)
    report["same_language"] = sum(d.lang == query.lang for d in hits) if known else None
    report["same_meaning"] = sum(d.id in same for d in hits) if meaning else None
    report["relevant_total"] = sum(d.id in same for d in reach) if meaning else None
    for name, language, sense in (
        ("both", True, True),
        ("language_only", True, False),
        ("meaning_only", False, True),
        ("neither", False, False),
    ):
        cell = [d for d in hits if (d.lang == query.lang, d.id in same) == (language, sense)]
        report[name] = len(cell) if known and meaning else None
    left = [d for d in reach if d.id not in same and d.text != query.text and d.lang != "und"]
    drawn = [d for d in left if d in hits]
    report["counted"] = len(drawn)
    found = sum(d.lang == query.lang for d in drawn)
    report["counted_same_language"] = found if known else None
    if known and drawn:
        marked, m = sum(d.lang == query.lang for d in left), len(drawn)
        share, most = Fraction(marked, len(left)), Fraction(min(m, marked), m)
        report["expected_same_language"] = float(m * share)
        report["p_value"] = float(hypergeom.sf(found - 1, len(left), marked, m))
        if most != share:
            report["excess"] = float((Fraction(found, m) - share) / (most - share))
    return report


def rounded(report: dict[str, object]) -> dict[str, object]:
    """Fractions and scipy differ from ours in the last digits."""
    return {n: round(v, 9) if isinstance(v, float) else v for n, v in report.items()}


@pytest.mark.parametrize("seed", range(12))
def test_answers_are_those_of_a_slow_search(tmp_path: Path, seed: int) -> None:
    """Twenty queries on a random corpus, under random filters: no hit, count or p differs."""
    rng = random.Random(seed)
    documents = corpus(rng)
    interlingua.build(documents, tmp_path / "i", encoder=HASHING)
    with interlingua.open(tmp_path / "i") as index:
        for query in queries(rng, documents):
            languages = rng.choice([None, None, ["en", "de"], ["fi"]])
            where = rng.choice([None, {"m": "a"}])
            k = rng.choice([1, 3, 10, 100])
            allowed = interlingua.make_filter(languages, where)
            answer = answer_json(next(index.search_many([query], k=k, filter=allowed)))
            passing = [
                d
                for d in documents
                if (languages is None or d.lang in languages)
                and (where is None or d.metadata == where)
            ]
            # What the query means is known from the whole index, whatever the filter hides.
            ids, report = expected(query, passing, means(query, documents), k)
            assert [hit["id"] for hit in answer["hits"]] == ids  # type: ignore[attr-defined]
            real = {name: answer["language_report"][name] for name in report}  # type: ignore[index]
            assert rounded(real) == rounded(report), query
