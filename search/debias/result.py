"""The result of an evaluation, as the table, the plot and the command read it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from search.audit.result import Mode
from search.debias.candidates import Candidate
from search.measures.measure import Measurement

SCHEMA = "interlingua.evaluation/1"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One candidate, over all questions."""

    candidate: Candidate
    excess: Measurement
    """excess@10: strangers only."""
    share: Measurement
    """Share of the query's language in the top 10, right answers left in."""
    map: Measurement | None
    """Average precision over the whole pool."""
    own_language: Measurement
    """The guard, see :class:`~search.debias.judge.Judged`."""
    bias_change: Measurement
    """Of excess@10, or of the distance from the target share: below 0 is better."""
    own_change: Measurement
    own_change_by_language: Mapping[str, Measurement]
    excess_by_language: Mapping[str, Measurement]
    passes_guard: bool
    """Whether no language's guard falls by more than the margin."""
    nearer: bool
    """Whether what is left is smaller than what there was: an index that avoids the query's
    language as much as it favoured it before is not less biased."""
    fit_seconds: float
    fit_bytes: int
    """Memory that the fit took at most, beyond the statistics it looks at."""
    bytes: int
    """Size of the transform as it is stored."""
    query_milliseconds: float
    """Exact scoring, merging and measuring of one query over all documents, in this run."""

    @property
    def less_biased(self) -> bool:
        """Whether the bias falls significantly: the interval lies below 0."""
        return self.bias_change.high is not None and self.bias_change.high < 0 and self.nearer

    @property
    def passes(self) -> bool:
        """Whether it may be recommended."""
        return self.less_biased and self.passes_guard


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All candidates of one index."""

    mode: Mode
    documents: int
    queries: int
    seq: int
    """The commit that was evaluated."""
    guard: str
    """``average precision`` in the query's own language, or ``overlap`` of neighbours."""
    margin: float
    """By how much the guard may fall in any language."""
    target_share: float | None
    judgements: tuple[Judgement, ...]
    """The untouched index first."""
    frontier: tuple[int, ...]
    """Judgements that no other beats in bias and meaning at once."""
    chosen: int | None
    """The recommended judgement; None when nothing passes."""


def evaluation_json(found: Evaluation) -> dict[str, Any]:
    """Make the ``interlingua.evaluation/1`` document."""
    chosen = None if found.chosen is None else found.judgements[found.chosen]
    return {
        "schema": SCHEMA,
        "mode": found.mode,
        "documents": found.documents,
        "queries": found.queries,
        "seq": found.seq,
        "guard": {"measure": found.guard, "margin": found.margin},
        "target_share": found.target_share,
        "candidates": [
            _row(judgement, frontier=number in found.frontier)
            for number, judgement in enumerate(found.judgements)
        ],
        "recommended": None if chosen is None else str(chosen.candidate),
    }


def _row(j: Judgement, *, frontier: bool) -> dict[str, Any]:
    return {
        "name": str(j.candidate),
        "method": j.candidate.method,
        "merging": j.candidate.merging.to_json(),
        "excess@10": _measured(j.excess),
        "share@10": _measured(j.share),
        "map": _measured(j.map),
        "own_language": _measured(j.own_language),
        "bias_change": _measured(j.bias_change),
        "own_change": _measured(j.own_change),
        "by_language": {
            lang: {
                "excess@10": _measured(j.excess_by_language.get(lang)),
                "own_change": _measured(change),
            }
            for lang, change in j.own_change_by_language.items()
        },
        "less_biased": j.less_biased,
        "passes_guard": j.passes_guard,
        "frontier": frontier,
        "fit_seconds": round(j.fit_seconds, 3),
        "fit_bytes": j.fit_bytes,
        "bytes": j.bytes,
        "query_milliseconds": round(j.query_milliseconds, 3),
    }


def _measured(m: Measurement | None) -> dict[str, Any] | None:
    return None if m is None else {k: v for k, v in asdict(m).items() if v is not None}
