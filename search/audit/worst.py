"""The queries that language misleads most, to be read by a person."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from indexer.corpus import Query
from indexer.index import Snapshot
from indexer.records import Filter, Hit
from search.audit.pool import Pool
from search.audit.questions import Questions, own_text
from search.audit.result import AuditNeighbour, WorstQuery
from search.measures.evidence import NOBODY, Evidence, Ints
from search.measures.neighbours import draw, excess, p_value
from search.merging import Merging
from search.ranked import ranked

SHOWN = 300
"""Characters of a text."""

_COUNT, _PER_LANGUAGE = 10, 2


def worst_queries(
    state: Snapshot,
    pool: Pool,
    questions: Questions,
    evidence: Evidence,
    k: int,
    queries: dict[str, Query],
    allowed: Filter,
    merging: Merging,
) -> tuple[WorstQuery, ...]:
    """Pick queries of several languages by excess, then by p.

    Args:
        state: the index, for texts.
        pool: its documents.
        questions: who asked.
        evidence: what was found.
        k: neighbours shown.
        queries: the given queries by the id they were asked under; else documents asked.
        allowed: what a search may return.
        merging: how the lists of the languages are merged.
    """
    rows = _pick(evidence, k)
    if not len(rows):
        return ()
    asked = evidence.query[rows]
    drop = [own_text(pool, questions, query) for query in asked.tolist()]
    languages = [pool.languages[code] for code in evidence.language[rows].tolist()]
    hits = ranked(state, questions.vectors[asked], languages, k, allowed, merging, drop)
    d, p = draw(evidence, k), p_value(evidence, k).values
    found = []
    for row, query, near in zip(rows.tolist(), asked.tolist(), hits, strict=True):
        id_ = questions.ids[query]
        right = frozenset(pool.ids[i] for i in questions.right[query])
        given = queries[id_] if id_ in queries else state.document(id_)
        found.append(
            WorstQuery(
                id=id_,
                lang=pool.languages[evidence.language[row]],
                text=given.text[:SHOWN] if given else "",
                same_language=int(d.hits[row]),
                k=int(d.drawn[row]),
                expected=float(d.drawn[row] * d.same[row] / d.total[row]),
                p_value=float(p[row]),
                missed=_missed(evidence, row, k) if right else None,
                neighbours=_shown(near, right),
            )
        )
    return tuple(found)


def _shown(hits: Sequence[Hit], right: frozenset[str]) -> tuple[AuditNeighbour, ...]:
    """Show neighbours; what they mean is unknown where nothing is right."""
    return tuple(
        AuditNeighbour(
            rank=hit.rank,
            id=hit.document.id,
            lang=hit.document.lang,
            score=hit.score,
            text=hit.document.text[:SHOWN],
            same_meaning=hit.document.id in right if right else None,
        )
        for hit in hits
    )


def _pick(evidence: Evidence, k: int) -> Ints:
    """Choose rows: most biased first, at most a few of one language."""
    value, p = excess(evidence, k).values, p_value(evidence, k).values
    known = np.flatnonzero(~np.isnan(value) & (value > 0))
    order = known[np.lexsort((evidence.query[known], p[known], -value[known]))]
    seen: Counter[int] = Counter()
    rows = []
    for row in order.tolist():
        language = int(evidence.language[row])
        if seen[language] < _PER_LANGUAGE:
            seen[language] += 1
            rows.append(row)
        if len(rows) == _COUNT:
            break
    return np.array(rows, np.int64)


def _missed(evidence: Evidence, row: int, k: int) -> int:
    """Count right documents in other languages that are not among the k nearest."""
    pair = evidence.pair
    mine = (
        (pair.query == row) & (pair.language != evidence.language[row]) & (pair.language != NOBODY)
    )
    return int((pair.rank[mine] > k).sum())
