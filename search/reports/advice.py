"""What to do about what an audit found."""

from search.audit.result import Audit
from search.reports.figures import pick
from search.reports.findings import alignment, differs

_TRY_ANOTHER = (
    "Try another encoder, one trained on translations of these languages: where alignment is "
    "missing, taking out bias cannot bring it about."
)
_SUBTRACT = (
    "See what `interlingua debias --evaluate` recommends: it fits every method on one half of "
    "the meanings and judges it on the other"
)

_AWAY = (
    "See whether the vectors were debiased too strongly, or whether the documents answer queries "
    "of other languages by design: neighbours avoid the query's language."
)


def advise(audit: Audit, level: str) -> tuple[str, ...]:
    """Say what to do."""
    advice = []
    state = alignment(audit)
    if level in {"biased", "some"} and audit.mode != "labels":
        # Without groups nobody could see whether topic went with the bias.
        advice.append(_AWAY if _leans_away(audit) else _mend(state))
    elif state == "lost":
        advice.append(_TRY_ANOTHER)
    if level == "unclear":
        advice.append("Ask more queries, of more groups, until the interval lies on one side.")
    if audit.mode == "labels":
        advice.append(
            "Give documents that mean the same one `group`, or queries their `relevant` ids: only "
            "then can bias be told from topic, alignment be measured and debiasing be judged."
        )
    if differs(audit, "truncated"):
        advice.append("Cut long documents into passages that the encoder reads to their end.")
    if differs(audit, "served_recall"):
        advice.append("Search exactly, or more widely, where neighbours get lost.")
    if not advice:
        advice.append("Nothing to mend; keep the JSON of this audit to compare later ones with.")
    return tuple(advice)


def _leans_away(audit: Audit) -> bool:
    measure = pick(audit.overall, "excess", audit.matrix.k)
    return measure is not None and (audit.overall[measure].value or 0) < 0


def _mend(state: str) -> str:
    if state == "lost":
        return _TRY_ANOTHER
    if state == "hidden":
        return f"{_SUBTRACT}: the alignment that language hides can come out."
    return (
        f"{_SUBTRACT}; see that documents in the query's own language are found as well as before."
    )
