"""Who was audited and who asked, for the record."""

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from indexer.index import IndexSettings, Snapshot
from indexer.records import UNKNOWN_LANGUAGE
from search.audit.pool import Pool
from search.audit.questions import Questions
from search.audit.result import AuditedIndex, AuditedQueries, PerQuery
from search.measures.evidence import Evidence, Scores
from search.measures.measure import Measure
from search.merging import NO_MERGING, Merging

_VERSIONS = ("interlingua", "numpy", "scipy", "scikit-learn", "faiss-cpu", "torch", "transformers")


def audited_index(
    settings: IndexSettings, pool: Pool, state: Snapshot, merging: Merging
) -> AuditedIndex:
    """Describe the index at a commit."""
    names = (*pool.languages, UNKNOWN_LANGUAGE)
    counts = Counter(names[code] for code in pool.language.tolist())  # NOBODY names the last
    return AuditedIndex(
        documents=len(pool),
        languages=dict(sorted(counts.items())),
        encoder=settings.encoder_name,
        fingerprint=settings.fingerprint,
        transform=None if state.debiasing.transform is None else state.debiasing.method,
        merging=None if merging == NO_MERGING else str(merging),
        role=settings.role,
        seq=state.seq,
    )


def audited_queries(
    questions: Questions, evidence: Evidence, names: tuple[str, ...], given: bool
) -> AuditedQueries:
    """Describe who asked; ``given`` tells queries from documents."""
    counts = Counter(names[code] for code in evidence.language.tolist())
    return AuditedQueries(
        source="queries" if given else "documents",
        total=questions.total,
        sampled=len(evidence.language),
        languages=dict(sorted(counts.items())),
        skipped=questions.skipped,
    )


def per_query(
    questions: Questions,
    evidence: Evidence,
    names: tuple[str, ...],
    scores: Mapping[Measure, Scores],
) -> PerQuery:
    """Keep every value before it was averaged."""
    rows = evidence.query.tolist()
    return PerQuery(
        ids=tuple(questions.ids[i] for i in rows),
        languages=tuple(names[code] for code in evidence.language.tolist()),
        clusters=tuple(questions.clusters[i] for i in rows),
        values={
            measure: tuple(None if np.isnan(v) else v for v in found.values.tolist())
            for measure, found in scores.items()
        },
    )


def versions() -> dict[str, str]:
    """Versions of the packages that the numbers hang on; those not installed are left out."""
    found = {}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
