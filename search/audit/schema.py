"""An audit as the public JSON document ``interlingua.audit/1``, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from indexer.errors import InputError, InterlinguaError
from search.audit.result import (
    Audit,
    AuditedIndex,
    AuditedQueries,
    AuditNeighbour,
    LabelNoise,
    MapPoint,
    Matrix,
    Method,
    PerQuery,
    VectorMap,
    WorstQuery,
)
from search.measures.measure import Measure, Measurement, Measurements

SCHEMA = "interlingua.audit/1"

_DIGITS = 7
"""Significant digits of a value of one query: more than float32 holds."""


def audit_json(audit: Audit) -> dict[str, Any]:
    """Turn an audit into JSON values: measures by name, no NaN, undefined is null."""
    noise = audit.label_noise
    return {
        "schema": SCHEMA,
        "mode": audit.mode,
        "index": asdict(audit.index),
        "queries": asdict(audit.queries),
        "overall": _measurements(audit.overall),
        "by_language": {lang: _measurements(m) for lang, m in audit.by_language.items()},
        "matrix": asdict(audit.matrix),
        "anchors": dict(audit.anchors),
        "worst": [asdict(query) for query in audit.worst],
        "leave_one_out": audit.leave_one_out,
        "label_noise": {
            **{f.name: getattr(noise, f.name) for f in fields(noise)},
            "bounds": {str(m): list(pair) for m, pair in noise.bounds.items()},
        },
        "warnings": list(audit.warnings),
        "not_measured": dict(audit.not_measured),
        "map2d": None if audit.map2d is None else asdict(audit.map2d),
        "method": asdict(audit.method),
        "interrupted": audit.interrupted,
        "per_query": None if audit.per_query is None else _per_query(audit.per_query),
    }


def read_audit(path: Path) -> Audit:
    """Read an audit that ``interlingua audit --json`` wrote.

    Raises:
        InputError: the file cannot be read, or is no such document.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", "name an audit in JSON") from error
    return parse_audit(text, str(path))


def parse_audit(text: str, place: str) -> Audit:
    """Make an audit out of its JSON text; ``place`` is named in errors.

    Raises:
        InputError: it is no JSON document of the schema ``interlingua.audit/1``.
    """
    remedy = "write it with `interlingua audit --json`"
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: no JSON: {error}", remedy) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise InputError(f"{place}: its schema is {schema!r}, not {SCHEMA!r}", remedy)
    try:
        return _audit(document)
    except (KeyError, TypeError, ValueError, AttributeError, InterlinguaError) as error:
        raise InputError(f"{place}: no whole audit: {error!r}", remedy) from error


def _measurements(measurements: Measurements) -> dict[str, Any]:
    return {
        str(measure): {key: v for key, v in asdict(m).items() if key != "reason" or v is not None}
        for measure, m in measurements.items()
    }


def _per_query(found: PerQuery) -> dict[str, Any]:
    return {
        "ids": list(found.ids),
        "languages": list(found.languages),
        "clusters": list(found.clusters),
        "values": {
            str(measure): [None if v is None else float(f"{v:.{_DIGITS}g}") for v in values]
            for measure, values in found.values.items()
        },
    }


def _audit(document: Mapping[str, Any]) -> Audit:
    noise, map2d, per_query = (document[key] for key in ("label_noise", "map2d", "per_query"))
    return Audit(
        mode=document["mode"],
        index=AuditedIndex(**document["index"]),
        queries=AuditedQueries(**document["queries"]),
        overall=_parse_measurements(document["overall"]),
        by_language={lang: _parse_measurements(m) for lang, m in document["by_language"].items()},
        matrix=Matrix(**document["matrix"]),
        anchors=document["anchors"],
        worst=tuple(_parse_worst(query) for query in document["worst"]),
        leave_one_out=document["leave_one_out"],
        label_noise=LabelNoise(
            uncertain_documents=noise["uncertain_documents"],
            uncertain_queries=noise["uncertain_queries"],
            threshold=noise["threshold"],
            bounds={Measure.parse(m): (low, high) for m, (low, high) in noise["bounds"].items()},
        ),
        warnings=tuple(document["warnings"]),
        not_measured=document["not_measured"],
        map2d=None if map2d is None else _parse_map(map2d),
        method=Method(**{**document["method"], "ks": tuple(document["method"]["ks"])}),
        interrupted=document["interrupted"],
        per_query=None if per_query is None else _parse_per_query(per_query),
    )


def _parse_measurements(found: Mapping[str, Any]) -> Measurements:
    return {Measure.parse(name): Measurement(**values) for name, values in found.items()}


def _parse_worst(query: Mapping[str, Any]) -> WorstQuery:
    neighbours = tuple(AuditNeighbour(**each) for each in query["neighbours"])
    return WorstQuery(**{**query, "neighbours": neighbours})


def _parse_map(found: Mapping[str, Any]) -> VectorMap:
    x, y = found["explained"]
    points = tuple(MapPoint(**point) for point in found["points"])
    return VectorMap(method=found["method"], explained=(x, y), points=points)


def _parse_per_query(found: Mapping[str, Any]) -> PerQuery:
    return PerQuery(
        ids=tuple(found["ids"]),
        languages=tuple(found["languages"]),
        clusters=tuple(found["clusters"]),
        values={Measure.parse(m): tuple(values) for m, values in found["values"].items()},
    )
