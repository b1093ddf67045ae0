"""Small audits written by hand, one a mode, and one to turn the knobs of."""

from dataclasses import replace

from search.audit.result import (
    Audit,
    AuditedIndex,
    AuditedQueries,
    AuditNeighbour,
    LabelNoise,
    Matrix,
    Method,
    Mode,
    WorstQuery,
)
from search.measures.measure import Measure, Measurement

EXCESS, MATCHED = Measure("excess", 10), Measure("excess_matched", 10)
SHARE = Measure("same_language", 10)
WEAK, STRONG = Measure("weak_recall", 1), Measure("strong_strict")
NEED = "a `group` that joins documents which mean the same"


def measured(
    value: float | None, half: float = 0.02, chance: float = 0.0, n: int = 400
) -> Measurement:
    """Make a measurement with its interval on both sides."""
    if value is None:
        return Measurement(None, None, None, None, n, "no other share was possible")
    return Measurement(value, chance, value - half, value + half, n)


def small(mode: Mode, excess: float | None = 0.6) -> Audit:
    """Make an audit of English and Hebrew."""
    rows = {"en": 0.5, "he": 0.7}
    overall = {EXCESS: measured(excess), SHARE: measured(0.8, chance=0.5)}
    by_language = {
        lang: {EXCESS: measured(v, n=200), SHARE: measured(0.5 + v / 2, chance=0.5, n=200)}
        for lang, v in rows.items()
    }
    known = mode != "labels"
    if known:
        overall |= {
            Measure("map"): measured(0.3, chance=0.01),
            Measure("gap"): measured(0.6),
            STRONG: measured(0.2, chance=0.005),
            WEAK: measured(0.8, chance=0.005),
            Measure("strong_auc"): measured(0.7, chance=0.5),
        }
        by_language["he"][Measure("map")] = measured(None, n=0)
    near = (
        AuditNeighbour(1, "he2", "he", 0.91, "כלב", False if known else None),
        AuditNeighbour(2, "en1", "en", 0.85, "a cat", True if known else None),
    )
    shares = {"en": {"en": 0.75, "he": 0.25}, "he": {"en": 0.15, "he": 0.85}}
    return Audit(
        mode=mode,
        index=AuditedIndex(200, {"en": 100, "he": 100}, "hashing", "0123456789abcdef", None,
                           "passage", 3),
        queries=AuditedQueries("queries" if mode == "judgements" else "documents", 400, 400,
                               {"en": 200, "he": 200}, {}),
        overall=overall,
        by_language=by_language,
        matrix=Matrix(10, shares, {q: {"en": 0.5, "he": 0.5} for q in shares}),
        anchors={"map_random": 0.01, "map_language_separated": 0.5} if known else {},
        worst=(WorstQuery("he1", "he", "חתול", 9, 10, 5.0, 0.0002, 1 if known else None, near),),
        leave_one_out={"en": {"en": 0.3, "he": 0.02}, "he": {"en": 0.02, "he": None}}
        if known
        else None,
        label_noise=LabelNoise(4, 2, 0.9, {} if excess is None else {EXCESS: (0.55, 0.66)}),
        warnings=("4 documents of unknown language are left out",),
        not_measured={} if known else {"map": NEED, "gap": NEED},
        map2d=None,
        method=Method(None, 0, 1000, (10,), None, "exact", "cpu float32",
                      "2026-01-02T03:04:05+00:00", 1.5, {"numpy": "2"},
                      {"fair": 0.01, "biased": 0.99}),
    )  # fmt: skip


def with_excess(audit: Audit, found: Measurement, matched: Measurement | None = None) -> Audit:
    """Set the measurement that the verdict rests on, every language the same."""
    overall = {**audit.overall, EXCESS: found} | ({MATCHED: matched} if matched else {})
    rows = {lang: {**row, EXCESS: found} for lang, row in audit.by_language.items()}
    return replace(audit, overall=overall, by_language=rows)
