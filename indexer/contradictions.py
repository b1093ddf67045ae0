"""Labels that their own text contradicts: Hebrew letters under the label ``en``.

A wrong label looks like language bias, and this kind can be seen without knowing the language.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.corpus import Record
from indexer.script_counts import Counts, codes, counted, most_counted, written_in
from indexer.scripts import count_scripts, scripts_of_language

LEAST_LETTERS = 3
"""Fewer letters than this say nothing: a unit, a brand, initials."""

LEAST_SHARE = 0.1
"""A text with this share of its letters in a script of its label does not contradict it: Hebrew
and Chinese sentences are full of Latin names. Measured in docs/languages.md."""

EXAMPLES = 3
"""Examples kept of each pair of label and script."""

SHOWN = 60
"""Characters of an example's text."""


@dataclass(frozen=True, slots=True)
class Example:
    """One record whose label its script contradicts."""

    place: str
    """``file:line``."""
    text: str
    """Its beginning, at most :data:`SHOWN` characters."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The records of one label that are in one script the language is not written in."""

    lang: str
    """The label, a canonical tag."""
    script: str
    """ISO 15924 code of the script that most letters are in."""
    records: int
    examples: tuple[Example, ...]
    """The first of them, :data:`EXAMPLES` at most."""


class LabelCheck:
    """Counts contradictions while records stream by; memory grows with languages, not records."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], list[Example]] = {}

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """Hand the records on as they come, each one checked."""
        for record in records:
            self.add(record)
            yield record

    def add(self, record: Record) -> None:
        """Check one record; a detected language is no label."""
        document = record.document
        if document.lang_source == "given":
            script = contradicting_script(document.text, document.lang)
            if script is not None:
                self._found(record, script)

    def add_all(self, records: Sequence[Record]) -> list[str]:
        """Check a batch of records, much faster than one by one.

        Returns:
            The script of each text, which is counted for it, see :func:`indexer.scripts.script_of`.
        """
        scripts: list[str] = []
        for part, counts in counted([record.document.text for record in records]):
            here = records[part]
            wrong = _contradicting(counts, [record.document.lang for record in here])
            for record, script in zip(here, wrong, strict=True):
                if script is not None and record.document.lang_source == "given":
                    self._found(record, script)
            scripts.extend(most_counted(counts))
        return scripts

    def _found(self, record: Record, script: str) -> None:
        document = record.document
        pair = (document.lang, script)
        self._counts[pair] += 1
        kept = self._examples.setdefault(pair, [])
        if len(kept) < EXAMPLES:
            kept.append(Example(record.place, document.text[:SHOWN]))

    def found(self) -> tuple[Contradiction, ...]:
        """Return what was found, the most frequent pair first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            Contradiction(*pair, number, tuple(self._examples[pair])) for pair, number in ordered
        )


def contradicting_script(text: str, lang: str) -> str | None:
    """Return the script of a text that its label does not allow.

    Args:
        text: the text.
        lang: its label, a canonical tag.

    Returns:
        ISO 15924 code; None when the label may be right, or nothing can be said: ``und`` and
        private tags, languages whose script CLDR does not know, texts of a few letters.
    """
    allowed = scripts_of_language(lang)
    if not allowed:
        return None
    letters = count_scripts(text)
    total = letters.total()
    own = sum(letters[code] for code in allowed)
    if total < LEAST_LETTERS or own >= LEAST_SHARE * total:
        return None
    return min(letters, key=lambda code: (-letters[code], code))


def contradicting_scripts(texts: Sequence[str], langs: Sequence[str]) -> list[str | None]:
    """Return what :func:`contradicting_script` returns for each text and its label."""
    return [
        script for part, counts in counted(texts) for script in _contradicting(counts, langs[part])
    ]


def _contradicting(counts: Counts, langs: Sequence[str]) -> list[str | None]:
    """Return the script of each text that was counted which its label does not allow."""
    allowed = np.stack([written_in(lang) for lang in langs])
    total, own = counts.sum(axis=1), np.einsum("ij,ij->i", counts, allowed, dtype=np.int64)
    wrong = allowed.any(axis=1) & (total >= LEAST_LETTERS) & (own < LEAST_SHARE * total)
    found: list[str | None] = [None] * len(langs)
    for at in np.flatnonzero(wrong).tolist():
        found[at] = codes()[int(counts[at].argmax())]
    return found
