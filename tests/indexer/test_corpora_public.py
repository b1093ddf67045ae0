"""The public benchmarks, where they are at hand: figures that docs/languages.md states."""

import os
from collections import Counter
from pathlib import Path

import pytest

from indexer.convert import convert_tatoeba, convert_xquad_r
from indexer.corpus import read_corpus, read_queries
from indexer.languages import Langid

ROOT = Path(__file__).parents[2]
XQUAD_R = {
    "ar": 1222,
    "de": 1276,
    "el": 1234,
    "en": 1180,
    "es": 1215,
    "hi": 1244,
    "ru": 1219,
    "th": 852,
    "tr": 1167,
    "vi": 1209,
    "zh": 1196,
}


def public(name: str) -> Path:
    """Return a folder of public data; skip the test where it is absent."""
    folder = Path(os.environ.get("INTERLINGUA_TEST_DATA", ROOT / "../shared/data")) / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; INTERLINGUA_TEST_DATA names the folder that holds it")
    return folder


def test_xquad_r_is_the_published_benchmark(tmp_path: Path) -> None:
    """13,014 sentences, 13,090 questions, exactly one right sentence in each language."""
    report = convert_xquad_r(public("xquad-r"), tmp_path)
    documents = {r.document.id: r.document for r in read_corpus([str(tmp_path / "corpus.jsonl")])}
    queries = list(read_queries(str(tmp_path / "queries.jsonl")))

    assert (report.documents, report.queries, report.skipped) == (13014, 13090, {})
    assert report.languages == XQUAD_R == Counter(d.lang for d in documents.values())
    assert len({query.id for query in queries}) == 13090
    assert len({query.group for query in queries}) == 1190
    assert all(
        sorted(documents[id_].lang for id_ in query.relevant or ()) == sorted(XQUAD_R)
        for query in queries
    )


def test_tatoeba_groups_are_sound(tmp_path: Path) -> None:
    """36 pairs of up to 1,000: the English of a pair is distinct, a group has one English."""
    report = convert_tatoeba(public("tatoeba"), tmp_path)
    documents = [r.document for r in read_corpus([str(tmp_path / "corpus.jsonl")])]
    queries = list(read_queries(str(tmp_path / "queries.jsonl")))
    english = [d for d in documents if d.lang == "en"]
    sizes = Counter(pair for d in english for pair in d.metadata)

    assert (report.documents, report.queries, report.groups) == (59926, 31692, 28234)
    assert report.skipped == {}
    assert len(sizes) == 36
    assert (sizes["deu-eng"], sizes["jav-eng"], sizes.total()) == (1000, 205, 31692)
    assert len({d.id for d in documents}) == 59926
    assert len({(d.lang, d.text) for d in documents}) == 59926
    assert {d.group for d in english} == {query.group for query in queries}
    assert len({d.group for d in english}) == len(english)


def test_detection_is_as_good_as_documented(tmp_path: Path) -> None:
    """On Tatoeba: macro coverage and accuracy at the threshold of the core detector."""
    convert_tatoeba(public("tatoeba"), tmp_path)
    detector = Langid()
    asked, named, right = Counter[str](), Counter[str](), Counter[str]()
    for number, record in enumerate(read_corpus([str(tmp_path / "corpus.jsonl")])):
        document = record.document
        if document.lang == "en" and number % 10:
            continue
        found = detector.detect(document.text).lang
        asked[document.lang] += 1
        named[document.lang] += found != "und"
        right[document.lang] += found == document.lang

    assert len(asked) == 37
    coverage = sum(named[lang] / asked[lang] for lang in asked) / len(asked)
    accuracy = sum(right[lang] / named[lang] for lang in asked) / len(asked)
    assert coverage == pytest.approx(0.935, abs=0.005)
    assert accuracy == pytest.approx(0.989, abs=0.003)
    assert min(asked, key=lambda lang: right[lang] / named[lang]) == "id"
