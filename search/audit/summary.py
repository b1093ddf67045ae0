"""The few numbers of an audit that a list of audits shows."""

from typing import Any

from search.audit.result import Audit
from search.measures.measure import Measure


def summarise(audit: Audit) -> dict[str, Any]:
    """Pick the headline of an audit, as JSON values."""
    measure = Measure("excess", audit.matrix.k)
    found = audit.overall[measure]
    precision = audit.overall.get(Measure("map"))
    return {
        "mode": audit.mode,
        "documents": audit.index.documents,
        "queries": audit.queries.sampled,
        "languages": len(audit.index.languages),
        "transform": audit.index.transform,
        "encoder": audit.index.encoder,
        "excess": {
            "measure": str(measure),
            "value": found.value,
            "low": found.low,
            "high": found.high,
        },
        "map": None if precision is None else precision.value,
    }
