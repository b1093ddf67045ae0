"""Two halves that share no meaning: a method is fitted on one and judged on the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from search.audit.matched import meanings
from search.audit.pool import Pool
from search.audit.questions import Questions
from search.measures.evidence import NOBODY, Ints


@dataclass(frozen=True, slots=True)
class Folds:
    """Which half each document and each query belongs to: 0 or 1."""

    documents: Ints
    """(N,)"""
    queries: Ints
    """(m,)"""


def split(pool: Pool, questions: Questions) -> Folds:
    """Divide by meaning: documents that mean the same, and who asks for them, stay together.

    Documents that no group and no query joins are divided one by one. The half is a hash of the
    name of the group, so that it is the same for every method and in every run.
    """
    joined = _components(pool, questions)
    documents = np.array([_half(name) for name in joined], np.int64)
    queries = np.array(
        [
            documents[right[0]] if len(right) else _own(questions, row, documents)
            for row, right in enumerate(questions.right)
        ],
        np.int64,
    )
    return Folds(documents, queries)


def _own(questions: Questions, row: int, documents: Ints) -> int:
    itself = int(questions.itself[row])
    return int(documents[itself]) if itself != NOBODY else _half(questions.clusters[row])


def _components(pool: Pool, questions: Questions) -> Sequence[str]:
    """Name for each document the whole that it belongs to: what is right for one query is one."""
    number = meanings(pool, questions)
    parent = np.arange(len(pool))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    first: dict[int, int] = {}
    for place, group in enumerate(number.tolist()):
        if group != NOBODY:
            parent[root(place)] = root(first.setdefault(group, place))
    for right, itself in zip(questions.right, questions.itself.tolist(), strict=True):
        whole = [*right.tolist(), *([itself] if itself != NOBODY else [])]
        for place in whole[1:]:
            parent[root(place)] = root(whole[0])
    return [pool.ids[root(place)] for place in range(len(pool))]


def _half(name: str) -> int:
    # Not a CRC: it is linear, so that names which differ in two letters would go by pairs.
    return blake2b(name.encode(), digest_size=1).digest()[0] & 1
