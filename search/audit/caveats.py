"""What a reader of an audit must know before believing it, and what could not be measured."""

from collections.abc import Iterator

import numpy as np

from indexer.nouns import are, counted
from search.audit.pool import Pool
from search.audit.questions import Questions
from search.measures.evidence import Flags

FEW = 30
"""Queries of a language below which its row says little."""

_NEED = "a `group` that joins documents which mean the same, or queries with `relevant` ids"

COVERED = 0.9
"""Share of documents with their meaning in every language from which topics count as matched."""


def warnings_of(pool: Pool, questions: Questions, matched: Flags) -> tuple[str, ...]:
    """List the warnings, the gravest first.

    Args:
        pool: the documents.
        questions: who asked.
        matched: (N,) documents whose meaning exists in every language.
    """
    return (*_about_languages(pool, questions, matched), *_about_documents(pool))


def _about_languages(pool: Pool, questions: Questions, matched: Flags) -> Iterator[str]:
    if (np.diff(pool.starts) > 0).sum() < 2:
        yield (
            "all documents of known language are in one language: no neighbour could be in "
            "another, and the bias measures are undefined"
        )
    if questions.mode == "labels":
        yield (
            "no groups and no judgements: nothing tells a language from the topics its documents "
            "happen to be about, so a high share of the own language may be topic, not bias"
        )
    elif (share := float(matched[: pool.known].mean())) < COVERED:
        alone = "; excess_matched looks at those documents alone" if share else ""
        yield (
            f"only {share:.0%} of the documents have their meaning in every language: languages "
            f"may differ in topic, and their labels are then not exchangeable{alone}"
        )
    asked = np.bincount(questions.language, minlength=len(pool.languages)).tolist()
    few = [f"{pool.languages[code]} {n}" for code, n in enumerate(asked) if 0 < n < FEW]
    if few:
        yield f"fewer than {FEW} queries, read with care: {', '.join(few)}"


def _about_documents(pool: Pool) -> Iterator[str]:
    if pool.wholes is not None:
        held = counted(len(set(pool.wholes)), "document")
        yield (
            f"texts are cut: what is called documents here are {len(pool):,} chunks of {held}; "
            "every chunk of a document that means the same is a right answer"
        )
    unknown = len(pool) - pool.known
    if unknown:
        left = f"{counted(unknown, 'document')} of unknown language {are(unknown)} left out"
        yield f"{left} of every language's share"
    cut = int((pool.tokens_dropped > 0).sum())
    if cut:
        longer = f"{counted(cut, 'document')} {are(cut)} longer than the model takes"
        yield f"{longer}; what is cut off was not seen"


def not_measured(questions: Questions, matched: Flags) -> dict[str, str]:
    """Name what the knowledge at hand does not allow, and what it would take."""
    names = (
        "strong_auc", "strong_strict", "weak_recall@1", "gap", "map", "rank_distance",
        "recall_other_language", "recall_same_language", "own_language_first", "excess_matched",
        "language_variance", "meaning_variance", "interaction_variance",
    )  # fmt: skip
    if questions.mode == "labels":
        return dict.fromkeys(names, _NEED)
    if not matched.any():
        return {"excess_matched": "a meaning that is there in every language; there is none"}
    return {}
