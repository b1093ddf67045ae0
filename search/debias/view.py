"""An index through a method that it does not use, fitted on itself and kept in memory."""

from indexer.index import Snapshot, View
from indexer.transforms import METHODS, NONE, Statistics
from search.debias.apply import debiasing_of
from search.debias.candidates import Candidate
from search.merging import Merging


def fit_view(state: Snapshot, method: str) -> View:
    """Fit a method on all documents of a state and put them through it; the merging stays.

    Args:
        state: the index.
        method: name of a transform, or ``none`` for the vectors as they were encoded.

    Raises:
        UsageError: no such method.
        InputError: too little to fit the method on.
    """
    columns = state.columns()
    statistics = Statistics(state.settings.dim)
    statistics.add(columns.vectors, columns.languages, columns.groups)
    candidate = Candidate(method, Merging.from_json(state.debiasing.merging))
    return state.view(columns, debiasing_of(candidate, statistics, "the index itself"))


def _has_translations(state: Snapshot) -> bool:
    return state.remembered("has translations", state.has_translations)


def what_hinders(state: Snapshot, method: str) -> str | None:
    """Say why a method cannot be fitted on the index itself, None when nothing speaks against it.

    Args:
        state: the index.
        method: name of a transform.
    """
    if method in {NONE, state.debiasing.method}:
        return None
    if len(state.language_counts()) < 2:
        return "it needs documents in two languages"
    if METHODS[method].groups and not _has_translations(state):
        return "it needs groups that join translations"
    return None
