"""Our audit beside what is published, and three encoders where nothing is.

Anchors that need no encoder; XQuAD-R with the sentences of all languages in one list; Tatoeba;
the language probe; the question interlingua came from. Prints Markdown, progress on stderr.

    python -m bench.reproduce [--data DIR] [--encoders a,b,c] [--cache DIR]

``--data`` holds the folders xquad-r, tatoeba and origin; ``--cache`` keeps vectors, so that
another run encodes nothing twice.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # bench is not installed

from bench import published  # noqa: E402
from bench.cached import Subject, say  # noqa: E402
from bench.centring import before_and_after  # noqa: E402
from bench.markdown import cell, table  # noqa: E402
from bench.pooled import Pooled, RandomVectors, audit_pooled, read_pooled  # noqa: E402
from bench.pooled_tables import print_languages, print_leave_one_out, print_pooled  # noqa: E402
from bench.tatoeba_published import accuracy, print_tatoeba, read_tatoeba  # noqa: E402
from indexer.records import Vectors  # noqa: E402
from search.audit.result import Audit  # noqa: E402
from search.measures.measure import Measure  # noqa: E402
from search.measures.probe import language_probe  # noqa: E402
from search.origin import cosine_distances, origin_report  # noqa: E402
from search.origin_question import read_question  # noqa: E402

USE_LANGUAGES = frozenset(["ar", "de", "en", "es", "ru", "th", "tr", "zh"])
"""Of the eleven of XQuAD-R; the Universal Sentence Encoder was not trained on el, hi and vi."""
FEW_RUNS = 20
"""Draws of the probe that learns from few sentences."""


def print_anchors(random: Audit, data: Path) -> None:
    """Print the figures that need no model."""
    places = 10 / 12 * (random.index.documents + 1)  # (R - 1) / (R + 1) (N + 1), R = 11
    anchors = random.anchors
    rows = [
        ("XQuAD-R, mAP of random orders", anchors["map_random"], published.MAP_RANDOM),
        (
            "XQuAD-R, mAP of languages in blocks",
            anchors["map_language_separated"],
            published.MAP_SEPARATED,
        ),
        ("XQuAD-R, chance of the rank distance, places", places, published.RANK_DISTANCE),
        *(
            (f"PEER, one right document in each of {n} languages", peer_of_any_order(n), constant)
            for n, constant in published.PEER_CONSTANTS.items()
        ),
        ("question 66009, AUC of its distances, n = 6", origin_auc(data), published.ORIGIN_AUC),
    ]
    print("## Anchors without a model\n")
    print(f"*Expected*: {published.OWN}. PEER: scipy's Kruskal-Wallis test, which ours follows.\n")
    table(
        ("what", "ours", "expected", "difference"),
        [(what, f"{a:.5g}", f"{b:g}", f"{a - b:+.2g}") for what, a, b in rows],
    )
    print("Vectors drawn at random, through the whole audit:\n")
    names = ("same_language@10", "excess@10", "strong_auc", "weak_recall@1", "map", "rank_distance")
    found = [(name, random.overall[Measure.parse(name)]) for name in names]
    table(
        ("measure", "random vectors", "chance", "n"),
        [(name, cell(one, 4), f"{one.chance:.4f}", str(one.n)) for name, one in found],
    )


def peer_of_any_order(languages: int) -> float:
    """PEER of a random order with one right document a language: a constant, whatever the order."""
    from scipy.stats import kruskal

    ranks = np.random.default_rng(languages).permutation(languages)
    return float(kruskal(*([rank] for rank in ranks)).pvalue)


def origin_auc(data: Path) -> float:
    """Strong alignment AUC of the distances that the question itself gives."""
    question = read_question(data / "origin" / "question-66009.json")
    nothing = np.zeros((len(question.sentences),) * 2)  # only the published distances are of use
    auc = origin_report(question.sentences, nothing, question.published).published_strong
    assert auc.value is not None
    assert auc.n == 6
    return auc.value


def print_xquad_r(whole: Mapping[str, Audit], eight: Mapping[str, Audit]) -> None:
    """Print the audits of all languages, and those of the languages that USE knows."""
    print("## XQuAD-R, all languages in one list\n")
    print(
        "Sentences are encoded alone, without the paragraph around them. Intervals: cluster "
        "bootstrap over the questions, 95 %. Published of these encoders: nothing.\n"
    )
    print_pooled(whole)
    print(f"Asked and searched in {', '.join(sorted(USE_LANGUAGES))} only:\n")
    print_pooled(eight)
    for label, audit in whole.items():
        print_languages(f"{label}, by language of the question", audit)
    if published.USE in eight:
        print_languages(f"{published.USE}, its own languages only", eight[published.USE])
    print_leave_one_out(whole)
    print("### Published mAP of other models\n")
    print(
        "Trained for the task; LAReQA encodes each sentence with its paragraph. For the order of "
        "magnitude only, so that no difference is given.\n"
    )
    rows = [(f.what, f"{f.value:.3g}", f.source) for f in published.XQUAD_R_MAP]
    table(("model", "mAP", "source"), rows)


def print_centring(pairs: Mapping[str, tuple[Audit, Audit]]) -> None:
    """Print what subtracting the language means does."""
    print("### After subtracting each language's mean\n")
    print(
        "Means of sentences and of questions, from every second article; the questions of the "
        "other articles ask, all sentences are searched.\n"
    )
    names = ("before", "after")
    print_pooled(
        {
            f"{label}, {name}": audit
            for label, pair in pairs.items()
            for name, audit in zip(names, pair, strict=True)
        }
    )


def probe_row(label: str, vectors: Vectors, data: Pooled) -> tuple[str, ...]:
    """Probe one encoder's sentences, from many sentences and from few."""
    language = np.unique([d.lang for d in data.documents], return_inverse=True)[1]
    paragraph = [str(d.metadata["paragraph"]) for d in data.documents]
    group = np.unique(paragraph, return_inverse=True)[1]
    many = language_probe(vectors, language, group, seed=0, replicates=1000).overall
    size = 10 * (int(language.max()) + 1)  # 10 a language: four fifths of them to learn from
    few = [
        language_probe(vectors, language, group, seed=seed, replicates=100, limit=size).overall
        for seed in range(FEW_RUNS)
    ]
    values = [one.value for one in few if one.value is not None]
    theirs = published.LANGUAGE_CLASSIFICATION.get(label)
    return (
        label,
        cell(many),
        f"{mean(values):.3f} ({min(values):.3f}–{max(values):.3f})",
        f"{many.chance:.4f}",
        str(many.n),
        f"{theirs.value:.3f}" if theirs else "not published",
    )


def print_probes(rows: Sequence[Sequence[str]]) -> None:
    """Print what the language probe reads off the sentences of XQuAD-R."""
    print("## Language probe\n")
    print(
        "Share of sentences whose language a linear classifier reads off the vector, mean over "
        "the languages; no paragraph is both learnt from and judged. *Few*: 8 sentences a "
        f"language to learn from, mean and range of {FEW_RUNS} draws. Published: MTEB's "
        "LanguageClassification, another data set of 20 languages (chance 0.05), 8 sentences a "
        "language: to be compared by the order of the encoders only.\n"
    )
    table(("encoder", "many (95 %)", "few (range)", "chance", "n", "MTEB, other data"), rows)


def print_origin(subjects: Sequence[Subject], data: Path) -> None:
    """Ask the six sentences of the question."""
    question = read_question(data / "origin" / "question-66009.json")
    rows = []
    for subject in subjects:
        vectors = subject.encode([s.text for s in question.sentences], "query").vectors
        report = origin_report(question.sentences, cosine_distances(vectors), {})
        ends = []
        for kind in ("translation", "same language"):
            distances = [pair.distance for pair in report.pairs if pair.kind == kind]
            ends.append(f"{min(distances):.3f}–{max(distances):.3f}")
        weak = report.weak.value
        assert report.strong.value is not None
        assert weak is not None
        strong = f"{report.strong.value:.2f}"
        rows.append((subject.label, *ends, strong, f"{weak:.2f}", str(report.strong.n)))
    told = question.published.values()
    head = ("encoder", "translations", "same language, other meaning", "strong AUC", "weak", "n")
    print("## The question it came from\n")
    print("`interlingua origin FILE --encoder NAME` prints all distances; here their ranges.")
    print(
        f"The question itself has {len(told)} distances, of {question.encoder}: "
        f"{min(told):.3f} to {max(told):.3f}; their AUC stands with the anchors above.\n"
    )
    table(head, rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data")
    parser.add_argument(
        "--encoders", default=f"multilingual-e5-small,use-multilingual,{published.MINILM}"
    )
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    start = time.monotonic()
    subjects = [Subject(label, options.cache) for label in options.encoders.split(",")]
    data = read_pooled(options.data / "xquad-r")
    texts = [d.text for d in data.documents], [q.text for q in data.queries]
    random = RandomVectors()
    vectors = random.encode(texts[0], "passage"), random.encode(texts[1], "query")
    print_anchors(audit_pooled(data, random, *vectors)[0], options.data)
    whole, eight, moved, probes = {}, {}, {}, []
    for subject in subjects:
        vectors = subject.encode(texts[0], "passage"), subject.encode(texts[1], "query")
        whole[subject.label], eight[subject.label] = audit_pooled(
            data, subject.encoder, *vectors, (None, USE_LANGUAGES)
        )
        moved[subject.label] = before_and_after(data, subject.encoder, *vectors)
        probes.append(probe_row(subject.label, vectors[0].vectors, data))
    found = ", ".join(f"{s.label} in {s.encoder.arithmetic}" for s in subjects)
    print(f"Encoders: {found}.\n")
    print_xquad_r(whole, eight)
    print_centring(moved)
    pairs = read_tatoeba(options.data / "tatoeba")
    print_tatoeba({subject.label: accuracy(subject, pairs) for subject in subjects})
    print_probes(probes)
    print_origin(subjects, options.data)
    say(f"{time.monotonic() - start:.0f} s in all")


if __name__ == "__main__":
    main()
