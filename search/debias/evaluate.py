"""All candidates on one index: fitted on one half of the meanings and judged on the other."""

from collections.abc import Callable, Sequence

import numpy as np

from indexer.corpus import Query
from indexer.errors import InputError
from indexer.index import IndexReader
from indexer.records import Filter, Vectors
from indexer.transforms import Statistics
from search.audit.pool import make_pool
from search.audit.questions import documents_ask, queries_ask
from search.debias.bench import Bench
from search.debias.candidates import candidates
from search.debias.choose import choose, frontier
from search.debias.folds import split
from search.debias.options import EvaluationOptions
from search.debias.result import Evaluation


def evaluate(
    reader: IndexReader,
    options: EvaluationOptions,
    *,
    queries: Sequence[Query] | None = None,
    vectors: Vectors | None = None,
    fitted_on: Statistics | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Evaluation:
    """Try every method on an index; nothing of it changes.

    Each method is fitted on the raw vectors of the documents of one half, the questions of the
    other half ask all documents, and the reverse; every question is judged once. Halves share no
    meaning (with labels alone: no document).

    Args:
        reader: the index.
        options: how.
        queries: who asks; when None every document asks for its own neighbours.
        vectors: (len(queries), d) raw unit rows, one a query.
        fitted_on: other documents to fit on, in the place of the halves.
        progress: called with the number of candidates done and their number.

    Raises:
        InputError: fewer than two languages, or nobody to ask.
    """
    with reader.snapshot() as state:
        columns, seq = state.columns(Filter()), state.seq
    pool = make_pool(columns, [] if queries is None else [q.lang for q in queries])
    if queries is None or vectors is None:
        questions = documents_ask(pool, columns, options.sample, options.seed)
    else:
        questions = queries_ask(pool, queries, vectors, options.sample, options.seed)
    if len(np.unique(pool.language[: pool.known])) < 2 or not len(questions):
        raise InputError(
            f"{reader.path}: nothing to compare: documents in two languages are needed",
            "label the documents with --lang or their `lang` field",
        )
    bench = Bench(pool, questions, split(pool, questions), options, fitted_on)
    tried = options.candidates or candidates(
        groups=bench.grouped, target_share=options.target_share
    )
    judgements = []
    for number, candidate in enumerate(tried):
        judgements.append(bench.judgement(candidate))
        progress(number + 1, len(tried))
    chosen = choose(judgements, options.target_share)
    return Evaluation(
        mode=questions.mode,
        documents=len(pool),
        queries=len(questions),
        seq=seq,
        guard="overlap" if bench.guard_is_overlap else "average precision",
        margin=options.overlap_margin if bench.guard_is_overlap else options.margin,
        target_share=options.target_share,
        judgements=tuple(judgements),
        frontier=frontier(judgements, options.target_share),
        chosen=chosen,
    )
