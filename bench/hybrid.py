"""What a lexical leg does to the languages of the answers, on XQuAD-R, and what it costs.

The 13,014 sentences are indexed once and asked all questions in modes dense, lexical and hybrid. By
mode, as macro average over the languages of the questions: how many of the ten best sentences are
in the question's language, the normalised excess over chance, the share of the ten answers in
other languages that are among them, whether the answer in the question's own language is, and the
average precision of all eleven answers in the first hundred. The interval is a cluster bootstrap
over the 1,190 questions, since the eleven versions of one are not independent.

With --debias the same after a method has taken the bias out of the vectors. With --cost: size and
time of the lexical index over Tatoeba and XQuAD-R, and milliseconds a question.

    python -m bench.hybrid [--data DIR] [--encoder NAME] [--cache DIR] [--sample N] [--debias NAME]
    python -m bench.hybrid --cost [--data DIR] [--tatoeba DIR]
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, islice, repeat
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

import interlingua
from bench.cached import Subject, say
from bench.pooled import read_pooled
from indexer.convert import convert_tatoeba
from indexer.imported import import_vectors
from indexer.index import IndexReader
from indexer.lexical import create_lexical
from indexer.lexical_search import matches
from indexer.records import Filter
from search.debias.apply import apply_debiasing, debiasing_of, statistics_of_index
from search.debias.candidates import Candidate
from search.options import Mode

ROOT = Path(__file__).parents[1]
K, DEPTH, REPLICATES = 10, 100, 1000
MEASURES = ("same language@10", "excess@10", "other languages@10", "own language@10", "AP@100")
Floats = NDArray[np.float64]


@contextmanager
def index_of(
    subject: Subject, source: Path, debias: str | None
) -> Iterator[tuple[interlingua.Index, list[interlingua.Query], NDArray[np.float32]]]:
    """Index the sentences by vectors that may be cached; also give questions and their vectors."""
    data = read_pooled(source)
    documents = subject.encode([d.text for d in data.documents], "passage").vectors
    queries = subject.encode([q.text for q in data.queries], "query").vectors
    records = [interlingua.Record(document=d, place=d.id) for d in data.documents]
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "vectors.npy", documents)
        path = Path(folder) / "index"
        import_vectors(Path(folder) / "vectors.npy", records, path, name=subject.label)
        if debias is not None:
            _apply(path, debias)
        with interlingua.open(path) as index:
            yield index, list(data.queries), queries


def _apply(path: Path, method: str) -> None:
    with IndexReader.open(path) as reader:
        statistics = statistics_of_index(reader)
    apply_debiasing(path, debiasing_of(Candidate(method), statistics, "the index"))


def measured(short: interlingua.Answer, long: interlingua.Answer) -> list[float]:
    """Take the measures of one question; NaN where one is undefined."""
    report, lang = short.report, short.query.lang
    counted, nan = report.counted, float("nan")
    assert report.meaning_only is not None
    assert report.both is not None
    assert report.relevant_total is not None
    right = [place for place, hit in enumerate(long.hits, start=1) if hit.same_meaning]
    precision = [found / place for found, place in enumerate(right, start=1)]
    own = sum(hit.same_meaning is True and hit.document.lang == lang for hit in short.hits)
    return [
        (report.counted_same_language or 0) / counted if counted else nan,
        nan if report.excess is None else report.excess,
        report.meaning_only / (report.relevant_total - 1),
        float(own > 0),
        sum(precision) / report.relevant_total,
    ]


def line(name: str, values: Floats, languages: Sequence[str], clusters: Sequence[str]) -> str:
    """Write the macro averages of one mode with their intervals."""
    code = np.unique(languages, return_inverse=True)[1]
    cluster = np.unique(clusters, return_inverse=True)[1]
    rng = np.random.default_rng(0)
    drawn = [
        np.bincount(
            rng.integers(0, cluster.max() + 1, cluster.max() + 1), minlength=cluster.max() + 1
        )
        for _ in range(REPLICATES)
    ]
    cells = []
    for column in values.T:
        known = np.isfinite(column)
        value = macro(column[known], code[known], np.ones(known.sum()))
        means = [macro(column[known], code[known], weight[cluster[known]]) for weight in drawn]
        low, high = np.percentile(means, [2.5, 97.5])
        cells.append(f"{value:.3f} ({low:.3f} to {high:.3f})")
    return f"| {name} | {' | '.join(cells)} |"


def macro(values: Floats, code: NDArray[np.int64], weight: Floats) -> float:
    """Average within languages, then over those that have any."""
    total = np.bincount(code, weights=weight)
    sums = np.bincount(code, weights=values * weight)
    return float((sums[total > 0] / total[total > 0]).mean())


def compare(subject: Subject, source: Path, sample: int | None, debias: str | None) -> None:
    """Ask in every mode and print the table."""
    with index_of(subject, source, debias) as (index, known, encoded):
        order = np.random.default_rng(0).permutation(len(known))[:sample]
        queries, vectors = [known[i] for i in order], encoded[order]
        documents = index.info().documents
        rows, chance = {}, 0.0
        for mode in get_args(Mode):
            short, long = (
                index.search_many(queries, k=k, vectors=vectors, mode=mode) for k in (K, DEPTH)
            )
            pairs = list(zip(short, long, strict=True))
            rows[mode] = np.array([measured(*pair) for pair in pairs])
            if mode == "dense":
                reports = [a.report for a, _ in pairs if a.report.counted]
                chance = float(
                    np.mean([(r.expected_same_language or 0) / r.counted for r in reports])
                )
            say(f"{mode}: {len(queries)} questions")
    print(
        f"{subject.label}{'' if debias is None else f', {debias}'}: n {len(queries)} questions, "
        f"{documents} sentences; by chance same language@10 {chance:.3f}, excess@10 0, other and "
        f"own language@10 {K / documents:.4f}, AP@100 below {DEPTH / documents:.4f}\n"
    )
    print(f"| mode | {' | '.join(MEASURES)} |")
    print(f"| --- |{' :---: |' * len(MEASURES)}")
    languages = [query.lang for query in queries]
    clusters = [min(query.relevant or {query.text}).partition(".")[2] for query in queries]
    for mode, values in rows.items():
        print(line(mode, values, languages, clusters))


def cost(source: Path, tatoeba: Path) -> None:
    """Print size and time of the lexical index, and what a question takes."""
    with tempfile.TemporaryDirectory() as folder:
        convert_tatoeba(tatoeba, Path(folder))
        short = [
            r.document.text for r in interlingua.read_corpus([str(Path(folder) / "corpus.jsonl")])
        ]
    data = read_pooled(source)
    texts = [*(d.text for d in data.documents), *short]
    print("| texts | MB of text | seconds to fill | MB | ms a question, median | 95 % | 30 words |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in (10_000, 100_000):
        many = list(islice(chain.from_iterable(repeat(texts)), size))
        print(_cost(many, [q.text for q in data.queries[::97]]), flush=True)


def _cost(texts: Sequence[str], questions: Sequence[str]) -> str:
    """Fill one lexical index and ask it; questions are also joined to ones of 30 words or more."""
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute(
            "CREATE TABLE documents (vid INTEGER PRIMARY KEY, id TEXT, text TEXT, lang TEXT)"
        )
        conn.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, 'en')",
            ((i, str(i), text) for i, text in enumerate(texts)),
        )
        pages = _pages(conn)
        start = time.process_time()
        create_lexical(conn)
        filled = time.process_time() - start
        size = (_pages(conn) - pages) / 1e6
        usual = [_milliseconds(conn, text) for text in questions]
        joined = [" ".join(questions[i : i + 4]) for i in range(0, len(questions) - 4, 4)]
        long = [_milliseconds(conn, text) for text in joined if len(text.split()) >= 30]
    sizes = sum(len(text.encode()) for text in texts) / 1e6
    spread = np.percentile(usual, [50, 95])
    return (
        f"| {len(texts):,} | {sizes:.1f} | {filled:.1f} | {size:.1f} | {spread[0]:.1f} | "
        f"{spread[1]:.1f} | {np.median(long):.1f} |"
    )


def _pages(conn: sqlite3.Connection) -> int:
    return int(
        conn.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()[0]
    )


def _milliseconds(conn: sqlite3.Connection, text: str) -> float:
    start = time.process_time()
    matches(conn, text, K, Filter(), "memory")
    return 1e3 * (time.process_time() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/xquad-r")
    parser.add_argument("--tatoeba", type=Path, default=ROOT.parent / "shared/data/tatoeba")
    parser.add_argument("--encoder", default="multilingual-e5-small")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sample", type=int, help="questions asked at most")
    parser.add_argument("--debias", help="a method, such as centring")
    parser.add_argument("--cost", action="store_true")
    options = parser.parse_args()
    if options.cost:
        cost(options.data, options.tatoeba)
        return
    subject = Subject(options.encoder, options.cache)
    compare(subject, options.data, options.sample, options.debias)


if __name__ == "__main__":
    main()
