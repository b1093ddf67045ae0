"""What one candidate does to every query: its bias, what it finds, and its own language."""

from dataclasses import dataclass

import numpy as np

from indexer.records import Vectors
from search.audit.pool import Pool
from search.audit.questions import Questions
from search.measures.evidence import NOBODY, Evidence, Ints, Scores, undefined_where
from search.measures.neighbours import excess
from search.measures.ranking import average_precision, expected_precision

K = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """(m,) values of each query, NaN where undefined, and chance levels."""

    excess: Scores
    """Normalised excess of the query's language among 10 strangers."""
    share: Scores
    """Share of the query's language among the 10 first documents, right ones among them."""
    average_precision: Scores | None
    """Over the whole pool; None when nothing is known of meanings."""
    own_language: Scores
    """The guard: average precision inside the query's own language, or, where it has no right
    document there, overlap with what the untouched index finds in that language."""
    guard_is_overlap: bool


def judge(
    evidence: Evidence,
    questions: Questions,
    overlap: Scores,
) -> Judged:
    """Take the measures of one candidate.

    Args:
        evidence: of all queries, in the order of the candidate.
        questions: who asked.
        overlap: see :func:`own_overlap`.
    """
    meaning = questions.mode != "labels"
    own = own_precision(evidence) if meaning else None
    guarded = own is not None and bool(np.isfinite(own.values).any())
    return Judged(
        excess=excess(evidence, K),
        share=served_share(evidence, K),
        average_precision=average_precision(evidence) if meaning else None,
        own_language=own if own is not None and guarded else overlap,
        guard_is_overlap=not guarded,
    )


def served_share(evidence: Evidence, k: int) -> Scores:
    """Share of the query's language among the first k documents, the right ones left in.

    Chance is the language's share of the documents in reach.
    """
    pair, m = evidence.pair, len(evidence.language)
    first = pair.rank <= k
    # A tie may rank more than k right documents among the first k; no more than k are served.
    served = np.minimum(np.bincount(pair.query[first], minlength=m), k)
    spoken = first & (pair.language == evidence.language[pair.query])
    same = np.minimum(np.bincount(pair.query[spoken], minlength=m), served)
    strangers = evidence.neighbour_language[:, :k] == evidence.language[:, None]
    place = np.arange(strangers.shape[1])
    same = same + (strangers & (place < (k - served)[:, None])).sum(axis=1)
    own = np.take_along_axis(evidence.reach_language, evidence.language[:, None], 1)[:, 0]
    return Scores(same / k, own / evidence.reach, f"{k} neighbours")


def own_precision(evidence: Evidence) -> Scores:
    """Average precision inside the query's own language, all other documents left out.

    Chance is the expectation over random orders of the language's documents.
    """
    pair, m = evidence.pair, len(evidence.language)
    rows = np.flatnonzero(pair.language == evidence.language[pair.query])
    query = pair.query[rows]
    strangers = evidence.strangers[query, evidence.language[query]]
    above = strangers - pair.below[rows]
    order = np.lexsort((above, query))
    query, above = query[order], above[order]
    starts = np.searchsorted(query, np.arange(m))
    number = np.arange(len(query)) - starts[query] + 1
    count = np.bincount(query, minlength=m)
    total = np.bincount(query, weights=number / (above + number), minlength=m)
    values = np.divide(total, count, out=np.full(m, np.nan), where=count > 0)
    own = evidence.strangers[np.arange(m), evidence.language]
    chance = expected_precision(count.astype(np.float64), own + count)
    return undefined_where(count == 0, values, chance, "a right document in its language")


def own_neighbours(pool: Pool, questions: Questions, vectors: Vectors, asked: Vectors) -> Ints:
    """Find the 10 nearest documents of each query in its own language, (m, 10), in no order.

    Args:
        pool: the documents, sorted by language.
        questions: who asks.
        vectors: (N, d) of the documents.
        asked: (m, d) of the queries.
    """
    found = np.full((len(questions), K), NOBODY, np.int64)
    for code in np.unique(questions.language).tolist():
        rows = np.flatnonzero(questions.language == code)
        start, end = int(pool.starts[code]), int(pool.starts[code + 1])
        scores = asked[rows] @ vectors[start:end].T
        own = questions.itself[rows]
        inside = np.flatnonzero((own >= start) & (own < end))
        scores[inside, own[inside] - start] = -np.inf
        n = min(K, end - start)
        if n:
            best = np.argpartition(-scores, n - 1, axis=1)[:, :n]
            found[rows, :n] = best + start
    return found


def own_overlap(before: Ints, after: Ints, documents: Ints) -> Scores:
    """Share of the neighbours in the query's own language that are the same as before.

    Args:
        before: (m, 10) places, NOBODY past the last.
        after: the same under a method.
        documents: (m,) documents of each query's language; by chance 10 of them are the same ones.
    """
    same = ((before[:, :, None] == after[:, None, :]) & (before != NOBODY)[:, :, None]).any(axis=2)
    count = (before != NOBODY).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        values, chance = same.sum(axis=1) / count, count / documents
    return undefined_where(count == 0, values, chance, "a document in its language")
