"""What subtracting each language's mean does, judged on articles that it was not fitted on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.pooled import Pooled, audit_pooled
from indexer.encoders import Encoder
from indexer.records import Encoding
from search.audit.result import Audit

Flags = NDArray[np.bool_]


def before_and_after(
    data: Pooled, encoder: Encoder, documents: Encoding, queries: Encoding
) -> tuple[Audit, Audit]:
    """Audit the questions of every second article, with the vectors as they are and centred.

    The means are those of the other articles, of sentences and of questions apart, since an
    encoder may treat the two roles differently. All sentences are searched.
    """
    judged = np.array([article(min(q.relevant or ())) % 2 == 0 for q in data.queries])
    fitted = np.array([article(d.id) % 2 == 1 for d in data.documents])
    rows = np.flatnonzero(judged)
    held = replace(data, queries=[data.queries[row] for row in rows.tolist()])
    moved = centred(documents, [d.lang for d in data.documents], fitted)
    asked = centred(queries, [q.lang for q in data.queries], ~judged)
    before = audit_pooled(held, encoder, documents, chosen(queries, rows))
    after = audit_pooled(held, encoder, moved, chosen(asked, rows))
    return before[0], after[0]


def article(sentence: str) -> int:
    """Read the number of the article out of a sentence's id, ``en.ARTICLE.PARAGRAPH.SENTENCE``."""
    return int(sentence.split(".")[1])


def chosen(found: Encoding, rows: NDArray[np.int64]) -> Encoding:
    """Take some rows."""
    return Encoding(found.vectors[rows], found.tokens[rows], found.tokens_dropped[rows])


def centred(found: Encoding, languages: Sequence[str], fitted: Flags) -> Encoding:
    """Subtract from every row the mean of its language's fitted rows, and make it a unit again."""
    vectors, spoken = found.vectors.copy(), np.array(languages)
    for language in sorted(set(languages)):
        own = spoken == language
        vectors[own] -= vectors[own & fitted].mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return found._replace(vectors=vectors)
