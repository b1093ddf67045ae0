"""One meaning asked in every language: who finds which languages, against chance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.index import Snapshot
from indexer.records import Document
from search.answer import Answer


@dataclass(frozen=True, slots=True)
class Row:
    """What one version of the meaning found, by language of what was found."""

    observed: Mapping[str, int]
    """Neighbours in each language."""
    same_meaning: Mapping[str, int]
    """Those of them that mean the same."""
    expected: Mapping[str, float]
    """Neighbours in each language by chance."""
    expected_same_meaning: float
    """Neighbours that mean the same by chance."""


def versions_of(state: Snapshot, group: str, limit: int) -> tuple[list[Document], int]:
    """Read the documents of a group, at most ``limit``, and how many there are."""
    ids = state.ids(group=group)
    found = (state.document(id_) for id_ in ids[:limit])
    return [document for document in found if document is not None], len(ids)


def rows_of(answers: Sequence[Answer], counts: Mapping[str, int]) -> list[Row]:
    """Count the languages of what was found, and hold them against chance.

    By chance every document in reach but the query itself is as likely as any other, so that k
    neighbours hold k n_l / N of language l: n_l of the N documents in reach.

    Args:
        answers: of queries that are documents of the index.
        counts: documents in reach, by language.
    """
    return [_row(answer, counts) for answer in answers]


def _row(answer: Answer, counts: Mapping[str, int]) -> Row:
    reach = Counter(counts)
    reach[answer.query.lang] -= answer.query.lang in counts
    total, k = reach.total(), len(answer.hits)
    return Row(
        observed=Counter(hit.document.lang for hit in answer.hits),
        same_meaning=Counter(hit.document.lang for hit in answer.hits if hit.same_meaning),
        expected={lang: k * n / total if total else 0.0 for lang, n in reach.items()},
        expected_same_meaning=k * (answer.report.relevant_total or 0) / total if total else 0.0,
    )
