"""A language report in plain words: what was found, against chance, and what follows."""

from collections.abc import Mapping

from indexer.nouns import are, counted
from search.options import Mode
from search.report import LanguageReport

SIGNIFICANT = 0.05
"""Below this p the words say that chance does not explain the neighbours."""

ENOUGH = 3
"""Neighbours below which the words draw no conclusion."""

_SUSPECTS: Mapping[Mode, str] = {
    "dense": "the encoder groups by language",
    "lexical": "they were found by its words",
    "hybrid": "the encoder or the words of the query pulled it up",
}
"""What may draw neighbours into the query's language, by how they were found."""


def explain(report: LanguageReport, lang: str, mode: Mode = "dense") -> str:
    """Say in plain words what a report found, how sure that is, and what it means.

    Args:
        report: the language report of one query.
        lang: the language of the query.
        mode: how the neighbours were found.

    Returns:
        Up to four lines: language, meaning, bias, and what follows.
    """
    if not report.k:
        return "There is no neighbour to report on."
    lines = [_language(report, lang), _meaning(report)]
    if report.reason is not None:
        lines.append(f"Bias: cannot be measured here, since {report.reason}.")
    else:
        lines += [_bias(report, lang), _verdict(report, mode)]
    return "\n".join(lines)


def _language(report: LanguageReport, lang: str) -> str:
    if report.same_language is None:
        return "Language: that of the query is unknown."
    n, unknown = report.same_language, report.unknown_language
    aside = f"; the language of {unknown} is unknown" if unknown else ""
    some = f"{n} of {counted(report.k, 'neighbour')}"
    return f"Language: {some} {are(n)} in {lang}, the query's language{aside}."


def _meaning(report: LanguageReport) -> str:
    n, total = report.same_meaning, report.relevant_total
    if n is None:
        return (
            "Meaning: unknown; neither a group nor judgements say which neighbours mean the same."
        )
    if not total:
        return f"Meaning: no {report.unit} in reach means the same."
    elsewhere = f", {report.meaning_only} in other languages" if report.meaning_only else ""
    same = f"{counted(total, report.unit)} that {'means' if total == 1 else 'mean'} the same"
    return f"Meaning: {n} of the {same} {are(n)} among them{elsewhere}."


def _bias(report: LanguageReport, lang: str) -> str:
    """Hold the count against chance."""
    assert report.expected_same_language is not None
    assert report.excess is not None
    assert report.p_value is not None
    assert report.counted_same_language is not None
    n, same = report.counted, report.counted_same_language
    which = "neighbour" if n == 1 else "neighbours"
    if report.same_meaning is not None:
        which += " that means something else" if n == 1 else " that mean something else"
    return (
        f"Bias: of the {n} {which}, {same} {are(same)} in {lang}, where chance would put "
        f"{report.expected_same_language:.1f} (excess {report.excess:+.2f}, "
        f"{_p(report.p_value)}, n = {n})."
    )


def _verdict(report: LanguageReport, mode: Mode) -> str:
    """Draw the conclusion that the numbers allow, and no other."""
    assert report.p_value is not None
    if report.counted < ENOUGH:
        return "That is too few to conclude anything from this query alone."
    if report.p_value >= SIGNIFICANT:
        return "That is no more than chance: nothing here says that language pulled them up."
    if report.same_meaning is None:
        return (
            "That is more than chance explains: either the answers do lie in that language, or "
            f"{_SUSPECTS[mode]}."
        )
    said = "That is more than chance explains: they share the query's language and not its meaning."
    if mode != "dense":
        return f"{said} Words rarely lead to another language; mode `dense` goes by meaning."
    return f"{said} Where the languages of a corpus cover the same topics, this is language bias."


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"
