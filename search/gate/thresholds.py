"""What a gate allows: limits by measure, read from TOML and checked to the letter."""

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, get_args

from indexer.errors import UsageError
from search.comparison.result import Correction
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure

ALPHA = 0.05
MIN_QUERIES = 50
ALLOWED = 0.02
"""Worsening of a headline measure that is allowed when no file says otherwise: a fifth of a
neighbour of ten."""

_HEADLINE = ("strong_auc", "map")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one measure; None where there is none."""

    max_increase: float | None = None
    """How much higher than the baseline it may be."""
    max_decrease: float | None = None
    max_value: float | None = None
    """How high it may be, whatever the baseline."""
    min_value: float | None = None

    def given(self) -> dict[str, float]:
        """List the limits there are, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def relative(self) -> bool:
        """Whether a limit needs a baseline."""
        return self.max_increase is not None or self.max_decrease is not None


@dataclass(frozen=True, slots=True)
class MeasureLimits:
    """What is asked of one measure."""

    measure: Measure
    overall: Limits
    languages: Limits | None
    """Of each query language; None when only the average over them is judged."""
    min_queries: int
    """Fewer are too little data, overall and in a language."""

    def relative(self) -> bool:
        """Whether any of its limits needs a baseline."""
        return self.overall.relative() or (self.languages is not None and self.languages.relative())


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is asked of an audit."""

    measures: tuple[MeasureLimits, ...]
    alpha: float = ALPHA
    correction: Correction = "holm"


def default_thresholds(measured: Collection[Measure], k: int) -> Thresholds:
    """Take the thresholds for when there is no file: no headline measure may get worse by 0.02.

    Args:
        measured: in the audits.
        k: neighbours of the headline measures.
    """
    headline = [Measure("excess", k), *(Measure(name) for name in _HEADLINE)]
    limits = {"lower": Limits(max_increase=ALLOWED), "higher": Limits(max_decrease=ALLOWED)}
    return Thresholds(
        tuple(
            MeasureLimits(measure, limits[CATALOGUE[measure.name].better], None, MIN_QUERIES)
            for measure in headline
            if measure in measured
        )
    )


def parse_thresholds(text: str, place: str, measured: Collection[Measure] = ()) -> Thresholds:
    """Read thresholds.

    Args:
        text: TOML, see docs/gate.md.
        place: named in errors.
        measured: measures that may be limited although the catalogue does not know them.

    Raises:
        UsageError: no TOML, a key or measure that does not exist, a value that cannot be meant.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(
            f"{place}: no TOML: {error}", 'write names with an @ in quotes: [measures."excess@10"]'
        ) from error
    _known_keys(document, ("defaults", "measures"), place)
    defaults = _table(document.get("defaults", {}), f"{place}: defaults")
    _known_keys(defaults, ("alpha", "min_queries", "correction"), f"{place}: defaults")
    correction = defaults.get("correction", "holm")
    if correction not in get_args(Correction):
        raise UsageError(f"{place}: correction = {correction!r}", 'write "holm" or "bh"')
    alpha = _number(defaults.get("alpha", ALPHA), "alpha", f"{place}: defaults")
    if not 0 < alpha < 1:
        raise UsageError(f"{place}: alpha = {alpha}", "take a number between 0 and 1, like 0.05")
    names = {*CATALOGUE, *(measure.name for measure in measured)}
    few = defaults.get("min_queries", MIN_QUERIES)
    found = _table(document.get("measures", {}), f"{place}: measures")
    if not found:
        raise UsageError(f"{place}: no measure is limited", "add a table like [measures.map]")
    return Thresholds(
        tuple(_measure(name, found[name], few, names, place) for name in found), alpha, correction
    )


_LIMITS = tuple(field.name for field in fields(Limits))


def _measure(
    name: str, value: object, few: object, names: Collection[str], place: str
) -> MeasureLimits:
    where = f'{place}: measures."{name}"'
    measure = _name(name, names, where)
    table = _table(value, where)
    _known_keys(table, (*_LIMITS, "by_language", "min_queries"), where)
    by_language = table.get("by_language", False)
    overall = _limits({k: v for k, v in table.items() if k in _LIMITS}, measure, where)
    if isinstance(by_language, bool):
        languages = overall if by_language else None
    else:
        inner = _table(by_language, f"{where}.by_language")
        _known_keys(inner, _LIMITS, f"{where}.by_language")
        languages = _limits(inner, measure, f"{where}.by_language")
    if not overall.given() and not (languages and languages.given()):
        raise UsageError(f"{where} has no limit", f"give one of {', '.join(_LIMITS)}")
    return MeasureLimits(
        measure, overall, languages, _min_queries(table.get("min_queries", few), where)
    )


def _name(name: str, names: Collection[str], where: str) -> Measure:
    """Read the name of a measure that exists, with its number of neighbours if it needs one."""
    measure = Measure.parse(name)
    if measure.name not in names:
        raise UsageError(f"{where}: no such measure", _suggest(measure.name, names))
    known = CATALOGUE.get(measure.name)
    if known is not None and known.at_k != (measure.k is not None):
        right = f"{measure.name}@10" if known.at_k else measure.name
        raise UsageError(f"{where}: no such measure", f"write [measures.{_quoted(right)}]")
    return measure


def _quoted(name: str) -> str:
    return f'"{name}"' if "@" in name else name


def _limits(table: Mapping[str, object], measure: Measure, where: str) -> Limits:
    limits = Limits(**{key: _number(value, key, where) for key, value in table.items()})
    for key in ("max_increase", "max_decrease"):
        value = getattr(limits, key)
        if value is not None and value < 0:
            raise UsageError(f"{where}: {key} = {value}", "write how much is allowed, 0 or more")
    known = CATALOGUE.get(measure.name)
    useless = {"lower": "max_decrease", "higher": "max_increase"}.get(known.better if known else "")
    if useless is not None and useless in table:
        right = "max_increase" if useless == "max_decrease" else "max_decrease"
        better = known.better if known else ""
        raise UsageError(f"{where}: {useless}, but {better} is better", f"write {right}")
    if None not in {limits.min_value, limits.max_value} and _crossed(limits):
        raise UsageError(f"{where}: min_value is above max_value", "exchange them")
    return limits


def _crossed(limits: Limits) -> bool:
    return (limits.min_value or 0.0) > (limits.max_value or 0.0)


def _min_queries(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{where}: min_queries = {value!r}", "write a whole number, 1 or more")
    return value


def _number(value: object, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where}: {key} = {value!r}", "write a number")
    return float(value)


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{where} is no table", "see docs/gate.md for an example")
    return value


def _known_keys(table: Mapping[str, object], known: Collection[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r}", _suggest(key, known))


def _suggest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(sorted(known))}"
