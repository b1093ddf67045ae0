"""The language report of one query: how many neighbours share its language, how many its meaning.

The query itself is no neighbour. The counts are out of all hits. The bias measures
(``expected_same_language``, ``excess``, ``p_value``) are about fewer, the ``counted``: they leave
out the query's own meaning and its very text, since finding those is no accident of language, and
documents of unknown language, which can neither share it nor not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer.records import UNKNOWN_LANGUAGE
from search.statistics import excess, hypergeometric_tail

Unit = Literal["document", "chunk"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What the report needs to know of one hit."""

    lang: str
    same_meaning: bool | None
    """None when neither a group nor judgements say."""
    duplicate: bool
    """Whether its text is the query's text, letter by letter."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The documents a search could have returned, counted by language."""

    languages: Mapping[str, int]
    """All of them, the query itself already taken out."""
    own: Mapping[str, int]
    """Those that mean the same as the query or have its very text."""
    relevant: int | None
    """How many mean the same; None when unknown."""


@dataclass(frozen=True, slots=True)
class LanguageReport:
    """Counts out of ``k`` neighbours; None where something is undefined, never 0."""

    k: int
    """Neighbours."""
    same_language: int | None
    same_meaning: int | None
    language_only: int | None
    """Share the language and not the meaning: the bias."""
    meaning_only: int | None
    """Share the meaning and not the language: the cross-lingual success."""
    both: int | None
    neither: int | None
    expected_same_language: float | None
    """By chance, out of ``counted``, not ``k``: hold it against ``counted_same_language``."""
    excess: float | None
    """Normalised excess over chance: 0 chance, 1 as biased as possible."""
    p_value: float | None
    """Hypergeometric P[at least ``counted_same_language``] if language played no part."""
    relevant_total: int | None
    """Those in reach that mean the same, in the unit of the neighbours: of each document all its
    chunks, where chunks are found."""
    counted: int
    """Neighbours the bias measures are about."""
    counted_same_language: int | None
    duplicates: int
    """Neighbours with the query's very text."""
    unknown_language: int
    """Neighbours whose language is unknown; in the four-way table they do not share it."""
    reason: str | None = None
    """Why ``excess`` is None."""
    unit: Unit = "document"
    """What is counted."""


def language_report(
    lang: str, neighbours: Sequence[Neighbour], pool: Pool, unit: Unit = "document"
) -> LanguageReport:
    """Report on the neighbours of one query.

    Args:
        lang: the query's language, ``und`` when unknown.
        neighbours: the hits, nearest first, the query itself left out.
        pool: what the search could have returned.
        unit: what the neighbours and the pool are.

    Returns:
        The report; its four-way table adds up to ``k`` wherever it is defined.
    """
    known, meaning = lang != UNKNOWN_LANGUAGE, pool.relevant is not None
    table = _cross(neighbours, lang) if known and meaning else None
    counted = [n for n in neighbours if _counts(n)]
    hits = sum(n.lang == lang for n in counted)
    free = {
        code: n - pool.own.get(code, 0)
        for code, n in pool.languages.items()
        if code != UNKNOWN_LANGUAGE
    }
    draw = (hits, len(counted), free.get(lang, 0), sum(free.values()))
    measured = known and bool(counted)
    return LanguageReport(
        k=len(neighbours),
        same_language=sum(n.lang == lang for n in neighbours) if known else None,
        same_meaning=sum(bool(n.same_meaning) for n in neighbours) if meaning else None,
        language_only=table[True, False] if table else None,
        meaning_only=table[False, True] if table else None,
        both=table[True, True] if table else None,
        neither=table[False, False] if table else None,
        expected_same_language=len(counted) * draw[2] / draw[3] if measured else None,
        excess=excess(*draw) if measured else None,
        p_value=hypergeometric_tail(*draw) if measured else None,
        relevant_total=pool.relevant,
        counted=len(counted),
        counted_same_language=hits if known else None,
        duplicates=sum(n.duplicate for n in neighbours),
        unknown_language=sum(n.lang == UNKNOWN_LANGUAGE for n in neighbours),
        reason=_undefined(known, len(counted), draw[2], draw[3]),
        unit=unit,
    )


def _counts(neighbour: Neighbour) -> bool:
    """Whether a neighbour can tell language preference from anything else."""
    own = neighbour.same_meaning or neighbour.duplicate
    return not own and neighbour.lang != UNKNOWN_LANGUAGE


def _cross(neighbours: Sequence[Neighbour], lang: str) -> dict[tuple[bool, bool], int]:
    """Count neighbours by (shares the language, shares the meaning)."""
    table = {(a, b): 0 for a in (True, False) for b in (True, False)}
    for n in neighbours:
        table[n.lang == lang, bool(n.same_meaning)] += 1
    return table


def _undefined(known: bool, counted: int, same: int, total: int) -> str | None:
    """Say why ``excess`` has no value, or None when it has one."""
    if not known:
        return "the language of the query is unknown"
    if not counted:
        return "no neighbour is left to count"
    if same == 0:
        return "no document left in reach is in the language of the query"
    if same == total:
        return "every document left in reach is in the language of the query"
    if counted == total:
        return "every document in reach was returned, so no other share was possible"
    return None
