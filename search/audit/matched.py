"""Which documents mean something that is there in every language: the topic-matched part."""

import numpy as np

from search.audit.pool import Pool, places_by
from search.audit.questions import Questions
from search.measures.evidence import NOBODY, Flags, Ints


def matched_documents(pool: Pool, questions: Questions) -> Flags:
    """Mark the documents whose meaning exists in every language that has documents.

    A meaning is a group, or what one query has for right documents.

    Returns:
        (N,) all False where nothing is known of meanings, or there is one language.
    """
    matched = np.zeros(len(pool), bool)
    languages = int((np.diff(pool.starts) > 0).sum())
    if languages < 2:
        return matched
    for places in [*places_by(pool.group).values(), *_judged(questions)]:
        codes = pool.language[places]
        if len(np.unique(codes[codes != NOBODY])) == languages:
            matched[places] = True
    return matched


def meanings(pool: Pool, questions: Questions) -> Ints:
    """Number the meaning of each document: its group, else the query it answers.

    A query one of whose answers belongs to an earlier one is passed over: a document has one
    meaning here.

    Returns:
        (N,) NOBODY where nothing is known.
    """
    found, number = pool.group.copy(), len(pool.groups)
    seen: set[str] = set()
    for cluster, places in zip(questions.clusters, _judged(questions), strict=False):
        if cluster in seen or not len(places) or (found[places] != NOBODY).any():
            continue
        seen.add(cluster)
        found[places] = number
        number += 1
    return found


def _judged(questions: Questions) -> list[Ints]:
    """Right documents of given queries; where documents ask, their groups say it already."""
    return list(questions.right) if questions.mode == "judgements" else []
