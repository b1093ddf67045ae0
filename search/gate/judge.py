"""Whether an audit is good enough: the limits, one by one, and what they say together."""

from collections.abc import Iterable

from indexer.errors import UsageError
from search.audit.result import Audit
from search.comparison.compare import compare
from search.comparison.result import Comparison, Difference
from search.comparison.words import caveats, differences_of_audits, paired_queries
from search.gate.finding import Finding, Verdict
from search.gate.rules import change_status, value_status
from search.gate.thresholds import Limits, MeasureLimits, Thresholds
from search.measures.measure import Measure, Measurement


def judge(
    audit: Audit, thresholds: Thresholds, baseline: Audit | None = None, *, seed: int = 0
) -> Verdict:
    """Hold an audit against its thresholds.

    Args:
        audit: of the release.
        thresholds: what is asked of it.
        baseline: what changes are measured from; None judges only the absolute limits.
        seed: of the resampling.

    Returns:
        One finding a limit and language.

    Raises:
        UsageError: nothing can be judged, or a change is limited of a measure that has no values
            by query.
        InputError: the audits cannot be paired, see :func:`search.comparison.pairing.pair`.
    """
    comparison = None if baseline is None else _compare(audit, baseline, thresholds, seed)
    judgement = _Judgement(audit, baseline, comparison, thresholds.alpha)
    findings = tuple(f for limits in thresholds.measures for f in judgement.findings(limits))
    if not findings:
        raise UsageError(
            "nothing to judge: all limits are on changes, and there is no baseline",
            "give --baseline, or a max_value or min_value in --thresholds",
        )
    return Verdict(findings, tuple(judgement.notes(thresholds)), thresholds.alpha)


def _compare(audit: Audit, baseline: Audit, thresholds: Thresholds, seed: int) -> Comparison:
    """Compare the measures whose change is limited, where both audits have them."""
    wanted = [
        limits.measure
        for limits in thresholds.measures
        if limits.relative()
        and limits.measure in audit.overall
        and limits.measure in baseline.overall
    ]
    found = compare(
        baseline,
        audit,
        measures=wanted,
        correction=thresholds.correction,
        level=1 - thresholds.alpha,
        seed=seed,
    )
    for measure, compared in found.measures.items():
        if not compared.paired:
            raise UsageError(
                f"{measure} has no values by query, so a change of it cannot be told from noise",
                "limit it with max_value or min_value",
            )
    return found


class _Judgement:
    """One audit before its thresholds."""

    def __init__(
        self, audit: Audit, baseline: Audit | None, comparison: Comparison | None, alpha: float
    ) -> None:
        self._audit, self._baseline = audit, baseline
        self._comparison, self._alpha = comparison, alpha

    def findings(self, limits: MeasureLimits) -> Iterable[Finding]:
        """Judge one measure: the average, then each language."""
        yield from self._judge(limits.measure, None, limits.overall, limits.min_queries)
        for lang in self._languages() if limits.languages else ():
            assert limits.languages is not None
            yield from self._judge(limits.measure, lang, limits.languages, limits.min_queries)

    def notes(self, thresholds: Thresholds) -> Iterable[str]:
        """Say what was not judged, and what else could explain a change."""
        if self._comparison is None:
            skipped = [str(each.measure) for each in thresholds.measures if each.relative()]
            if skipped:
                yield f"without a baseline, changes are not judged: {', '.join(skipped)}"
        else:
            yield f"{paired_queries(self._comparison)} (A the baseline, B this audit)"
            new = self._new_languages()
            if new and any(each.languages for each in thresholds.measures):
                yield f"no change can be judged of languages new in this audit: {', '.join(new)}"
            yield from (f"differs: {line}" for line in differences_of_audits(self._comparison))
            yield from (f"mind: {line}" for line in caveats(self._comparison))
        if self._audit.interrupted:
            yield "this audit was interrupted: it is about the queries asked until then"

    def _languages(self) -> list[str]:
        """List the query languages of both audits: one that is gone must not pass unseen."""
        mine = set(self._audit.queries.languages)
        return sorted(mine | set(self._baseline.queries.languages if self._baseline else ()))

    def _new_languages(self) -> list[str]:
        assert self._baseline is not None
        return sorted(set(self._audit.queries.languages) - set(self._baseline.queries.languages))

    def _judge(
        self, measure: Measure, lang: str | None, limits: Limits, few: int
    ) -> Iterable[Finding]:
        for name, allowed in limits.given().items():
            if name in {"max_value", "min_value"}:
                yield self._value(measure, lang, name, allowed, few)
            elif self._comparison is not None and lang not in self._new_languages():
                yield self._change(measure, lang, name, allowed, few)

    def _value(
        self, measure: Measure, lang: str | None, limit: str, allowed: float, few: int
    ) -> Finding:
        """Judge a value by its interval in the audit."""
        rows = self._audit.overall if lang is None else self._audit.by_language.get(lang, {})
        found = rows.get(measure, _nothing(self._why_absent(measure, self._audit)))
        status, why = value_status(found, limit, allowed, few)
        return Finding(
            status=status,
            measure=measure,
            language=lang,
            limit=limit,
            allowed=allowed,
            before=None,
            now=found.value,
            judged=found.value,
            low=found.low,
            high=found.high,
            p=None,
            n=found.n,
            why=why,
        )

    def _change(
        self, measure: Measure, lang: str | None, limit: str, allowed: float, few: int
    ) -> Finding:
        """Judge a change against the baseline."""
        assert self._comparison is not None
        compared = self._comparison.measures.get(measure)
        found = None
        if compared is not None:
            found = compared.overall if lang is None else compared.by_language.get(lang)
        if found is None:
            found = _no_difference(self._why_uncompared(measure))
        status, why = change_status(found, limit, allowed, few, self._alpha)
        return Finding(
            status=status,
            measure=measure,
            language=lang,
            limit=limit,
            allowed=allowed,
            before=found.a,
            now=found.b,
            judged=found.difference,
            low=found.low,
            high=found.high,
            p=found.p_adjusted,
            n=found.n,
            why=why,
        )

    def _why_uncompared(self, measure: Measure) -> str:
        assert self._baseline is not None
        for audit, name in ((self._audit, "this audit"), (self._baseline, "the baseline")):
            if measure not in audit.overall:
                return f"{name} lacks it: {self._why_absent(measure, audit)}"
        return "no query of this language is in both audits"

    @staticmethod
    def _why_absent(measure: Measure, audit: Audit) -> str:
        for name in (str(measure), measure.name):
            if name in audit.not_measured:
                return f"not measured, it needs {audit.not_measured[name]}"
        others = [str(m) for m in sorted(audit.overall) if m.name == measure.name]
        return f"not measured; there is {', '.join(others)}" if others else "not measured"


def _nothing(reason: str) -> Measurement:
    return Measurement(None, None, None, None, 0, reason)


def _no_difference(reason: str) -> Difference:
    return Difference(None, None, None, None, None, None, None, 0, 0, 0, "untested", reason)
