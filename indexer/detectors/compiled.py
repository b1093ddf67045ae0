"""eldc: n-grams of bytes in compiled C, 60 languages, hundreds of thousands of texts a second."""

import threading
from typing import Any

from indexer.detectors.packages import readable, require
from indexer.languages import Detection, normalise_language
from indexer.records import UNKNOWN_LANGUAGE


class Eldc:
    """The detector of the package ``eldc``; its score is no probability, though in [0, 1]."""

    THRESHOLD = 0.8
    """Below this score a language is ``und``; measured in docs/languages.md."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Make a detector.

        Args:
            threshold: score in [0, 1] below which the language is ``und``.

        Raises:
            UsageError: the package is not installed.
        """
        require("eldc", "eldc")
        self.threshold = threshold
        self._model: Any = None
        self._loading = threading.Lock()

    @property
    def languages(self) -> frozenset[str]:
        """The canonical tags that it can answer."""
        import eldc

        return frozenset(map(normalise_language, eldc.LANGUAGES))

    def detect(self, text: str) -> Detection:
        """Return the canonical language of ``text``, ``und`` below the threshold."""
        found = self._loaded().detect_details(readable(text))
        score = float(found.scores.get(found.language, 0.0))
        sure = score > 0 and score >= self.threshold
        return Detection(normalise_language(found.language) if sure else UNKNOWN_LANGUAGE, score)

    def _loaded(self) -> Any:  # noqa: ANN401 - eldc has no types
        with self._loading:
            if self._model is None:
                import eldc

                eldc.init()
                self._model = eldc.instance()
                self._model.set_scores(1)
        return self._model
