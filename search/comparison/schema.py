"""A comparison as the public JSON document ``interlingua.compare/1``."""

from dataclasses import asdict
from typing import Any

from search.comparison.result import Compared, Comparison
from search.comparison.words import sentence
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure

SCHEMA = "interlingua.compare/1"


def comparison_json(comparison: Comparison, a: str, b: str) -> dict[str, Any]:
    """Turn a comparison into JSON values: measures by name, undefined is null.

    Args:
        comparison: of audit A and audit B.
        a: what the first audit is called.
        b: what the second is called.
    """
    plain = ("pairs", "clusters", "only_a", "only_b", "correction", "level", "seed", "replicates")
    return {
        "schema": SCHEMA,
        "a": a,
        "b": b,
        **{name: getattr(comparison, name) for name in plain},
        "exact": comparison.exact,
        "differing": [asdict(each) for each in comparison.differing],
        "missing": {str(m): which for m, which in comparison.missing.items()},
        "measures": {
            str(measure): _compared(measure, found, comparison.level)
            for measure, found in comparison.measures.items()
        },
    }


def _compared(measure: Measure, found: Compared, level: float) -> dict[str, Any]:
    known = CATALOGUE.get(measure.name)
    return {
        "better": None if known is None else known.better,
        "paired": found.paired,
        "sentence": sentence(measure, found.overall, level),
        "overall": asdict(found.overall),
        "by_language": {lang: asdict(row) for lang, row in found.by_language.items()},
    }
