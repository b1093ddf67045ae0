"""What a detector says of a whole corpus: counts, confidence, and how it agrees with the labels."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt

from indexer.contradictions import Contradiction, LabelCheck
from indexer.corpus import Record
from indexer.languages import Detection, Detector
from indexer.records import UNKNOWN_LANGUAGE, Document
from indexer.scripts import script_of

THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The rows of the confidence table."""

_Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Confidence:
    """What a threshold would do to the corpus."""

    threshold: float
    detected: int
    """Records that would get a language, of all."""
    judged: int
    """Those of them that have a label."""
    right: int
    """Those of the judged whose detected language is the label."""


@dataclass(slots=True)
class LanguageCount:
    """What became of one language."""

    given: int = 0
    """Records labelled with it."""
    detected: int = 0
    """Records that the detector gives it, labelled or not."""
    und: int = 0
    """Records labelled with it that the detector leaves without a language."""
    right: int = 0
    """Records labelled with it that the detector gives it."""
    taken_for: dict[str, int] = field(default_factory=dict)
    """Other languages that the detector gives to records labelled with it."""


class Survey:
    """Counts what a detector says while records stream by, whatever their number.

    Args:
        detector: made without a threshold, so that every language it thinks of is seen.
        threshold: score in [0, 1] below which a language counts as ``und``.
    """

    def __init__(self, detector: Detector, threshold: float) -> None:
        self.threshold = threshold
        self.records = 0
        self.scripts: Counter[str] = Counter()
        self._detector = detector
        self._languages: dict[str, LanguageCount] = {}
        self._labels = LabelCheck()
        self._passing = {limit: [0, 0, 0] for limit in sorted({*THRESHOLDS, threshold})}

    def watch(self, records: Iterable[Record]) -> Iterator[int]:
        """Count records, and say after each how many there were.

        Args:
            records: read with the detector of this survey.
        """
        for record in records:
            self.add(record)
            yield self.records

    def add(self, record: Record) -> None:
        """Count one record."""
        document = record.document
        said = self._said(document)
        label = document.lang if document.lang_source == "given" else UNKNOWN_LANGUAGE
        self.records += 1
        self.scripts[script_of(document.text)] += 1
        self._labels.add(record)
        self._count_confidence(said, label)
        sure = said.lang if said.probability >= self.threshold else UNKNOWN_LANGUAGE
        self._count_language(sure, label)

    @property
    def labelled(self) -> int:
        """Records with a label that names a language."""
        return sum(count.given for count in self._languages.values())

    def languages(self) -> dict[str, LanguageCount]:
        """Return the counts by language, the most frequent first; ``und`` is what got none."""
        ordered = sorted(
            self._languages.items(), key=lambda item: (-item[1].detected, -item[1].given, item[0])
        )
        return dict(ordered)

    def confidence(self) -> list[Confidence]:
        """Return the confidence table; the detector's own threshold is among its rows."""
        return [Confidence(limit, *counts) for limit, counts in self._passing.items()]

    def contradictions(self) -> tuple[Contradiction, ...]:
        """Return the labels that the script of their text contradicts."""
        return self._labels.found()

    def _said(self, document: Document) -> Detection:
        """Return what the detector says; a record without a label has been asked already."""
        if document.lang_source == "detected" and document.lang_probability is not None:
            return Detection(document.lang, document.lang_probability)
        return self._detector.detect(document.text)

    def _count_confidence(self, said: Detection, label: str) -> None:
        if said.lang == UNKNOWN_LANGUAGE:
            return
        for limit, counts in self._passing.items():
            if said.probability >= limit:
                counts[0] += 1
                counts[1] += label != UNKNOWN_LANGUAGE
                counts[2] += said.lang == label

    def _count_language(self, said: str, label: str) -> None:
        self._languages.setdefault(said, LanguageCount()).detected += 1
        if label == UNKNOWN_LANGUAGE:
            return
        count = self._languages.setdefault(label, LanguageCount())
        count.given += 1
        if said == UNKNOWN_LANGUAGE:
            count.und += 1
        elif said == label:
            count.right += 1
        else:
            count.taken_for[said] = count.taken_for.get(said, 0) + 1


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (1927), as fractions.

    Args:
        hits: how many of the n.
        n: at least 1.
    """
    share, z2 = hits / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
