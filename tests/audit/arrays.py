"""Plain documents of the reference as the arrays that the audit works on."""

from collections.abc import Sequence

import numpy as np

from indexer.columns import Columns
from indexer.corpus import Query
from indexer.rows import text_key
from search.audit.pool import Pool, make_pool
from search.audit.questions import Questions, documents_ask, queries_ask
from tests.audit.reference import Doc


def columns_of(corpus: Sequence[Doc], probabilities: Sequence[float] | None = None) -> Columns:
    """Make columns; labels are given unless probabilities say that they were detected."""
    given = [np.nan] * len(corpus)
    return Columns(
        ids=[d.id for d in corpus],
        languages=[d.lang for d in corpus],
        groups=[d.group for d in corpus],
        text_keys=np.array([text_key(d.text) for d in corpus], np.int64),
        probabilities=np.array(given if probabilities is None else probabilities, np.float64),
        tokens_dropped=np.zeros(len(corpus), np.int64),
        vectors=np.array([d.vector for d in corpus], np.float32).reshape(len(corpus), -1),
    )


def ask_documents(corpus: Sequence[Doc], seed: int = 0) -> tuple[Pool, Questions]:
    """Let every document ask."""
    columns = columns_of(corpus)
    pool = make_pool(columns)
    return pool, documents_ask(pool, columns, None, seed)


def ask_queries(
    corpus: Sequence[Doc], queries: Sequence[Doc], right: Sequence[set[str] | None]
) -> tuple[Pool, Questions]:
    """Let queries ask, judged where ``right`` says so."""
    asked = [
        Query(
            id=q.id,
            text=q.text,
            lang=q.lang,
            lang_source="given",
            lang_probability=None,
            group=q.group,
            relevant=None if judged is None else frozenset(judged),
            place="here",
        )
        for q, judged in zip(queries, right, strict=True)
    ]
    pool = make_pool(columns_of(corpus), [q.lang for q in queries])
    vectors = np.array([q.vector for q in queries], np.float32)
    return pool, queries_ask(pool, asked, vectors, None, 0)
