"""Every way to take the bias out, on XQuAD-R: fitted on half of the articles, judged on the rest.

Transforms are fitted on the sentences of every second article (as they are stored, in the role of
a passage) and, where a method learns from groups, on the sentences that answer one question. The
questions of the other articles ask all 13,014 sentences; then the reverse, so that every question
is judged once. With --transfer the fit sees Tatoeba alone.

    python -m bench.debias [--encoder NAME] [--data DIR] [--cache DIR] [--transfer DIR]
                           [--only NAME,NAME] [--sample N]
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.cached import Subject, say
from bench.centring import article
from bench.pooled import read_pooled
from indexer.columns import Columns
from indexer.convert import convert_tatoeba
from indexer.corpus import read_corpus
from indexer.rows import text_key
from indexer.transforms import Statistics
from search.audit.pool import Pool, make_pool
from search.audit.questions import Questions, queries_ask
from search.debias.bench import Bench
from search.debias.candidates import UNTOUCHED, Candidate, candidates
from search.debias.folds import Folds
from search.debias.options import EvaluationOptions
from search.debias.result import Judgement
from search.measures.measure import Measurement

ROOT = Path(__file__).parents[1]


def pooled_questions(subject: Subject, source: Path) -> tuple[Pool, Questions, Folds]:
    """Encode the benchmark, and divide it by articles."""
    data = read_pooled(source)
    documents = subject.encode([d.text for d in data.documents], "passage")
    queries = subject.encode([q.text for q in data.queries], "query")
    n = len(data.documents)
    columns = Columns(
        ids=[d.id for d in data.documents],
        languages=[d.lang for d in data.documents],
        groups=[None] * n,
        text_keys=np.array([text_key(d.text) for d in data.documents]),
        probabilities=np.full(n, np.nan),
        tokens_dropped=np.zeros(n, np.int64),
        vectors=documents.vectors,
    )
    pool = make_pool(columns, [q.lang for q in data.queries])
    asked = queries_ask(pool, data.queries, queries.vectors, None, 0)
    folds = Folds(
        np.array([article(id_) % 2 for id_ in pool.ids]),
        np.array([article(min(data.queries[i].relevant or ())) % 2 for i in asked.place.tolist()]),
    )
    return pool, asked, folds


def tatoeba_statistics(subject: Subject, source: Path) -> Statistics:
    """Gather what a fit may look at from Tatoeba alone."""
    with tempfile.TemporaryDirectory() as folder:
        convert_tatoeba(source, Path(folder))
        records = list(read_corpus([str(Path(folder) / "corpus.jsonl")]))
    found = subject.encode([r.document.text for r in records], "passage")
    statistics = Statistics(found.vectors.shape[1])
    statistics.add(
        found.vectors, [r.document.lang for r in records], [r.document.group for r in records]
    )
    return statistics


def line(judged: Judgement) -> str:
    """One line of the table."""
    worst = min(judged.own_change_by_language.values(), key=lambda m: m.value or 0.0)
    cells = (judged.map, judged.share, judged.excess)
    changes = (judged.own_change, worst)
    shown = [*(cell(m) for m in cells if m is not None), *(cell(m, "+") for m in changes)]
    return f"| {judged.candidate} | {' | '.join(shown)} |"


def cell(m: Measurement, sign: str = "") -> str:
    """A value and its interval."""
    return f"{m.value:{sign}.3f} ({m.low:{sign}.3f} to {m.high:{sign}.3f})"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/xquad-r")
    parser.add_argument("--transfer", type=Path, help="fit on this Tatoeba folder alone")
    parser.add_argument("--encoder", default="multilingual-e5-small")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--only", help="names of candidates, such as 'centring,lir + softmax'")
    options = parser.parse_args()
    subject = Subject(options.encoder, options.cache)
    pool, questions, folds = pooled_questions(subject, options.data)
    transfer = None if options.transfer is None else tatoeba_statistics(subject, options.transfer)
    bench = Bench(pool, questions, folds, EvaluationOptions(), fitted_on=transfer)
    tried = [c for c in candidates(groups=True) if _wanted(c, options.only)]
    for number, candidate in enumerate(tried):
        start = time.monotonic()
        judged = bench.judgement(candidate)
        if number == 0:
            print(head(subject.label, judged, len(pool)))
        print(line(judged), flush=True)
        say(f"{candidate}: {time.monotonic() - start:.0f} s")


def head(label: str, untouched: Judgement, documents: int) -> str:
    """What the table is about, what chance would give, and its first lines."""
    assert untouched.map is not None
    return (
        f"{label}: n {untouched.map.n} questions, {documents} sentences; by chance mAP "
        f"{untouched.map.chance:.4f}, share@10 {untouched.share.chance:.3f}, excess@10 0\n\n"
        "| method | mAP | share@10 | excess@10 | own mAP, mean change | in the worst language |\n"
        "| --- | :---: | :---: | :---: | :---: | :---: |"
    )


def _wanted(candidate: Candidate, only: str | None) -> bool:
    return only is None or candidate == UNTOUCHED or str(candidate) in only.split(",")


if __name__ == "__main__":
    main()
