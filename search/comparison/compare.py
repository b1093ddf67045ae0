"""Two audits compared, measure by measure, on the queries that both asked."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from indexer.errors import UsageError
from search.audit.result import Audit
from search.comparison.correction import adjust
from search.comparison.differing import differing
from search.comparison.paired import Tested, exact, resample_pairs
from search.comparison.pairing import Pairing, pair
from search.comparison.result import (
    Compared,
    Comparison,
    Correction,
    Difference,
    Outcome,
    negligible,
)
from search.measures.catalogue import CATALOGUE
from search.measures.evidence import Floats
from search.measures.measure import Measure, Measurement

REPLICATES = 2000
"""Bootstrap samples, and sign flips: at least so many."""

LEVEL = 0.95

_FINE = 5
"""How many times smaller than needed the smallest p of a corrected test can be."""

UNPAIRED = "compared value to value, without a test: it has no values by query"
ONE_CLUSTER = "no interval and no test: all of it is of one cluster"


def compare(
    a: Audit,
    b: Audit,
    *,
    measures: Iterable[Measure] | None = None,
    correction: Correction = "holm",
    level: float = LEVEL,
    seed: int = 0,
    replicates: int | None = None,
) -> Comparison:
    """Compare audit ``b`` with audit ``a`` on the queries that both have.

    Args:
        a: the audit before, or of the one index.
        b: the audit after, or of the other.
        measures: which; None for all that both have.
        correction: of the p-values of the languages, within each measure.
        level: of the intervals, in (0, 1); a p of at most 1 - level is more than noise.
        seed: of the resampling.
        replicates: bootstrap samples, and sign flips at most; None takes REPLICATES, or more
            where so many languages are corrected for that no p could be small enough.

    Returns:
        The comparison; exchanging ``a`` and ``b`` changes its signs and nothing else.

    Raises:
        UsageError: a measure that is not in both, a level out of range, too few replicates.
        InputError: audits that cannot be paired, see :func:`search.comparison.pairing.pair`.
    """
    _check(level, replicates)
    pairing = pair(a, b)
    replicates = replicates or _enough(len(pairing.languages), level)
    chosen = _choose(a, b, measures)
    kept = [m for m in chosen if m in pairing.a.values and m in pairing.b.values]
    found = resample_pairs(
        [pairing.values(measure) for measure in kept],
        pairing.language,
        pairing.cluster,
        level=level,
        seed=seed,
        replicates=replicates,
    )
    paired = {
        measure: _paired(measure, tested, pairing, correction, 1 - level)
        for measure, tested in zip(kept, found, strict=True)
    }
    return Comparison(
        pairs=len(pairing),
        clusters=pairing.clusters,
        only_a=len(pairing.a.ids) - len(pairing),
        only_b=len(pairing.b.ids) - len(pairing),
        headline_k=b.matrix.k,
        measures={m: paired[m] if m in paired else _unpaired(m, a, b) for m in chosen},
        missing={m: "b" if m in a.overall else "a" for m in sorted({*a.overall} ^ {*b.overall})},
        differing=differing(a, b),
        correction=correction,
        level=level,
        seed=seed,
        replicates=replicates,
        exact=exact(pairing.clusters, replicates),
    )


def _check(level: float, replicates: int | None) -> None:
    if not 0 < level < 1:
        raise UsageError(f"level {level}", "take one between 0 and 1, like 0.95")
    if replicates is not None and replicates < 100:
        raise UsageError(f"{replicates} replicates", "take at least 100")


def _enough(languages: int, level: float) -> int:
    """Replicates with which the p of one of several languages can be small enough."""
    return max(REPLICATES, math.ceil(_FINE * languages / (1 - level)))


def _choose(a: Audit, b: Audit, wanted: Iterable[Measure] | None) -> list[Measure]:
    shared = sorted({*a.overall} & {*b.overall})
    if wanted is None:
        return shared
    chosen = list(dict.fromkeys(wanted))
    for measure in chosen:
        if measure not in shared:
            raise UsageError(
                f"{measure} is not in both audits", f"they share {', '.join(map(str, shared))}"
            )
    return chosen


def _paired(
    measure: Measure, tested: Tested, pairing: Pairing, correction: Correction, alpha: float
) -> Compared:
    size = len(pairing.languages)
    adjusted = np.append(adjust(tested.p[:size], correction), tested.p[size])
    asked = np.bincount(pairing.language, minlength=size)
    asked = np.append(asked, asked.sum())
    rows = [
        _difference(measure, tested, adjusted, int(asked[place]), place, alpha)
        for place in range(size + 1)
    ]
    by_language = dict(zip(pairing.languages, rows[:size], strict=True))
    return Compared(rows[size], by_language, paired=True)


def _difference(
    measure: Measure, tested: Tested, adjusted: Floats, asked: int, place: int, alpha: float
) -> Difference:
    """Make the record of one language, or of their average."""
    n, clusters = int(tested.n[place]), int(tested.clusters[place])
    values = (tested.a, tested.b, tested.b - tested.a, tested.low, tested.high, tested.p, adjusted)
    a, b, difference, low, high, p, p_adjusted = (_or_none(x[place]) for x in values)
    reason = None if p is not None else ONE_CLUSTER if n else "no query has it in both audits"
    return Difference(
        a=a,
        b=b,
        difference=difference,
        low=low,
        high=high,
        p=p,
        p_adjusted=p_adjusted,
        n=n,
        left_out=asked - n,
        clusters=clusters,
        outcome=_outcome(measure, a, difference, p_adjusted, alpha),
        reason=reason,
    )


def _outcome(
    measure: Measure, a: float | None, difference: float | None, p: float | None, alpha: float
) -> Outcome:
    if p is None or difference is None:
        return "untested"
    if p > alpha or negligible(difference, a):
        return "noise"
    known = CATALOGUE.get(measure.name)
    if known is None or known.better == "neither":
        return "changed"
    return "better" if (difference > 0) == (known.better == "higher") else "worse"


def _unpaired(measure: Measure, a: Audit, b: Audit) -> Compared:
    """Compare what has no values by query: value to value."""
    rows_a, rows_b = (
        {lang: row[measure] for lang, row in audit.by_language.items() if measure in row}
        for audit in (a, b)
    )
    languages = sorted(rows_a.keys() & rows_b.keys())
    return Compared(
        _value_to_value(a.overall[measure], b.overall[measure]),
        {lang: _value_to_value(rows_a[lang], rows_b[lang]) for lang in languages},
        paired=False,
    )


def _value_to_value(a: Measurement, b: Measurement) -> Difference:
    undefined: Sequence[str] = [m.reason or "undefined" for m in (a, b) if m.value is None]
    return Difference(
        a=a.value,
        b=b.value,
        difference=None if a.value is None or b.value is None else b.value - a.value,
        low=None,
        high=None,
        p=None,
        p_adjusted=None,
        n=min(a.n, b.n),
        left_out=0,
        clusters=0,
        outcome="untested",
        reason=undefined[0] if undefined else UNPAIRED,
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
